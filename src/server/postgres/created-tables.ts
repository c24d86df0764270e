import { type Column, columnOf, type Table } from '../../core/schema.ts';
import { scopeColumn } from '../../core/scope.ts';
import { quoteName } from '../../core/sql.ts';
import { backfillCell } from '../../core/values.ts';
import { ownName } from './bound-table.ts';
import type { PgTable } from './catalog.ts';
import { toHex } from './connection.ts';
import { literal } from './install/capture-sql.ts';
import { CREATED_TYPES } from './types.ts';

/** Tables that the database does not have yet. Those that were there before tidemark belong to the user, and are left alone. */

export function createTableSql(of: Table, pgSchema: string): string {
  const columns = Object.keys(of.columns).map((name) => columnSql(of, name));
  const key = of.primaryKey.map(quoteName).join(', ');
  return [
    `CREATE TABLE ${quoteName(pgSchema)}.${quoteName(of.name)} (${columns.join(', ')}, PRIMARY KEY (${key}))`,
    ...indexedColumns(of).map((names) => indexSql(of, names, pgSchema)),
  ].join(';\n');
}

/** New columns, and columns that may be null from now on. Columns that the schema has dropped are kept. */
export function growTableSql(of: Table, found: PgTable, pgSchema: string): string[] {
  const table = `ALTER TABLE ${quoteName(pgSchema)}.${quoteName(of.name)}`;
  const changes = Object.entries(of.columns).flatMap(([name, column]) => {
    const existing = found.columns.get(name);
    if (!existing) return [`${table} ADD COLUMN ${columnSql(of, name)}`];
    return column.isNullable && !existing.isNullable ? [`${table} ALTER COLUMN ${quoteName(name)} DROP NOT NULL`] : [];
  });
  return [...changes, ...indexedColumns(of).map((names) => missingIndexSql(of, names, pgSchema))];
}

function columnSql(of: Table, name: string): string {
  const column = columnOf(of, name);
  const type = `${quoteName(name)} ${CREATED_TYPES[column.kind]}`;
  if (column.isNullable && column.defaultValue === undefined) return type;
  if (!column.isNullable && of.primaryKey.includes(name)) return `${type} NOT NULL`;
  return `${type} ${column.isNullable ? '' : 'NOT NULL '}DEFAULT ${defaultSql(column, `${of.name}.${name}`)}`;
}

function defaultSql(column: Column, where: string): string {
  const cell = backfillCell(column, where);
  if (cell === null) return 'NULL';
  if (column.kind === 'boolean') return cell === 0 ? 'false' : 'true';
  if (cell instanceof Uint8Array) return `'\\x${toHex(cell)}'::bytea`;
  return `${literal(String(cell))}::${CREATED_TYPES[column.kind]}`;
}

/** Those that were declared, and the one that leads from a parent to its children. */
function indexedColumns(of: Table): (readonly string[])[] {
  const column = scopeColumn(of);
  const isVia = typeof of.scope === 'object' && 'via' in of.scope;
  return [...of.indexes, ...(isVia && column !== null ? [[column]] : [])];
}

const indexName = (of: Table, names: readonly string[]) =>
  quoteName(ownName('tidemark', `${of.name}_${names.join('_')}`));

/** Even `IF NOT EXISTS` waits first for everybody who is writing to the table, and holds up those who come after. */
function missingIndexSql(of: Table, names: readonly string[], pgSchema: string): string {
  const known = literal(`${quoteName(pgSchema)}.${indexName(of, names)}`);
  return `DO $$ BEGIN IF to_regclass(${known}) IS NULL THEN ${indexSql(of, names, pgSchema)}; END IF; END $$`;
}

function indexSql(of: Table, names: readonly string[], pgSchema: string): string {
  const index = indexName(of, names);
  const columns = names.map(quoteName).join(', ');
  return `CREATE INDEX IF NOT EXISTS ${index} ON ${quoteName(pgSchema)}.${quoteName(of.name)} (${columns})`;
}
