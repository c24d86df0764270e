import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ChangedRows } from '../local-store.ts';
import type { LocalTables } from './local-table.ts';

/** A table of this device alone: made by localSchema, not by the schema. */
export function isLocalOnly(tables: LocalTables, name: string): boolean {
  return !tables.has(name) && !name.startsWith('_tidemark_');
}

/** Adds the tables of this device alone that triggers on the changed ones write to, such as full-text indexes. */
export function withSideTables(
  { database, tables }: { readonly database: LocalDatabase; readonly tables: LocalTables },
  changed: ChangedRows,
): ChangedRows {
  const all = new Map(changed);
  for (const name of changed.keys()) {
    const of = tables.get(name);
    if (!of) continue;
    for (const sql of [of.putSql, of.deleteSql]) {
      for (const side of database.analyze(sql).tablesWritten) if (isLocalOnly(tables, side)) all.set(side, '*');
    }
  }
  return all;
}
