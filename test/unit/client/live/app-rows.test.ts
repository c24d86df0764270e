import { describe, expect, test } from 'vitest';
import { toAppRows } from '../../../../src/client/live/app-rows.ts';
import { applyDelta } from '../../../../src/client/live/apply-delta.ts';
import { defineSchema, t, table } from '../../../../src/core/schema.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    a: table({ id: t.integer(), done: t.boolean(), tags: t.json<string[]>(), big: t.bigint(), bytes: t.blob() }),
  },
});

describe('app rows', () => {
  test('have the values their columns promise, through views, aliases and subqueries', async () => {
    const database = await openMemoryDatabase();
    database.exec(`
      CREATE TABLE a (id INTEGER PRIMARY KEY, done INTEGER, tags TEXT, big INTEGER, bytes BLOB) STRICT;
      INSERT INTO a VALUES (1, 1, '["x"]', 5, x'0102'), (2, 0, 'null', NULL, NULL);
      CREATE VIEW v AS SELECT id, done AS isDone, tags, big, bytes FROM a;
    `);
    const result = database.read(
      'SELECT v.*, done + 1 AS more FROM v JOIN (SELECT id AS key, done FROM a) ON key = v.id',
    );
    expect(toAppRows(schema, result)).toEqual([
      { id: 1, isDone: true, tags: ['x'], big: 5n, bytes: Uint8Array.of(1, 2), more: 2 },
      { id: 2, isDone: false, tags: null, big: null, bytes: null, more: 1 },
    ]);
    database.close();
  });

  test('of a delta are refused when a delta between is missing', () => {
    const first = applyDelta(schema, null, {
      version: 1,
      columns: [{ name: 'n', table: null, column: null }],
      runs: [],
    });
    expect(() => applyDelta(schema, first, { version: 3, runs: [] })).toThrow(/version 1 and received 3/);
    expect(() => applyDelta(schema, null, { version: 2, runs: [] })).toThrow();
  });
});
