import { LIMITS } from '../../protocol/limits.ts';
import type { Outcome } from '../../protocol/messages/push.ts';
import type { SyncError } from '../../shared/error.ts';
import type { OutgoingPush } from '../local-store.ts';
import { abortable, throwIfAborted } from './abortable.ts';
import { apartFrom } from './left-out.ts';
import { nextStep } from './next-step.ts';
import { giveBack, pushRequest, settle } from './push-request.ts';
import type { RoundContext } from './round-context.ts';

/** How many others are tried before the server is taken to be at fault. */
const MAX_WITNESSES = 4;

/**
 * The mutations of a failed request wait again; when one of them is at fault, it is found, and parked or left out for the
 * rest of the round. Throws unless the round can go on at once.
 */
export async function pushFailed(context: RoundContext, batch: OutgoingPush, error: SyncError): Promise<void> {
  const { pushMemory, signal } = context;
  if (signal.aborted) {
    giveBack(context, batch).catch(() => {});
    throw error;
  }
  const reaction = nextStep(error).push;
  const count = batch.mutations.length;
  const suspect = batch.part?.mutationId ?? (count === 1 ? batch.mutations[0]?.mutationId : undefined);
  if (suspect !== undefined && reaction === 'isolate' && (await takesOthers(context))) {
    return park(context, suspect, error);
  }
  if (suspect !== undefined && isStumble(error)) return stumbled(context, { batch, suspect, error });
  await abortable(giveBack(context, batch), signal);
  if (reaction !== 'keep' && count > 1) pushMemory.halve(count);
  const mayBeOneOfThem = count > 1 && (reaction === 'isolate' || (isStumble(error) && (await takesOthers(context))));
  if (!mayBeOneOfThem) throw error;
}

/**
 * Whether it may be this very request over which the server failed, or at which a firewall before it took offence: with a page
 * of its own under any status, 200 too. A gateway that has no server behind it, and a server in want of something, are not well at all.
 */
function isStumble({ kind, details }: SyncError): boolean {
  if (kind !== 'server') return false;
  const { status } = details;
  return typeof status !== 'number' || status === 500 || (status < 500 && !PASSING.has(status));
}

/** Too slow, and too early. */
const PASSING: ReadonlySet<number> = new Set([408, 425]);

/**
 * The server failed over a single mutation. Where it is well otherwise, that one is left out, so that the others need not
 * wait for it; and parked once that has happened often enough.
 */
async function stumbled(
  context: RoundContext,
  { batch, suspect, error }: { batch: OutgoingPush; suspect: number; error: SyncError },
): Promise<void> {
  const { pushMemory, report, signal } = context;
  pushMemory.strike(suspect);
  const isWell = pushMemory.isWellBut(suspect) || (await takesAnother(context, suspect));
  if (isWell && pushMemory.isToBlame(suspect)) {
    pushMemory.acquit(suspect);
    return park(context, suspect, error);
  }
  await abortable(giveBack(context, batch), signal);
  if (!isWell) throw error;
  report.leftOut.set(suspect, error);
}

/** Whether the server takes a push without the suspected mutation: if not, the mutation is not what is wrong. */
async function takesOthers(context: RoundContext): Promise<boolean> {
  try {
    await context.line.push(pushRequest(context, {}), context.signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether the server takes another mutation instead. A server that fails at every write is not well; then nobody is to
 * blame, and all of them wait.
 */
async function takesAnother(context: RoundContext, suspect: number): Promise<boolean> {
  const { options, line, signal } = context;
  const taken = options.exclusive(() => {
    options.store.unsend([suspect]);
    const batch = options.store.nextPush(LIMITS.maxRequestBytes);
    if (batch) options.store.unsend(batch.mutationIds);
    const leftOut = new Map([...context.report.leftOut.keys(), suspect].map((id) => [id, true]));
    const others = batch ? apartFrom(batch.mutations, leftOut).slice(0, MAX_WITNESSES) : [];
    return { clientId: batch?.clientId, others };
  });
  const { clientId, others } = await abortable(taken, signal);
  for (const mutation of others) {
    try {
      const response = await line.push(
        pushRequest(context, { ...(clientId ? { clientId } : {}), mutations: [mutation] }),
        signal,
      );
      await settle(context, response);
      context.pushMemory.took();
      return true;
    } catch {
      throwIfAborted(signal);
    }
  }
  return false;
}

/** Gives a mutation that the server cannot take the outcome it will never get from there. */
function park(context: RoundContext, mutationId: number, error: SyncError): Promise<void> {
  const { line } = context;
  const reason = { code: error.kind, message: error.message };
  const outcome: Outcome = { mutationId, outcome: 'rejected', seq: null, conflicts: [], reason };
  return settle(context, { epoch: line.session?.epoch ?? '', outcomes: [outcome], head: line.head ?? 0 });
}
