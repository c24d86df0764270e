import type { Cells } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import { packCells, unpackCells } from './pack.ts';

/** What is confirmed of a row with pending changes. */
export interface RowImage {
  /** False: deleted on the server; `columns` is what it last held. */
  readonly exists: boolean;
  readonly columns: Cells;
  /** The row as the first pending change saw it; null while that is `columns`. */
  readonly seen: Cells | null;
}

/** Confirmed images. `null` stands for a row the server never had. */
export interface Images {
  get(table: string, keyText: string): RowImage | null;
  set(table: string, keyText: string, image: RowImage | null): void;
}

export function createImages(database: LocalDatabase): Images {
  return {
    get(table, keyText) {
      const [row] = database.read('SELECT state, columns, seen FROM _tidemark_image WHERE tbl = ? AND key = ?', [
        table,
        keyText,
      ]).rows;
      if (row === undefined) return null;
      const [state, columns, seen] = row;
      return { exists: state === 1, columns: unpackCells(columns), seen: seen === null ? null : unpackCells(seen) };
    },
    set(table, keyText, image) {
      if (image === null) {
        database.run('DELETE FROM _tidemark_image WHERE tbl = ? AND key = ?', [table, keyText]);
        return;
      }
      database.run(
        `INSERT INTO _tidemark_image (tbl, key, state, columns, seen) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (tbl, key) DO UPDATE SET state = excluded.state, columns = excluded.columns, seen = excluded.seen`,
        [table, keyText, image.exists ? 1 : 0, packCells(image.columns), image.seen ? packCells(image.seen) : null],
      );
    },
  };
}

/** The image after the server changed the row to `columns` (null: deleted it). */
export function advance(image: RowImage | null, columns: Cells | null): RowImage | null {
  if (image === null) return columns && { exists: true, columns, seen: null };
  const seen = image.seen ?? image.columns;
  return columns === null ? { exists: false, columns: image.columns, seen } : { exists: true, columns, seen };
}
