import { applyPatch, type Change } from '../../core/change.ts';
import { type Cells, keyText, type RowKey, sameCell } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ChangeCollector } from './changed-rows.ts';
import type { Images } from './images.ts';
import type { LocalTables } from './local-table.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import type { PendingRows } from './pending-rows.ts';
import { type RowRef, readRow, rowsOf, writeRow } from './row-access.ts';

/**
 * Pending changes on top of confirmed rows. A row that has any shows `image + its pending changes, in order`; its
 * image is kept as long. A mutation takes part until it is rejected, its echo has been applied, or it is thrown away.
 */
export interface Overlay {
  /** Whether pending changes lie over this row. */
  covers(table: string, keyText: string): boolean;
  /** The image that a first pending change needs: the row as it stands. Call it before the change is in the outbox. */
  keepImage(row: RowRef): void;
  /** Writes the row as image and pending changes make it; drops the image when no pending change is left over it. */
  show(row: RowRef, changed: ChangeCollector): void;
  /** What the pending changes (those before a position) make of a confirmed row. */
  stack(row: RowRef, confirmed: Cells | null, before?: number): Cells | null;
  rowsOf(item: OutboxItem): RowRef[];
  /** Whether the row is there without what is pending. */
  isConfirmed(table: string, key: RowKey): boolean;
}

export function isShown(item: OutboxItem | undefined): boolean {
  return item !== undefined && item.state !== 'rejected' && !item.isEchoed;
}

export function createOverlay(parts: {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly outbox: Outbox;
  readonly rows: PendingRows;
  readonly images: Images;
}): Overlay {
  const { database, tables, outbox, rows, images } = parts;
  const covers = (table: string, text: string) =>
    rows.get(table, text)?.positions.some((position) => isShown(outbox.at(position))) ?? false;

  const stack = (row: RowRef, confirmed: Cells | null, before = Number.POSITIVE_INFINITY): Cells | null => {
    let columns = confirmed;
    for (const position of rows.get(row.table, row.keyText)?.positions ?? []) {
      if (position >= before || !isShown(outbox.at(position))) continue;
      const change = outbox.reader.changeOf(position, row.table, row.keyText);
      if (change) columns = applyChange(columns, change);
    }
    return columns;
  };

  return {
    covers,
    stack,
    keepImage(row) {
      const of = tables.get(row.table);
      if (!of || row.key.length !== of.keys.length || covers(row.table, row.keyText)) return;
      const columns = readRow(database, of, row.key);
      images.set(row.table, row.keyText, columns && { exists: true, columns, seen: null });
    },
    show(row, changed) {
      const of = tables.get(row.table);
      // A table this version does not have, or a key from before the key changed: the pending work stays as it is.
      if (!of || row.key.length !== of.keys.length) return;
      const image = images.get(row.table, row.keyText);
      const wanted = stack(row, image?.exists ? image.columns : null);
      if (!covers(row.table, row.keyText)) images.set(row.table, row.keyText, null);
      const now = readRow(database, of, row.key);
      if (isSameRow(wanted, now)) return;
      if (wanted === null) database.run(of.deleteSql, row.key);
      else writeRow(database, of, { key: row.key, columns: wanted });
      changed.add(row.table, row.keyText);
    },
    isConfirmed(table, key) {
      const of = tables.get(table);
      const text = keyText(key);
      if (covers(table, text)) return images.get(table, text)?.exists ?? false;
      return of !== undefined && key.length === of.keys.length && readRow(database, of, key) !== null;
    },
    rowsOf: (item) => rowsOf(outbox.changesOf(item)),
  };
}

/** A row after one pending change. A patch of a row that is not there has nothing to change. */
function applyChange(columns: Cells | null, change: Change): Cells | null {
  if (change.op === 'delete') return null;
  if (change.op === 'put') return columns === null ? change.columns : { ...columns, ...change.columns };
  return columns === null ? null : applyPatch(columns, change);
}

/** Whether the table holds what is wanted. Columns that only one of them knows do not count. */
function isSameRow(wanted: Cells | null, now: Cells | null): boolean {
  if (wanted === null || now === null) return wanted === now;
  return Object.entries(now).every(([name, cell]) => {
    const other = wanted[name];
    return other === undefined || sameCell(other, cell);
  });
}
