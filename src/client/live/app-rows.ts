import type { ColumnKind, Schema } from '../../core/schema.ts';
import { fromCell } from '../../core/values.ts';
import type { Cell } from '../../shared/cell.ts';
import type { ReadColumn, ReadResult } from '../../storage/local-database.ts';

/** A row as the app sees it: by column name, in app values. */
export type AppRow = Record<string, unknown>;

/** Makes app rows of one result's rows. */
export type RowReader = (cells: readonly Cell[]) => AppRow;

/** All rows of a result in app values: columns of the schema by their kind, computed ones as SQLite gives them. */
export function toAppRows(schema: Schema, result: ReadResult): AppRow[] {
  return result.rows.map(rowReader(schema, result.columns));
}

/** The reader for results with these columns. Of two columns with one name the later wins. */
export function rowReader(schema: Schema, columns: readonly ReadColumn[]): RowReader {
  const names = columns.map((column) => column.name);
  const kinds = columns.map((column) => kindOf(schema, column));
  return (cells) => {
    const row: AppRow = {};
    for (let index = 0; index < names.length; index++) {
      const cell = cells[index] ?? null;
      const kind = kinds[index];
      row[names[index] ?? ''] = kind === undefined ? cell : fromCell(kind, cell);
    }
    return row;
  };
}

/** The kind of a column that comes straight from a table of the schema, and is not simply its cell. */
function kindOf(schema: Schema, { table, column }: ReadColumn): ColumnKind | undefined {
  if (table === null || column === null || !Object.hasOwn(schema.tables, table)) return undefined;
  return schema.tables[table]?.columns[column]?.kind;
}
