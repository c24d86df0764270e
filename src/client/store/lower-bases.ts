import type { FormerEpoch } from '../../protocol/messages/pull.ts';
import type { ConflictRecords } from './conflict-records.ts';
import type { Outbox } from './outbox.ts';
import type { SyncPosition } from './sync-position.ts';

/**
 * The history is another one from here on: the server was restored or cloned. A seq that a pending mutation had seen means what it did
 * up to where the two part; beyond, other commits have that number, and nobody here has seen them. Taken for seen, they would be
 * overwritten without a conflict. So the base of each mutation falls to where the histories part, or to nothing where that is not
 * known: at worst the server then asks about what its writer had in view.
 */
export function lowerBases(
  parts: { readonly outbox: Outbox; readonly conflicts: ConflictRecords; readonly position: SyncPosition },
  epoch: string,
  formerEpochs: readonly FormerEpoch[] = [],
): void {
  const { outbox, conflicts, position } = parts;
  if (!position.hasSynced || position.lastEpoch === epoch) return;
  const parting = formerEpochs.find((former) => former.epoch === position.lastEpoch)?.seq ?? 0;
  for (const { mutationId, state } of outbox.items())
    if (state === 'conflicted') conflicts.lowerSeen(mutationId, parting);
  outbox.lowerBases(parting);
}
