import { LIMITS } from '../../protocol/limits.ts';
import type { Outcome } from '../../protocol/messages/push.ts';
import type { SyncError } from '../../shared/error.ts';
import type { OutgoingPush } from '../local-store.ts';
import { abortable, throwIfAborted } from './abortable.ts';
import { nextStep, type PushReaction } from './next-step.ts';
import { giveBack, pushRequest, settle } from './push-request.ts';
import type { RoundContext } from './round-context.ts';
import { witnesses } from './witnesses.ts';

/**
 * The mutations of a failed request wait again; when one of them is at fault, it is found and parked. Throws unless the
 * round can go on at once.
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
  if (suspect !== undefined && (await isAtFault(context, { suspect, error, reaction }))) {
    return park(context, suspect, error);
  }
  await abortable(giveBack(context, batch), signal);
  if (reaction !== 'keep' && count > 1) pushMemory.halve(count);
  if (reaction !== 'isolate' || count <= 1) throw error;
}

/** Blames a mutation only where the server is well without it. */
async function isAtFault(
  context: RoundContext,
  { suspect, error, reaction }: { suspect: number; error: SyncError; reaction: PushReaction },
): Promise<boolean> {
  if (reaction === 'isolate') return takesOthers(context);
  return error.kind === 'server' && context.pushMemory.strike(suspect) && (await takesAnother(context, suspect));
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
    return { clientId: batch?.clientId, others: batch ? witnesses(batch.mutations) : [] };
  });
  const { clientId, others } = await abortable(taken, signal);
  for (const mutation of others) {
    try {
      const response = await line.push(
        pushRequest(context, { ...(clientId ? { clientId } : {}), mutations: [mutation] }),
        signal,
      );
      await settle(context, response);
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
