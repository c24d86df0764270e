import type { LocalDatabase } from '../../storage/local-database.ts';
import type { MutationOutcome } from '../types.ts';
import type { ConflictRecords } from './conflict-records.ts';
import type { Meta } from './meta.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import { readReason } from './outbox-list.ts';

type Outcome = MutationOutcome['outcome'];

/** What became of mutations, for those who were not told at the time: the engine that knew may be gone. */
export interface Outcomes {
  /** The first outcome of a mutation of this device; null while it has none. */
  of(mutationId: number): MutationOutcome | null;
  /** A person takes a mutation out, or puts another in its place. */
  takenOut(item: OutboxItem, isReplaced: boolean): void;
}

/** So many are remembered: who asks was there when it happened, but for the moment in which one leader took over from another. */
const LIMIT = 200;

export function createOutcomes(parts: {
  readonly database: LocalDatabase;
  readonly outbox: Outbox;
  readonly conflicts: ConflictRecords;
  readonly meta: Meta;
}): Outcomes {
  const { database, outbox, conflicts, meta } = parts;

  const taken = (): [number, Outcome][] => JSON.parse(meta.text('taken_out') ?? '[]');
  /** Answered ones are on record as conflicts. */
  const hadConflict = (mutationId: number) =>
    conflicts.ofMutation(mutationId).some(({ resolution }) => resolution?.by !== 'policy');
  const gone = (mutationId: number): Outcome =>
    taken().find(([id]) => id === mutationId)?.[1] ?? (hadConflict(mutationId) ? 'conflict' : 'applied');

  return {
    of(mutationId) {
      const item = outbox.byMutation(mutationId);
      const outcome = item ? BY_STATE[item.state] : gone(mutationId);
      if (outcome === null) return null;
      const reason = item?.state === 'rejected' ? readReason(database, item.position) : null;
      return { mutationId, outcome, seq: null, reason };
    },
    takenOut({ mutationId, state }, isReplaced) {
      if (state === 'conflicted') return;
      const outcome: Outcome = isReplaced ? 'rejected' : 'discarded';
      meta.set('taken_out', JSON.stringify([...taken(), [mutationId, outcome]].slice(-LIMIT)));
    },
  };
}

const BY_STATE: Readonly<Record<OutboxItem['state'], Outcome | null>> = {
  accepted: 'applied',
  conflicted: 'conflict',
  rejected: 'rejected',
  pending: null,
  sent: null,
  parked: null,
  held: null,
};
