import type { Cell } from '../shared/cell.ts';
import { type Column, columnOf, type Table } from './schema.ts';
import { quoteName } from './sql.ts';
import { backfillCell, SQLITE_TYPES } from './values.ts';

/** The `CREATE TABLE` of a user's table in SQLite, the same on client and server. `as` names it differently. */
export function createTableSql(of: Table, as: string = of.name): string {
  const columns = Object.keys(of.columns).map((name) => columnSql(of, name));
  const key = of.primaryKey.map(quoteName).join(', ');
  return `CREATE TABLE ${quoteName(as)} (${columns.join(', ')}, PRIMARY KEY (${key})) STRICT`;
}

/** One column as in `CREATE TABLE` and `ALTER TABLE ADD COLUMN`. */
export function columnSql(of: Table, name: string): string {
  const column = columnOf(of, name);
  const type = `${quoteName(name)} ${SQLITE_TYPES[column.kind]}`;
  if (column.isNullable && column.defaultValue === undefined) return type;
  if (isRequired(column) && of.primaryKey.includes(name)) return `${type} NOT NULL`;
  const fallback = `DEFAULT ${literal(backfillCell(column, `${of.name}.${name}`))}`;
  return column.isNullable ? `${type} ${fallback}` : `${type} NOT NULL ${fallback}`;
}

/** `CREATE INDEX IF NOT EXISTS` for each declared index of a table. */
export function createIndexSql(of: Table): string[] {
  return of.indexes.map((columns) => {
    const name = indexName(of, columns);
    return `CREATE INDEX IF NOT EXISTS ${quoteName(name)} ON ${quoteName(of.name)} (${columns.map(quoteName).join(', ')})`;
  });
}

/** The name of a declared index. */
export function indexName(of: Table, columns: readonly string[]): string {
  return `_tidemark_index_${of.name}_${columns.join('_')}`;
}

function isRequired(column: Column): boolean {
  return !column.isNullable && column.defaultValue === undefined;
}

function literal(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return `'${cell.replaceAll("'", "''")}'`;
  if (cell instanceof Uint8Array)
    return `x'${Array.from(cell, (byte) => byte.toString(16).padStart(2, '0')).join('')}'`;
  return String(cell);
}
