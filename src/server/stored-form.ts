import type { RowVersion } from '../core/row-version.ts';
import { decode, encode, type WireMap, type WireValue } from '../protocol/codec.ts';
import type { Outcome } from '../protocol/messages/push.ts';
import type { Cells, RowKey } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';

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
