import type { ChangeOp } from '../../core/change.ts';
import type { Cells } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import { rowId } from './change-reader.ts';
import type { ChangeCollector } from './changed-rows.ts';
import { advance, type Images, type RowImage } from './images.ts';
import type { Overlay } from './overlay.ts';
import type { PendingRows } from './pending-rows.ts';
import type { RowRef } from './row-access.ts';

/**
 * The rows under pending changes that one chain touches. Their images move with the server; at the end each is shown
 * once, as image and what is still pending. So the cost is that of the rows both sides changed, whatever the size of
 * the tables.
 */
export interface Rebase {
  /** Whether any row of the table could be taken. */
  mayTake(table: string): boolean;
  /** Whether this row has to go through here. */
  takes(row: RowRef): boolean;
  apply(row: RowRef, change: { readonly op: ChangeOp; readonly columns: Cells }): void;
  /** Shows the row anew at the end, whether the server touched it or not. */
  touch(row: RowRef): void;
  finish(changed: ChangeCollector): void;
}

interface Touched {
  readonly row: RowRef;
  image: RowImage | null;
}

export function createRebase(overlay: Overlay, images: Images, rows: PendingRows): Rebase {
  const touched = new Map<string, Touched>();
  const take = (row: RowRef): Touched => {
    const id = rowId(row.table, row.keyText);
    const known = touched.get(id);
    if (known) return known;
    const made = { row, image: images.get(row.table, row.keyText) };
    touched.set(id, made);
    return made;
  };
  return {
    mayTake: (table) => touched.size > 0 || rows.of(table).size > 0,
    takes: (row) => touched.has(rowId(row.table, row.keyText)) || overlay.covers(row.table, row.keyText),
    apply(row, { op, columns }) {
      const one = take(row);
      if (op === 'delete') one.image = advance(one.image, null);
      else if (op === 'put') one.image = advance(one.image, columns);
      else if (one.image?.exists) one.image = advance(one.image, { ...one.image.columns, ...columns });
      else throw missingRow(row.table);
    },
    touch(row) {
      take(row);
    },
    finish(changed) {
      for (const { row, image } of touched.values()) {
        images.set(row.table, row.keyText, image);
        overlay.show(row, changed);
      }
      touched.clear();
    },
  };
}

export function missingRow(table: string): SyncError {
  return new SyncError(
    'resync',
    `The server changed a row of ${table} that is not on this device. Fetch the database anew; unsent work is kept.`,
  );
}
