import { custom } from '../../../src/core/policy.ts';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';

/** Every conflict policy, rows that move between scopes, and the tables that the invariants are read from. */
const tables = {
  // An entry and its increment are one transaction: wherever one looks, a total is the sum of its entries.
  tally: table({ id: t.text(), total: t.counter() }),
  entry: table({ id: t.text(), author: t.text(), tally: t.text(), amount: t.integer() }),
  // Both halves are always written together, with one nonce.
  left_half: table({ id: t.text(), nonce: t.text() }, { conflict: 'last-write-wins' }),
  right_half: table({ id: t.text(), nonce: t.text() }, { conflict: 'last-write-wins' }),
  // Each device writes its own row, and counts up.
  reg: table({ id: t.text(), n: t.integer() }),
  list: table({ id: t.text(), name: t.text(), owner: t.text() }, { scope: { kind: 'owner', by: 'owner' } }),
  item: table(
    { list_id: t.text(), n: t.integer(), title: t.text(), note: t.text().nullable(), votes: t.counter() },
    { primaryKey: ['list_id', 'n'], scope: { via: 'list_id', table: 'list' } },
  ),
  // Below lists, as items are, for people to decide about.
  chore: table(
    { id: t.text(), list_id: t.text(), text: t.text() },
    { scope: { via: 'list_id', table: 'list' }, conflict: 'manual' },
  ),
  memo: table({ id: t.text(), text: t.text() }, { conflict: 'manual' }),
  of_server: table({ id: t.text(), a: t.text(), b: t.text() }, { conflict: 'server-wins' }),
  of_client: table({ id: t.text(), a: t.text(), b: t.text() }, { conflict: 'client-wins' }),
  of_last: table({ id: t.text(), a: t.text(), b: t.text() }, { conflict: 'last-write-wins' }),
  of_app: table({ id: t.text(), a: t.text(), b: t.text() }, { conflict: custom(() => undefined) }),
  val: table({ id: t.text(), x: t.real(), big: t.bigint(), bytes: t.blob(), text: t.text() }),
};

/** What comes with the second version of the app: a column, and a table. */
const later = {
  item: table(
    {
      list_id: t.text(),
      n: t.integer(),
      title: t.text(),
      note: t.text().nullable(),
      votes: t.counter(),
      mark: t.text().nullable(),
    },
    { primaryKey: ['list_id', 'n'], scope: { via: 'list_id', table: 'list' } },
  ),
  later: table({ id: t.text(), text: t.text() }, { conflict: 'last-write-wins' }),
};

/** By version of the app, from 1. */
export const schemas: readonly [Schema, Schema] = [
  defineSchema({ version: 1, tables }),
  defineSchema({ version: 2, tables: { ...tables, ...later } }),
];

export const TALLIES = ['t0', 't1', 't2'] as const;
