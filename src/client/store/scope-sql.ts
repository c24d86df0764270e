import type { SharedWhen, Table } from '../../core/schema.ts';
import { flagCell } from '../../core/scope.ts';
import { quoteName } from '../../core/sql.ts';
import type { Cell } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ScopeInfo } from '../types.ts';
import type { LocalTables } from './local-table.ts';

/** The scope of a row of `table`, called `alias` in the statement around it; null where its parent is not here. */
export function scopeSql(table: Table, tables: LocalTables, alias: string): string {
  const rule = table.scope;
  if (typeof rule === 'string') return text(rule);
  if ('by' in rule) {
    const column = `${alias}.${quoteName(rule.by)}`;
    const value = table.columns[rule.by]?.kind === 'blob' ? `lower(hex(${column}))` : `CAST(${column} AS TEXT)`;
    const shared = rule.sharedWhen
      ? `WHEN ${isSharedSql(table, rule.sharedWhen, alias)} THEN ${text(rule.sharedWhen.scope)} `
      : '';
    return `CASE ${shared}WHEN ${column} IS NULL THEN ${text(rule.whenNull ?? rule.kind)} ELSE ${text(`${rule.kind}:`)} || ${value} END`;
  }
  const parent = tables.get(rule.table);
  const [key] = parent?.keys ?? [];
  if (!parent || !key) return 'NULL';
  const inner = `${alias}p`;
  const up = scopeSql(parent.table, tables, inner);
  return `(SELECT ${up} FROM ${quoteName(parent.name)} AS ${inner} WHERE ${inner}.${quoteName(key.name)} = ${alias}.${quoteName(rule.via)})`;
}

function isSharedSql(table: Table, { column, is, isNot }: SharedWhen, alias: string): string {
  const values = (is ?? isNot).map((value) => literal(flagCell(table, column, value)));
  return `${alias}.${quoteName(column)} ${is === undefined ? 'NOT IN' : 'IN'} (${values.join(', ')})`;
}

function literal(cell: Cell): string {
  return typeof cell === 'string' ? text(cell) : String(cell);
}

/** The rows of all tables, counted by scope. */
export function scopeRows(database: LocalDatabase, tables: LocalTables): ScopeInfo[] {
  const counts = new Map<string | null, number>();
  for (const of of tables.values()) {
    const sql = `SELECT ${scopeSql(of.table, tables, 't0')}, count(*) FROM ${quoteName(of.name)} AS t0 GROUP BY 1`;
    for (const [cell, count] of database.read(sql).rows) {
      const scope = cell === null || cell === undefined ? null : String(cell);
      counts.set(scope, (counts.get(scope) ?? 0) + Number(count));
    }
  }
  return [...counts].map(([scope, rowCount]) => ({ scope, rowCount }));
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
