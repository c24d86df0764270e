import { type Column, columnOf, type Schema, type Table } from '../../core/schema.ts';
import { scopeColumn } from '../../core/scope.ts';
import { quoteName } from '../../core/sql.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';

/** A column with what the checks of its cells need. */
export interface LocalColumn {
  readonly name: string;
  readonly column: Column;
  readonly where: string;
  readonly isCounter: boolean;
  /** The table whose key or scope it is part of: its cells have a longest length there. Null: elsewhere. */
  readonly bounds: Table | null;
}

/** A user's table with the SQL the store runs on it, written once. */
export interface LocalTable {
  readonly name: string;
  readonly table: Table;
  /** Its number in capture triggers. */
  readonly index: number;
  readonly keys: readonly LocalColumn[];
  readonly values: readonly LocalColumn[];
  /** Key columns, then the others: the order of {@link putSql}. */
  readonly columns: readonly string[];
  readonly selectSql: string;
  readonly putSql: string;
  readonly deleteSql: string;
}

export type LocalTables = ReadonlyMap<string, LocalTable>;

export function localTables(schema: Schema): LocalTables {
  return new Map(Object.values(schema.tables).map((table, index) => [table.name, localTable(table, index)]));
}

/** The table of this name. */
export function localTableOf(tables: LocalTables, name: string): LocalTable {
  const found = tables.get(name);
  if (found) return found;
  throw new SyncError(
    'not-found',
    `The schema has no table ${JSON.stringify(name)}; it has: ${[...tables.keys()].join(', ')}.`,
  );
}

function localTable(table: Table, index: number): LocalTable {
  const columns = [...table.primaryKey, ...table.valueColumns];
  const selected = table.valueColumns.length > 0 ? list(table.valueColumns) : '1';
  return {
    name: table.name,
    table,
    index,
    keys: table.primaryKey.map((name) => localColumn(table, name)),
    values: table.valueColumns.map((name) => localColumn(table, name)),
    columns,
    selectSql: `SELECT ${selected} FROM ${quoteName(table.name)} WHERE ${isKey(table)}`,
    putSql: putSql(table, columns),
    deleteSql: `DELETE FROM ${quoteName(table.name)} WHERE ${isKey(table)}`,
  };
}

function localColumn(table: Table, name: string): LocalColumn {
  const column = columnOf(table, name);
  const isBounded = table.primaryKey.includes(name) || scopeColumn(table) === name;
  const bounds = isBounded ? table : null;
  return { name, column, where: `${table.name}.${name}`, isCounter: column.kind === 'counter', bounds };
}

/** Inserts a row, or writes these columns over the one with its key. Columns left out keep their default or value. */
export function putSql(table: Table, columns: readonly string[]): string {
  const set = columns.filter((name) => !table.primaryKey.includes(name));
  const assign = set.map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`).join(', ');
  const marks = columns.map(() => '?').join(', ');
  const conflict = set.length > 0 ? `DO UPDATE SET ${assign}` : 'DO NOTHING';
  return `INSERT INTO ${quoteName(table.name)} (${list(columns)}) VALUES (${marks}) ON CONFLICT (${list(table.primaryKey)}) ${conflict}`;
}

/** Sets these columns of one row: their cells come first, then the key. */
export function patchSql(table: Table, columns: readonly string[]): string {
  const assign = columns.map((name) => `${quoteName(name)} = ?`).join(', ');
  return `UPDATE ${quoteName(table.name)} SET ${assign} WHERE ${isKey(table)}`;
}

/** Names of columns and the cells that start at `from` in a positional row, as one map. */
export function cellsAt(columns: readonly LocalColumn[], row: readonly Cell[], from: number): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    if (column) cells[column.name] = row[from + i] ?? null;
  }
  return cells;
}

export function list(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}

function isKey(table: Table): string {
  return table.primaryKey.map((name) => `${quoteName(name)} = ?`).join(' AND ');
}
