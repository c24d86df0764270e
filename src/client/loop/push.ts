import { LIMITS } from '../../protocol/limits.ts';
import type { PushResponse } from '../../protocol/messages/push.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalStore, OutgoingPush } from '../local-store.ts';
import { abortable, pause, throwIfAborted } from './abortable.ts';
import { epochChanged, shakeHands } from './handshake.ts';
import { apartFrom } from './left-out.ts';
import { pushFailed } from './push-fault.ts';
import { checkOutcomes, giveBack, pushRequest, settle } from './push-request.ts';
import { type RoundContext, showProgress } from './round-context.ts';

/** Most small requests in one go before the round looks at the other direction. */
const MAX_SMALL_PUSHES = 8;

/** Sends what the outbox has, request by request. False: it is time for the other direction, and there may be more. */
export async function pushAll(context: RoundContext): Promise<boolean> {
  const { report, publisher, options, pushMemory } = context;
  report.isPushing = true;
  publisher.stateChanged();
  try {
    for (let small = 0; small < MAX_SMALL_PUSHES; ) {
      await shakeHands(context);
      const batch = await nextBatch(context);
      if (!batch) return true;
      const before = report.pushedCount;
      const isSmall = await sendBatch(context, batch);
      const { pendingCount } = options.store.counts();
      showProgress(context, pushMemory.uploaded(report.pushedCount - before, pendingCount));
      if (!isSmall) continue;
      small += 1;
      await waitForMore(context);
    }
    return false;
  } finally {
    report.isPushing = false;
    report.progress = null;
    publisher.stateChanged();
  }
}

/** The next request, cut down to as many mutations as may go at once. */
async function nextBatch(context: RoundContext): Promise<OutgoingPush | null> {
  const { options, line, signal, pushMemory, report } = context;
  const maxBytes = Math.min(LIMITS.maxRequestBytes, line.session?.limits.maxRequestBytes ?? LIMITS.maxRequestBytes);
  const taken = options.exclusive(() => {
    throwIfAborted(signal);
    const batch = withoutLeftOut(options.store, options.store.nextPush(maxBytes), report.leftOut);
    return cutBatch(options.store, batch, pushMemory.window);
  });
  try {
    return await abortable(taken, signal);
  } catch (thrown) {
    // It may be marked as sent by now, or later, with nobody to send it.
    taken.then((batch) => batch && giveBack(context, batch)).catch(() => {});
    throw thrown;
  }
}

function withoutLeftOut(
  store: LocalStore,
  batch: OutgoingPush | null,
  leftOut: RoundContext['report']['leftOut'],
): OutgoingPush | null {
  if (!batch || leftOut.size === 0) return batch;
  const mutations = batch.part ? [] : apartFrom(batch.mutations, leftOut);
  if (mutations.length > 0) return only(store, batch, mutations);
  if (batch.part && !leftOut.has(batch.part.mutationId)) return batch;
  store.unsend(batch.part ? [batch.part.mutationId] : batch.mutationIds);
  return null;
}

function cutBatch(store: LocalStore, batch: OutgoingPush | null, window: number): OutgoingPush | null {
  if (!batch || batch.part || batch.mutations.length <= window) return batch;
  return only(store, batch, batch.mutations.slice(0, window));
}

/** These of the request; the others wait again. */
function only(store: LocalStore, batch: OutgoingPush, mutations: OutgoingPush['mutations']): OutgoingPush {
  if (mutations.length === batch.mutations.length) return batch;
  const mutationIds = mutations.map((mutation) => mutation.mutationId);
  const kept = new Set(mutationIds);
  store.unsend(batch.mutationIds.filter((id) => !kept.has(id)));
  const sizeBytes = Math.ceil((batch.sizeBytes * mutations.length) / batch.mutations.length);
  return { ...batch, mutations, mutationIds, sizeBytes };
}

/** Whether the request had room for more: what comes after it was probably written meanwhile. */
async function sendBatch(context: RoundContext, batch: OutgoingPush): Promise<boolean> {
  const { line, options, pushMemory, report, signal } = context;
  pushMemory.began(options.runtime.elapsed());
  let response: PushResponse;
  try {
    response = await line.push(pushRequest(context, batch), signal);
    checkOutcomes(batch, response);
    await settle(context, response);
  } catch (thrown) {
    await pushFailed(context, batch, SyncError.from(thrown, 'server', 'The push failed'));
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

/** Lets writes that come faster than requests gather for a moment, so that they share one. */
async function waitForMore({ options, pushMemory, signal, isLive }: RoundContext): Promise<void> {
  const { hasSendable, pendingCount } = options.store.counts();
  if (!options.autoSync || !hasSendable || (isLive() && pushMemory.pace.isLone(pendingCount))) return;
  const since = options.runtime.elapsed() - (pushMemory.lastPushAt ?? 0);
  await pause(options.autoSync.debounceMs - since, options.runtime, signal);
}
