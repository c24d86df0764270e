import type { RowKey } from '../../shared/cell.ts';
import { keyText } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { OutboxCounts } from '../local-store.ts';
import type { OutboxEntry, OutboxFilter, OutboxQuery, RowStatus } from '../types.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import type { Parking } from './parking.ts';
import type { PendingRows } from './pending-rows.ts';
import { rowsOf } from './row-access.ts';
import type { SyncPosition } from './sync-position.ts';

const NO_END = Number.POSITIVE_INFINITY;

/** The outbox as people see it. */
export interface OutboxList {
  entries(query: OutboxQuery): OutboxEntry[];
  count(filter: OutboxFilter): number;
  counts(): Omit<OutboxCounts, 'openConflictCount' | 'hasSendable'>;
  rowStatus(table: string, key: RowKey): RowStatus;
}

export function createOutboxList(parts: {
  readonly database: LocalDatabase;
  readonly outbox: Outbox;
  readonly parking: Parking;
  readonly rows: PendingRows;
  readonly position: SyncPosition;
}): OutboxList {
  const { database, outbox, parking, rows, position } = parts;

  const toEntry = (item: OutboxItem): OutboxEntry => {
    const changes = outbox.reader.readOnce(item.position);
    const isWaiting = item.state === 'parked';
    return {
      mutationId: item.mutationId,
      state: shownState(item),
      hlc: item.hlc,
      base: item.base,
      epoch: position.lastEpoch,
      createdAt: item.createdAt,
      attempts: item.attempts,
      sizeBytes: item.size,
      changeCount: item.changeCount,
      tables: [...new Set(changes.map(({ table }) => table))],
      changes,
      reason: item.state === 'rejected' ? readReason(database, item.position) : null,
      waitsFor: isWaiting ? (parking.blockerOf(rowsOf(changes), item.position)?.mutationId ?? null) : null,
      position: item.position,
    };
  };

  /** In order. By row through the index of touched rows: the changes themselves are read for what is shown only. */
  function* matching({ states, table, row }: OutboxFilter): IterableIterator<OutboxItem> {
    const positions = table === undefined && !row ? null : rows.positions(table, row ?? '');
    for (const item of outbox.items()) {
      if (positions && !positions.has(item.position)) continue;
      if (!states || states.includes(shownState(item))) yield item;
    }
  }

  /** Without a look at any of them: the outbox keeps these figures. */
  const countOf = (states: readonly OutboxEntry['state'][]) =>
    [...new Set(states)].reduce(
      (sum, state) => sum + outbox.count(state) + (state === 'parked' ? outbox.count('held') : 0),
      0,
    );

  const oldestPendingAt = () => {
    for (const item of outbox.items()) if (isPending(item)) return item.createdAt;
    return null;
  };

  return {
    entries({ limit = NO_END, offset = 0, after = -NO_END, maxBytes = NO_END, ...filter }) {
      const entries: OutboxEntry[] = [];
      let index = 0;
      let bytes = 0;
      for (const item of matching(filter)) {
        if (item.position <= after) continue;
        if (entries.length >= limit || bytes >= maxBytes) break;
        if (index++ < offset) continue;
        entries.push(toEntry(item));
        bytes += item.size;
      }
      return entries;
    },
    count(filter) {
      const { states, table, row } = filter;
      if (table === undefined && !row) return states ? countOf(states) : outbox.size;
      let count = 0;
      for (const _item of matching(filter)) count += 1;
      return count;
    },
    counts() {
      const count = outbox.count;
      const pendingCount = count('pending') + count('sent') + count('parked') + count('held');
      return {
        pendingCount,
        acceptedCount: count('accepted'),
        conflictedCount: count('conflicted'),
        rejectedCount: count('rejected'),
        oldestPendingAt: pendingCount > 0 ? oldestPendingAt() : null,
      };
    },
    rowStatus(table, key) {
      const positions = rows.get(table, keyText(key))?.positions ?? [];
      const states = new Set(positions.map((position) => outbox.at(position)?.state));
      if (states.has('conflicted')) return 'conflicted';
      if (states.has('rejected')) return 'rejected';
      if (states.has('pending') || states.has('parked') || states.has('held')) return 'pending';
      return states.has('sent') || states.has('accepted') ? 'sent' : 'synced';
    },
  };
}

function shownState({ state }: OutboxItem): OutboxEntry['state'] {
  return state === 'held' ? 'parked' : state;
}

function isPending({ state }: OutboxItem): boolean {
  return state === 'pending' || state === 'sent' || state === 'parked' || state === 'held';
}

/** Why the server refused it. */
export function readReason(database: LocalDatabase, position: number): OutboxEntry['reason'] {
  const sql = 'SELECT reason_code, reason_message FROM _tidemark_outbox WHERE position = ?';
  const [code, message] = database.read(sql, [position]).rows[0] ?? [];
  return { code: String(code ?? 'rejected'), message: String(message ?? '') };
}
