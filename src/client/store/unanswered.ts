import type { IdSpan } from '../../protocol/messages/pull.ts';
import type { ClientIds } from './client-ids.ts';
import type { DeviceClock } from './clock.ts';
import type { Outbox, OutboxItem } from './outbox.ts';

/** So many mutations that are written while the server's answer is on its way are asked about, too. */
const AHEAD = 500;

/**
 * Where the ids of those mutations lie that have no answer in the history of this epoch, by clientId. Those that were never sent
 * count too: this database may be a copy, and the other one may have sent them. So do the next ones, which may be copied and sent before
 * the answer is here.
 */
export function findUnanswered(
  { outbox, clientIds, clock }: { readonly outbox: Outbox; readonly clientIds: ClientIds; readonly clock: DeviceClock },
  epoch: string,
): IdSpan[] {
  const spans = new Map<string, IdSpan>();
  const add = (clientId: string, from: number, to: number) => {
    const known = spans.get(clientId) ?? { from, to };
    spans.set(clientId, { clientId, from: Math.min(known.from, from), to: Math.max(known.to, to) });
  };
  for (const item of outbox.items()) {
    if (isUnanswered(item, epoch)) add(clientIds.ofMutation(item.mutationId), item.mutationId, item.mutationId);
  }
  const next = clock.nextMutationId;
  add(clientIds.current, next, next + AHEAD - 1);
  return [...spans.values()].sort((a, b) => a.from - b.from);
}

/** An answer, or an echo, counts in its own history only: a restored server may remember the mutation, or not. */
function isUnanswered(item: OutboxItem, epoch: string): boolean {
  if (item.epoch === epoch) return false;
  return item.state === 'pending' || item.state === 'sent' || item.state === 'parked' || item.state === 'accepted';
}
