import type { ChangeOp } from '../core/change.ts';
import type { RowVersion } from '../core/row-version.ts';
import { decode, encode, type WireMap, type WireValue } from '../protocol/codec.ts';
import type { Outcome } from '../protocol/messages/push.ts';
import type { Cell, Cells, RowKey } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import type { DeviceRecord, LogEntry } from './records.ts';
import type { PruneBounds } from './storage.ts';

/** The parts of our records that every storage keeps as bytes, in one form. */

/** Columns written together share their stamp: `[[seq, hlc, clientId, column, …], …]`; null for none. */
export function overridesToBytes(overrides: RowVersion['overrides']): Uint8Array | null {
  const groups = new Map<string, (string | number | null)[]>();
  for (const [column, { seq, hlc, clientId }] of Object.entries(overrides)) {
    const id = `${seq} ${hlc} ${clientId ?? ''}`;
    const group = groups.get(id) ?? [seq, hlc, clientId];
    group.push(column);
    groups.set(id, group);
  }
  return groups.size > 0 ? encode([...groups.values()]) : null;
}

export function overridesFromBytes(bytes: Uint8Array): RowVersion['overrides'] {
  const groups = decodeStored(bytes) as [number, string, string | null, ...string[]][];
  return Object.fromEntries(
    groups.flatMap(([seq, hlc, clientId, ...columns]) => columns.map((column) => [column, { seq, hlc, clientId }])),
  );
}

type Details = Pick<Outcome, 'conflicts' | 'reason'>;

/** What an outcome has beyond its word and its seq; null for nothing. */
export function detailsToBytes({ conflicts, reason }: Outcome): Uint8Array | null {
  const isPlain = conflicts.length === 0 && reason === undefined;
  return isPlain ? null : encode({ conflicts, reason } as unknown as WireMap);
}

export function detailsFromBytes(bytes: Uint8Array | null): Details {
  return bytes ? (decodeStored(bytes) as unknown as Details) : { conflicts: [] };
}

/** Key and columns of a log entry. */
export function entryToBytes(key: RowKey, columns: Cells): Uint8Array {
  return encode([key, columns]);
}

export function entryFromBytes(bytes: Uint8Array): readonly [RowKey, Cells] {
  return decodeStored(bytes) as unknown as [RowKey, Cells];
}

/** A row of our own tables as a driver gives it. */
export type OwnRow = readonly (Cell | boolean | undefined)[];

const textOrNull = (cell: OwnRow[number]): string | null => (typeof cell === 'string' ? cell : null);
const numberOrNull = (cell: OwnRow[number]): number | null =>
  cell === null || cell === undefined ? null : Number(cell);

/** `seq, n, scope, tbl, op, client_id, mutation_id, hlc, at, row`: an entry of the log beside its commit. */
export function toLogEntry([seq, n, scope, table, op, clientId, mutationId, hlc, at, row]: OwnRow): LogEntry {
  const [key, columns] = entryFromBytes(row as Uint8Array);
  const commit = {
    seq: Number(seq),
    clientId: textOrNull(clientId),
    mutationId: numberOrNull(mutationId),
    hlc: String(hlc),
    at: Number(at),
  };
  return { commit, n: Number(n), scope: String(scope), table: String(table), op: op as ChangeOp, key, columns };
}

/** `mutation_id, outcome, seq, details`. */
export function toOutcome([mutationId, outcome, seq, details]: OwnRow): Outcome {
  return {
    mutationId: Number(mutationId),
    outcome: outcome as Outcome['outcome'],
    seq: numberOrNull(seq),
    ...detailsFromBytes(details instanceof Uint8Array ? details : null),
  };
}

/** `client_id, subject, name, first_seen_at, last_seen_at, is_revoked`. */
export function toDevice([clientId, subject, name, firstSeenAt, lastSeenAt, isRevoked]: OwnRow): DeviceRecord {
  return {
    clientId: String(clientId),
    subject: String(subject),
    name: textOrNull(name),
    firstSeenAt: Number(firstSeenAt),
    lastSeenAt: Number(lastSeenAt),
    isRevoked: isRevoked === true || isRevoked === 1,
  };
}

/**
 * Which of the oldest commits (`seq, at`) may go: from the oldest on, and no further than the first that stays, for what is retained
 * is one stretch. null for none.
 */
export function prunable(oldest: readonly OwnRow[], bounds: PruneBounds): { count: number; prunedTo: number } | null {
  const stays = oldest.findIndex(([seq, at]) => Number(seq) >= bounds.beforeSeq && Number(at) >= bounds.beforeAt);
  const count = stays < 0 ? oldest.length : stays;
  return count === 0 ? null : { count, prunedTo: Number(oldest[count - 1]?.[0]) };
}

/**
 * Reads what a storage wrote for itself.
 *
 * @throws SyncError `storage`: the database is damaged. No mutation is to be refused for it.
 */
export function decodeStored(bytes: Uint8Array): WireValue {
  try {
    return decode(bytes);
  } catch (error) {
    throw new SyncError('storage', 'The server database holds bytes that cannot be read.', { cause: error });
  }
}
