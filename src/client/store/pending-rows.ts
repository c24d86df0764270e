import type { RowKey } from '../../shared/cell.ts';
import type { RowRef } from './row-access.ts';

/** A row that mutations in the outbox touch. */
export interface PendingRow {
  readonly key: RowKey;
  /** The positions of these mutations, ascending. */
  readonly positions: number[];
}

/** Which rows the outbox touches, by table and key. In memory: read from the outbox when the database opens. */
export interface PendingRows {
  get(table: string, keyText: string): PendingRow | undefined;
  of(table: string): ReadonlyMap<string, PendingRow>;
  /** Where mutations touch a row of this table (any, when undefined) whose key contains the text. */
  positions(table: string | undefined, keyPart: string): ReadonlySet<number>;
  add(row: RowRef, position: number): void;
  remove(table: string, keyText: string, position: number): void;
  clear(): void;
}

const NONE: ReadonlyMap<string, PendingRow> = new Map();

export function createPendingRows(): PendingRows {
  const tables = new Map<string, Map<string, PendingRow>>();
  return {
    get: (table, keyText) => tables.get(table)?.get(keyText),
    of: (table) => tables.get(table) ?? NONE,
    positions(table, keyPart) {
      const wanted = keyPart.toLowerCase();
      const found = new Set<number>();
      for (const [name, rows] of tables) {
        if (table !== undefined && name !== table) continue;
        for (const [text, row] of rows) {
          if (text.toLowerCase().includes(wanted)) for (const position of row.positions) found.add(position);
        }
      }
      return found;
    },
    add({ table, key, keyText }, position) {
      const rows = tables.get(table) ?? new Map<string, PendingRow>();
      tables.set(table, rows);
      const row = rows.get(keyText);
      if (row) insertSorted(row.positions, position);
      else rows.set(keyText, { key, positions: [position] });
    },
    remove(table, keyText, position) {
      const rows = tables.get(table);
      const row = rows?.get(keyText);
      if (!rows || !row) return;
      const at = row.positions.indexOf(position);
      if (at >= 0) row.positions.splice(at, 1);
      if (row.positions.length === 0) rows.delete(keyText);
    },
    clear: () => tables.clear(),
  };
}

/** Nearly always at the end: only a mutation that takes the place of another lands further in front. */
function insertSorted(positions: number[], position: number): void {
  let at = positions.length;
  while (at > 0 && (positions[at - 1] ?? 0) > position) at--;
  if (positions[at - 1] !== position) positions.splice(at, 0, position);
}
