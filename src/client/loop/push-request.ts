import type { Outcome, PushRequest, PushResponse } from '../../protocol/messages/push.ts';
import { SyncError } from '../../shared/error.ts';
import type { OutgoingPush } from '../local-store.ts';
import { abortable } from './abortable.ts';
import type { RoundContext } from './round-context.ts';

/** The request that carries these mutations, or this part of one. */
export function pushRequest(
  { options }: RoundContext,
  { mutations, part }: Partial<Pick<OutgoingPush, 'mutations' | 'part'>>,
): PushRequest {
  const { store, schema, decides } = options;
  return {
    clientId: store.clientId,
    schemaVersion: schema.version,
    mutations: mutations ?? [],
    decides: [...decides],
    ...(part ? { part } : {}),
  };
}

/** Every mutation of the request has its outcome, and nothing else has. */
export function checkOutcomes(batch: OutgoingPush, outcomes: readonly Outcome[]): void {
  const answered = new Set(outcomes.map((outcome) => outcome.mutationId));
  const isComplete = batch.mutationIds.every((id) => answered.has(id));
  if (isComplete && answered.size === batch.mutationIds.length && outcomes.length === answered.size) return;
  const [sent, received] = [batch.mutationIds.join(', '), outcomes.map((outcome) => outcome.mutationId).join(', ')];
  // Of kind `server`: it is no fault of the mutations, and sending them again gets their stored outcomes.
  throw new SyncError('server', `The server was sent the mutations ${sent} and answered for ${received || 'none'}.`);
}

/** Outcomes are recorded and told of even where the round is aborted meanwhile: they are final. */
export function settle({ options, publisher, report, signal }: RoundContext, response: PushResponse): Promise<void> {
  const settled = options
    .exclusive(() => options.store.settle(response, options.runtime.now()))
    .then((result) => {
      report.pushedCount += response.outcomes.length;
      publisher.settled(result);
    });
  return abortable(settled, signal);
}

/** The mutations of a request that was not answered wait again. Not abortable: the store must know. */
export function giveBack({ options }: RoundContext, batch: OutgoingPush): Promise<void> {
  const ids = batch.part ? [batch.part.mutationId] : batch.mutationIds;
  return options.exclusive(() => options.store.unsend(ids));
}
