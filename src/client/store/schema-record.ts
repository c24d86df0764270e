import type { Schema, Table } from '../../core/schema.ts';
import { columnOf } from '../../core/schema.ts';
import { SQLITE_TYPES } from '../../core/values.ts';

/** What was created, as noted in the database: enough to tell later what has changed. */
export interface SchemaRecord {
  readonly version: number;
  readonly tables: Readonly<Record<string, TableRecord>>;
}

export interface TableRecord {
  readonly columns: Readonly<Record<string, { readonly type: string; readonly isNullable: boolean }>>;
  readonly key: readonly string[];
}

export function recordSchema(schema: Schema): SchemaRecord {
  const tables = Object.entries(schema.tables).map(([name, table]) => [name, recordTable(table)]);
  return { version: schema.version, tables: Object.fromEntries(tables) };
}

export function recordTable(table: Table): TableRecord {
  const columns = Object.keys(table.columns).map((name) => {
    const { kind, isNullable } = columnOf(table, name);
    return [name, { type: SQLITE_TYPES[kind], isNullable }];
  });
  return { columns: Object.fromEntries(columns), key: table.primaryKey };
}

/** What it takes to get from one table to the other. `add`: only these columns are new. */
export type TableStep =
  | { readonly kind: 'none' }
  | { readonly kind: 'create' }
  | { readonly kind: 'add'; readonly columns: readonly string[] }
  | { readonly kind: 'rebuild' };

export function stepTo(to: TableRecord, from: TableRecord | undefined): TableStep {
  if (from === undefined) return { kind: 'create' };
  const isSame = (name: string) => {
    const [a, b] = [from.columns[name], to.columns[name]];
    return a !== undefined && b !== undefined && a.type === b.type && a.isNullable === b.isNullable;
  };
  if (from.key.join() !== to.key.join() || !Object.keys(from.columns).every(isSame)) return { kind: 'rebuild' };
  const columns = Object.keys(to.columns).filter((name) => from.columns[name] === undefined);
  return columns.length === 0 ? { kind: 'none' } : { kind: 'add', columns };
}
