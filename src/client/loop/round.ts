import { SyncError } from '../../shared/error.ts';
import type { SyncKind } from '../engine-api.ts';
import type { LocalStore } from '../local-store.ts';
import { shakeHands } from './handshake.ts';
import { nextStep } from './next-step.ts';
import { pullChain } from './pull.ts';
import { pushAll } from './push.ts';
import { change, type RoundContext, showProgress } from './round-context.ts';
import { isBehind } from './status.ts';

/** Most times a round goes back and forth; what is left then is the next round's. */
const MAX_PASSES = 16;
/** Rows in one seeded mutation: small enough to share a request with others, large enough to be few. */
const SEED_ROWS = 500;

const directions: Readonly<Record<SyncKind, { readonly pushes: boolean; readonly pulls: boolean }>> = {
  sync: { pushes: true, pulls: true },
  push: { pushes: true, pulls: false },
  pull: { pushes: false, pulls: true },
  seed: { pushes: true, pulls: true },
  hydrate: { pushes: false, pulls: true },
};

/**
 * Push, then pull, until both sides have nothing for each other. Throws the SyncError it failed with. When the cursor is
 * of no use any more it starts over, once; when a request was refused as somebody else's, it goes on once the owner is known to be there.
 */
export async function runRound(context: RoundContext): Promise<void> {
  try {
    await exchange(context);
  } catch (thrown) {
    const error = SyncError.from(thrown, 'storage', 'The round failed');
    if (context.signal.aborted) throw error;
    if (nextStep(error).startsOver) await startOver(context, error);
    else if (error.kind === 'forbidden' && context.line.session) context.line.forget();
    else throw error;
    await exchange(context);
  }
}

async function exchange(context: RoundContext): Promise<void> {
  const { plan } = context;
  await shakeHands(context);
  if (plan.kind === 'seed') await seed(context);
  const { pushes } = directions[plan.kind];
  let { pulls } = directions[plan.kind];
  let mustPull = pulls && plan.pulls;
  if (plan.kind === 'hydrate') {
    await pullChain(context, plan.tables);
    mustPull = false;
  }
  // After a change of history, what was written on top of the old one goes up only once the new one is here.
  if (pushes && hasLostItsPlace(context.options.store)) {
    await pullOn(context);
    mustPull = false;
  }
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const hasPushedAll = !pushes || (await pushAll(context));
    // A pull that brings nothing further is not repeated, whatever the server says of its head.
    if ((mustPull || (pulls && isWaitedFor(context))) && !(await pullOn(context))) pulls = false;
    mustPull = false;
    await context.answers.ask(context.signal);
    const { leftOut } = context.report;
    // What was left out still counts as sendable.
    const mayPush = leftOut.size > 0 ? !hasPushedAll : pushes && context.options.store.counts().hasSendable;
    const hasMore = mayPush || (pulls && isWaitedFor(context));
    if (!hasMore) break;
  }
  // The others have gone; these are tried again after a while.
  const [leftOut] = context.report.leftOut.values();
  if (leftOut) throw leftOut;
}

/** Pulls; tells whether the cursor has moved. */
async function pullOn(context: RoundContext): Promise<boolean> {
  const before = context.options.store.cursor;
  await pullChain(context);
  const after = context.options.store.cursor;
  return before?.epoch !== after?.epoch || before?.seq !== after?.seq;
}

/** Whether something waits on the server that nobody else brings. */
function isWaitedFor({ options, line, plan, isLive }: RoundContext): boolean {
  if (plan.trigger !== 'manual' && isLive()) return false;
  return isBehind({ seq: options.store.cursor?.seq ?? null, head: line.head });
}

/** A device that has been in sync before and has no cursor: it was reset, and its rows are of another history. */
export function hasLostItsPlace(store: Pick<LocalStore, 'cursor' | 'hasSynced'>): boolean {
  return store.cursor === null && store.hasSynced;
}

async function startOver(context: RoundContext, error: SyncError): Promise<void> {
  context.line.startOver();
  await change(context, (store) => {
    store.dropStagedChain();
    store.resetCursor();
  });
  context.publisher.event({ type: 'resync', reason: error.message });
  context.publisher.stateChanged();
}

async function seed(context: RoundContext): Promise<void> {
  const { options, plan } = context;
  const { rowCount } = await change(context, (store) =>
    store.seed(plan.tables, { now: options.runtime.now(), rowsEach: SEED_ROWS }),
  );
  showProgress(context, { step: 'seed', done: rowCount, total: rowCount });
}
