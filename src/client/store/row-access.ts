import { type Cells, keyText, type RowKey } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import { type Fitted, fitting } from './fit-cells.ts';
import { cellsAt, type LocalTable, putSql } from './local-table.ts';

export interface RowRef {
  readonly table: string;
  readonly key: RowKey;
  readonly keyText: string;
}

/** The non-key columns of a row as it stands in its table; null when there is none. */
export function readRow(database: LocalDatabase, of: LocalTable, key: RowKey): Cells | null {
  const [row] = database.read(of.selectSql, key).rows;
  return row === undefined ? null : cellsAt(of.values, row, 0);
}

/**
 * Writes a whole row. Columns that it does not have get their default, those that this version does not know are left
 * out.
 */
export function writeRow(database: LocalDatabase, of: LocalTable, row: { key: RowKey; columns: Cells }): Fitted {
  const known = of.values.filter(({ name }) => Object.hasOwn(row.columns, name));
  const isWhole = known.length === of.values.length;
  const sql = isWhole ? of.putSql : putSql(of.table, [...of.table.primaryKey, ...known.map(({ name }) => name)]);
  return fitting(known, row.columns, (cells) => database.run(sql, [...row.key, ...cells]));
}

/** The rows that changes are about. */
export function rowsOf(changes: readonly { readonly table: string; readonly key: RowKey }[]): RowRef[] {
  return changes.map(({ table, key }) => ({ table, key, keyText: keyText(key) }));
}
