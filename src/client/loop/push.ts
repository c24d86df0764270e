import type { Outcome, PushRequest, PushResponse } from '../../protocol/messages/push.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalStore, OutgoingPush } from '../local-store.ts';
import { abortable, pause, throwIfAborted } from './abortable.ts';
import { type PushReaction, nextStep } from './next-step.ts';
import { witnesses } from './push-suspect.ts';
import { type RoundContext, showProgress } from './round-context.ts';

/** Most small requests in one go before the round looks at the other direction. */
const MAX_SMALL_PUSHES = 8;

/** Sends what the outbox has, request by request, until nothing more can go. */
export async function pushAll(context: RoundContext): Promise<void> {
  const { report, publisher, options } = context;
  report.isPushing = true;
  publisher.stateChanged();
  const total = options.store.counts().pendingCount;
  const before = report.pushedCount;
  try {
    for (let small = 0; small < MAX_SMALL_PUSHES; ) {
      const batch = await nextBatch(context);
      if (!batch) return;
      const isSmall = await sendBatch(context, batch);
      showProgress(context, { step: 'push', done: report.pushedCount - before, total });
      if (!isSmall) continue;
      small += 1;
      await waitForMore(context);
    }
  } finally {
    report.isPushing = false;
    report.progress = null;
    publisher.stateChanged();
  }
}

/** The next request, cut down to as many mutations as may go at once. */
async function nextBatch(context: RoundContext): Promise<OutgoingPush | null> {
  const { options, line, signal, pushMemory } = context;
  const maxBytes = Math.min(LIMITS.maxRequestBytes, line.session?.limits.maxRequestBytes ?? LIMITS.maxRequestBytes);
  const taken = options.exclusive(() => {
    throwIfAborted(signal);
    return cutBatch(options.store, options.store.nextPush(maxBytes), pushMemory.window);
  });
  try {
    return await abortable(taken, signal);
  } catch (thrown) {
    // It may be marked as sent by now, or later, with nobody to send it.
    taken.then((batch) => batch && giveBack(context, batch)).catch(() => {});
    throw thrown;
  }
}

function cutBatch(store: LocalStore, batch: OutgoingPush | null, window: number): OutgoingPush | null {
  if (!batch || batch.part || batch.mutations.length <= window) return batch;
  const mutations = batch.mutations.slice(0, window);
  const mutationIds = mutations.map((mutation) => mutation.mutationId);
  store.unsend(batch.mutationIds.filter((id) => !mutationIds.includes(id)));
  const sizeBytes = Math.ceil((batch.sizeBytes * mutations.length) / batch.mutations.length);
  return { mutations, part: undefined, mutationIds, sizeBytes };
}

/** The mutations of a request that was not answered wait again. Not abortable: the store must know. */
function giveBack({ options }: RoundContext, batch: OutgoingPush): Promise<void> {
  const ids = batch.part ? [batch.part.mutationId] : batch.mutationIds;
  return options.exclusive(() => options.store.unsend(ids));
}

/** Whether the request had room for more: what comes after it was probably written meanwhile. */
async function sendBatch(context: RoundContext, batch: OutgoingPush): Promise<boolean> {
  const { line, options, pushMemory, report, signal } = context;
  pushMemory.began(options.runtime.elapsed());
  let response: PushResponse;
  try {
    response = await line.push(requestOf(context, batch), signal);
    checkOutcomes(batch, response.outcomes);
    await settle(context, response);
  } catch (thrown) {
    await failed(context, batch, SyncError.from(thrown, 'server', 'The push failed'));
    return false;
  }
  report.sentBytes += batch.sizeBytes;
  const isFull =
    batch.part || batch.mutations.length >= pushMemory.window || batch.sizeBytes > LIMITS.maxBatchBytes / 2;
  pushMemory.succeeded(batch.mutations.length);
  const { cursor } = options.store;
  // What was pushed stands in another history than the one we follow.
  if (cursor && cursor.epoch !== response.epoch) throw epochChanged(cursor.epoch, response.epoch);
  return !isFull;
}

/** Outcomes are recorded and told of even where the round is aborted meanwhile: they are final. */
function settle({ options, publisher, report, signal }: RoundContext, response: PushResponse): Promise<void> {
  const settled = options
    .exclusive(() => options.store.settle(response, options.runtime.now()))
    .then((result) => {
      report.pushedCount += response.outcomes.length;
      publisher.settled(result);
    });
  return abortable(settled, signal);
}

function requestOf({ options }: RoundContext, { mutations, part }: Pick<OutgoingPush, 'mutations' | 'part'>) {
  const { store, schema, decides } = options;
  const request: PushRequest = {
    clientId: store.clientId,
    schemaVersion: schema.version,
    mutations,
    decides: [...decides],
    ...(part ? { part } : {}),
  };
  return request;
}

/** The mutations of a failed request wait again; when one of them is at fault, it is found and parked. */
async function failed(context: RoundContext, batch: OutgoingPush, error: SyncError): Promise<void> {
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
    await context.line.push(requestOf(context, { mutations: [], part: undefined }), context.signal);
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
    return batch ? witnesses(batch.mutations) : [];
  });
  for (const mutation of await abortable(taken, signal)) {
    try {
      const response = await line.push(requestOf(context, { mutations: [mutation], part: undefined }), signal);
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

/** Every mutation of the request has its outcome, and nothing else has. */
function checkOutcomes(batch: OutgoingPush, outcomes: readonly Outcome[]): void {
  const answered = new Set(outcomes.map((outcome) => outcome.mutationId));
  const isComplete = batch.mutationIds.every((id) => answered.has(id));
  if (isComplete && answered.size === batch.mutationIds.length && outcomes.length === answered.size) return;
  const [sent, received] = [batch.mutationIds.join(', '), outcomes.map((outcome) => outcome.mutationId).join(', ')];
  // Of kind `server`: it is no fault of the mutations, and sending them again gets their stored outcomes.
  throw new SyncError('server', `The server was sent the mutations ${sent} and answered for ${received || 'none'}.`);
}

/** Lets writes that come faster than requests gather for a moment, so that they share one. */
async function waitForMore({ options, pushMemory, signal, isLive }: RoundContext): Promise<void> {
  const { hasSendable, pendingCount } = options.store.counts();
  if (!options.autoSync || !hasSendable || (isLive() && pushMemory.pace.isLone(pendingCount))) return;
  const since = options.runtime.elapsed() - (pushMemory.lastPushAt ?? 0);
  await pause(options.autoSync.debounceMs - since, options.runtime, signal);
}

export function epochChanged(ours: string, theirs: string): SyncError {
  return new SyncError('epoch', `The server's history is ${theirs} now; this device followed ${ours}.`, {
    details: { ours, theirs },
  });
}
