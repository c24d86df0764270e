import type { PullPage, PullRequest } from '../../protocol/messages/pull.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalStore } from '../local-store.ts';
import type { SyncProgress } from '../types.ts';
import { ChainWatch } from './chain-watch.ts';
import { epochChanged, ownerOf } from './handshake.ts';
import { change, type RoundContext, showProgress } from './round-context.ts';

/**
 * Pulls one chain to its end and applies it. A chain that was cut goes on where it was; `snapshotTables` are fetched by a
 * chain of their own, after that.
 */
export async function pullChain(context: RoundContext, snapshotTables: readonly string[] = []): Promise<void> {
  const { report, publisher } = context;
  report.isPulling = true;
  publisher.stateChanged();
  try {
    const wasCut = await finishChain(context, snapshotTables);
    if (wasCut && snapshotTables.length > 0) await finishChain(context, snapshotTables);
    context.onPulled();
  } finally {
    report.isPulling = false;
    report.progress = null;
    publisher.stateChanged();
  }
}

/** Whether it went on with a chain that had been cut. */
async function finishChain(context: RoundContext, snapshotTables: readonly string[]): Promise<boolean> {
  // In the queue behind the frames of the channel that are being applied: from here on the cursor holds still.
  const start = await change(context, (store) => ({
    cursor: store.cursor,
    scopes: [...store.scopes],
    leftOut: leftOutBy(store),
    resume: store.stagedChain()?.resume ?? null,
    epoch: context.line.epoch,
    unanswered: unansweredIn(context, store),
  }));
  const wasCut = start.resume !== null;
  try {
    await followChain(context, start, wasCut ? [] : snapshotTables);
    return wasCut;
  } catch (thrown) {
    const error = SyncError.from(thrown, 'server', 'The pull failed');
    const isBegun = context.options.store.stagedChain() !== null;
    if (context.signal.aborted || !isBegun || !isRefusal(error)) throw error;
    // The server does not know how to go on with it (the log or the access has changed): the chain begins anew.
    await change(context, (store) => store.dropStagedChain());
    await followChain(context, { ...start, resume: null }, snapshotTables);
    return false;
  }
}

interface ChainStart {
  /** The history that the chain is expected to be of. */
  readonly epoch: string | null;
  /** This device pushes nothing while it pulls a chain; a copy of its database may. */
  readonly unanswered: Pick<PullRequest, 'unanswered'>;
  readonly cursor: { epoch: string; seq: number } | null;
  readonly scopes: string[];
  readonly leftOut: Pick<PullRequest, 'without' | 'lacks'>;
  readonly resume: string | null;
}

/** Nothing for who leaves nothing out. */
function leftOutBy({ without, lacks }: LocalStore): Pick<PullRequest, 'without' | 'lacks'> {
  if (without.length === 0 && lacks.length === 0) return {};
  return { without: [...without], lacks: [...lacks] };
}

function unansweredIn({ line }: RoundContext, store: LocalStore): Pick<PullRequest, 'unanswered'> {
  const unanswered = line.epoch === null ? [] : store.unanswered(line.epoch);
  return unanswered.length > 0 ? { unanswered } : {};
}

async function followChain(context: RoundContext, start: ChainStart, snapshotTables: readonly string[]): Promise<void> {
  const { line, signal } = context;
  const watch = new ChainWatch();
  for (let resume = start.resume; ; ) {
    const page = await line.pull(requestOf(context, { ...start, resume }, snapshotTables), signal);
    // Of the history that is gone we know which mutations have an answer; of this one we do not.
    if (start.epoch !== null && page.epoch !== start.epoch) throw epochChanged(start.epoch, page.epoch);
    showProgress(context, progressOf(context, page));
    if (page.resume === null) {
      await applyLast(context, page);
      return;
    }
    watch.check(page, resume);
    await change(context, (store) => store.stagePage(page));
    resume = page.resume;
  }
}

function requestOf(
  { options }: RoundContext,
  { cursor, scopes, leftOut, resume, unanswered }: ChainStart,
  snapshotTables: readonly string[],
): PullRequest {
  const { clientId } = options.store;
  const wantsTables = resume === null && snapshotTables.length > 0;
  return {
    clientId,
    schemaVersion: options.schema.version,
    cursor,
    scopes,
    resume,
    ...leftOut,
    ...unanswered,
    ...ownerOf(options.store),
    ...(wantsTables ? { snapshotTables: [...snapshotTables] } : {}),
  };
}

function applyLast(context: RoundContext, page: PullPage): Promise<unknown> {
  const { options, publisher, report } = context;
  return change(
    context,
    (store) => store.applyChain(page, options.runtime.now()),
    (result) => {
      report.pulledChangeCount += result.changeCount;
      publisher.applied(result, page.cursor?.seq ?? page.head);
    },
  );
}

function progressOf({ report }: RoundContext, { progress }: PullPage): SyncProgress {
  const { rowsDone, rowsTotal } = progress;
  if (rowsTotal > 0) return { step: 'snapshot', done: rowsDone, total: Math.max(rowsDone, rowsTotal) };
  return { step: 'pull', done: report.pulledChangeCount, total: null };
}

/** Whether the answer is about the request itself, and the same request would get the same answer. */
function isRefusal({ kind }: SyncError): boolean {
  const passing = ['network', 'server', 'timeout', 'interrupted', 'aborted', 'rate-limited', 'needs-auth', 'closed'];
  return ![...passing, 'forbidden', 'version', 'storage', 'quota', 'epoch'].includes(kind);
}
