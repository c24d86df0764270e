import type { KeyInput, WriteTransaction } from '../client/sync.ts';
import type { Change } from '../core/change.ts';
import { columnOf, type Schema, tableOf } from '../core/schema.ts';
import { toStatement } from '../core/sql.ts';
import { defaultCell, toCell, toKey } from '../core/values.ts';
import type { Cell } from '../shared/cell.ts';
import type { FakeAnswer } from './fake-live.ts';

/** A transaction that notes what it was told, as changes; its SQL is answered by the script. */
export function fakeTransaction(schema: Schema, answer: FakeAnswer, changes: Change[]): WriteTransaction {
  const cellsOf = (name: string, values: Readonly<Record<string, unknown>>) => {
    const cells: Record<string, Cell> = {};
    for (const [column, value] of Object.entries(values)) {
      cells[column] = toCell(columnOf(tableOf(schema, name), column), value, `${name}.${column}`);
    }
    return cells;
  };
  const insert = (name: string, row: Readonly<Record<string, unknown>>) => {
    const of = tableOf(schema, name);
    const given = cellsOf(name, row);
    const columns: Record<string, Cell> = {};
    for (const column of of.valueColumns) {
      columns[column] = given[column] ?? defaultCell(columnOf(of, column), `${name}.${column}`) ?? null;
    }
    changes.push({ table: name, key: toKey(of, row), op: 'put', columns });
  };
  const all = async (query: Parameters<typeof toStatement>[0]) => [...answer(toStatement(query))];
  const transaction = {
    run: async (query: Parameters<typeof toStatement>[0]) => (await all(query)).length,
    get: async (query: Parameters<typeof toStatement>[0]) => (await all(query))[0],
    all,
    insert: async (name: string, row: Readonly<Record<string, unknown>>) => insert(name, row),
    insertMany: async (name: string, rows: readonly Readonly<Record<string, unknown>>[]) => {
      for (const row of rows) insert(name, row);
    },
    update: async (name: string, key: KeyInput, values: Readonly<Record<string, unknown>>) => {
      changes.push({
        table: name,
        key: toKey(tableOf(schema, name), key),
        op: 'patch',
        columns: cellsOf(name, values),
      });
      return true;
    },
    delete: async (name: string, key: KeyInput) => {
      changes.push({ table: name, key: toKey(tableOf(schema, name), key), op: 'delete', columns: {} });
      return true;
    },
  };
  // The generic signatures are for callers; a script has rows of one type only.
  return transaction as unknown as WriteTransaction;
}
