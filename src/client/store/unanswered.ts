import type { IdSpan } from '../../protocol/messages/pull.ts';
import type { ClientIds } from './client-ids.ts';
import type { Outbox, OutboxItem } from './outbox.ts';

/**
 * Where the ids of those mutations lie that have no answer in the history of this epoch, by clientId. Those that were never sent
 * count too: this database may be a copy, and the other one may have sent them.
 */
export function findUnanswered(
  { outbox, clientIds }: { readonly outbox: Outbox; readonly clientIds: ClientIds },
  epoch: string,
): IdSpan[] {
  const spans = new Map<string, IdSpan>();
  for (const item of outbox.items()) {
    if (!isUnanswered(item, epoch)) continue;
    const { mutationId } = item;
    const clientId = clientIds.ofMutation(mutationId);
    const known = spans.get(clientId) ?? { from: mutationId, to: mutationId };
    const span = { from: Math.min(known.from, mutationId), to: Math.max(known.to, mutationId) };
    spans.set(clientId, { clientId, ...span });
  }
  return [...spans.values()].sort((a, b) => a.from - b.from);
}

/** An answer, or an echo, counts in its own history only: a restored server may remember the mutation, or not. */
function isUnanswered(item: OutboxItem, epoch: string): boolean {
  if (item.epoch === epoch) return false;
  return item.state === 'pending' || item.state === 'sent' || item.state === 'parked' || item.state === 'accepted';
}
