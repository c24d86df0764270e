import type { PushRequest, PushResponse } from '../../protocol/messages/push.ts';
import { SyncError } from '../../shared/error.ts';
import type { OutgoingPush } from '../local-store.ts';
import { abortable } from './abortable.ts';
import { ownerOf } from './handshake.ts';
import type { RoundContext } from './round-context.ts';

/** The request that carries these mutations, or this part of one. */
export function pushRequest(
  { options }: RoundContext,
  { clientId, mutations, part }: Partial<Pick<OutgoingPush, 'clientId' | 'mutations' | 'part'>>,
): PushRequest {
  const { store, schema, decides } = options;
  return {
    clientId: clientId ?? store.clientId,
    schemaVersion: schema.version,
    mutations: mutations ?? [],
    decides: [...decides],
    waits: true,
    ...ownerOf(store),
    ...(store.cursor ? { epoch: store.cursor.epoch } : {}),
    ...(part ? { part } : {}),
  };
}

/**
 * Every mutation of the request has its outcome, or waits for one before it, and nothing else is answered for. The first
 * waits for nothing: so each request brings at least one outcome.
 */
export function checkOutcomes(batch: OutgoingPush, { outcomes, waiting = [] }: PushResponse): void {
  const answered = new Set(outcomes.map((outcome) => outcome.mutationId));
  // A mutation in parts that was decided before, in an answer that was lost, is answered for with its first part.
  const early = batch.part && answered.has(batch.part.mutationId) ? [batch.part.mutationId] : [];
  const left = new Set(waiting);
  const [first] = batch.mutationIds;
  const expected = new Set([...batch.mutationIds.filter((id) => id === first || !left.has(id)), ...early]);
  const isComplete = [...expected].every((id) => answered.has(id));
  if (isComplete && answered.size === expected.size && outcomes.length === answered.size) return;
  const [sent, received] = [
    [...expected].join(', ') || 'no whole one',
    outcomes.map((outcome) => outcome.mutationId).join(', '),
  ];
  // Of kind `server`: it is no fault of the mutations, and sending them again gets their stored outcomes.
  throw new SyncError('server', `The server was sent the mutations ${sent} and answered for ${received || 'none'}.`);
}

/** Outcomes are recorded and told of even where the round is aborted meanwhile: they are final. */
export function settle(context: RoundContext, response: PushResponse): Promise<void> {
  const { options, publisher, report, signal } = context;
  const { clientId } = options.store;
  const settled = options
    .exclusive(() => options.store.settle(response, options.runtime.now()))
    .then((result) => {
      report.pushedCount += response.outcomes.length;
      publisher.settled(result);
      if (result.isRenewed) renewed(context, clientId);
    });
  return abortable(settled, signal);
}

/** The server is to know the device under its new id before it gets anything. */
function renewed({ options, line, publisher }: RoundContext, formerClientId: string): void {
  line.forget();
  publisher.event({ type: 'client-renewed', clientId: options.store.clientId, formerClientId });
}

/** The mutations of a request that was not answered wait again. Not abortable: the store must know. */
export function giveBack({ options }: RoundContext, batch: OutgoingPush): Promise<void> {
  const ids = batch.part ? [batch.part.mutationId] : batch.mutationIds;
  return options.exclusive(() => options.store.unsend(ids));
}
