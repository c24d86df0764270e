import type { Change } from '../core/change.ts';
import { columnOf, type InferInsert, type Schema, tableOf } from '../core/schema.ts';
import { defaultCell, toCell, toKey } from '../core/values.ts';
import type { Cell } from '../shared/cell.ts';

/** Rows by table, as `tx.insert` takes them. */
export type TestRows<S extends Schema> = { readonly [N in keyof S['tables'] & string]?: readonly InferInsert<S, N>[] };

/** The rows as changes that put them. */
export function putsOf<S extends Schema>(schema: S, rows: TestRows<S>): Change[] {
  return Object.entries(rows).flatMap(([table, list]) =>
    ((list ?? []) as readonly Record<string, unknown>[]).map((row) => putOf(schema, table, row)),
  );
}

/** @throws SyncError `invalid-value` or `not-found` when the row does not fit its table. */
export function putOf(schema: Schema, table: string, row: Readonly<Record<string, unknown>>): Change {
  const of = tableOf(schema, table);
  for (const name of Object.keys(row)) columnOf(of, name);
  const columns: Record<string, Cell> = {};
  for (const name of of.valueColumns) {
    const column = columnOf(of, name);
    const where = `${table}.${name}`;
    const given = row[name];
    columns[name] =
      given === undefined
        ? (defaultCell(column, where) ?? toCell(column, undefined, where))
        : toCell(column, given, where);
  }
  return { table, key: toKey(of, row), op: 'put', columns };
}
