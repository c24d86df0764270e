import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toAppRows } from '../../../../src/client/live/app-rows.ts';
import { applyDelta, type LiveRows } from '../../../../src/client/live/apply-delta.ts';
import { compareCells } from '../../../../src/client/live/compare-cells.ts';
import { LiveRegistry } from '../../../../src/client/live/live-registry.ts';
import { WindowQuery, windowQuery } from '../../../../src/client/live/window-query.ts';
import { createTableSql } from '../../../../src/core/ddl.ts';
import { defineSchema, t, table } from '../../../../src/core/schema.ts';
import { type Cell, keyText } from '../../../../src/shared/cell.ts';
import { systemRuntime } from '../../../../src/shared/runtime.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    item: table(
      {
        a: t.text(),
        b: t.integer(),
        n: t.integer().nullable(),
        r: t.real(),
        s: t.text().nullable(),
      },
      { primaryKey: ['a', 'b'] },
    ),
    word: table({ name: t.text() }, { primaryKey: ['name'] }),
  },
});

/** Row by row kept queries, with their parameters. */
const KEPT: readonly (readonly [sql: string, ...parameters: Cell[]])[] = [
  ['SELECT * FROM item ORDER BY a, b'],
  ['SELECT * FROM item ORDER BY n DESC, a, b LIMIT 5'],
  ['SELECT s, r FROM item WHERE n > ? ORDER BY s, a DESC, b LIMIT ?', 1, 4],
  ['select x.s AS text, x.a from item as x where x.n IS NOT NULL -- all\n order by x.r desc, a, b limit 6;'],
  ["SELECT a, b, s FROM item WHERE s LIKE '%' || ? OR (n IN (1, 2) AND r < 2.5) ORDER BY s DESC, n, a, b LIMIT 3", 'a'],
  ['SELECT "b" AS "B b", item.a FROM "item" WHERE coalesce(n, 0) < 3 ORDER BY "n" LIMIT 4'],
  ['SELECT a, n FROM item ORDER BY n LIMIT 0'],
  ['SELECT * FROM item WHERE n = ? AND 1', 2],
  ['SELECT s FROM item'],
  ['SELECT a, s FROM item LIMIT ?', 5],
  ['SELECT r FROM item ORDER BY r LIMIT ?', -1],
];

const NOT_KEPT = [
  'SELECT count(*) FROM item',
  'SELECT count(*) FROM item ORDER BY 1',
  'SELECT max(a) FROM item ORDER BY a',
  'SELECT DISTINCT n FROM item ORDER BY n',
  'SELECT n FROM item GROUP BY n ORDER BY n',
  'SELECT * FROM item ORDER BY n LIMIT 2 OFFSET 1',
  'SELECT * FROM item ORDER BY n LIMIT 1, 2',
  'SELECT * FROM item ORDER BY abs(n)',
  'SELECT * FROM item ORDER BY 1',
  'SELECT * FROM item ORDER BY s COLLATE NOCASE',
  'SELECT * FROM item ORDER BY s NULLS LAST',
  'SELECT -n AS n FROM item ORDER BY n',
  'SELECT s AS a FROM item ORDER BY a',
  'SELECT * FROM item x, item y ORDER BY x.a',
  'SELECT x.a FROM item x JOIN item y ORDER BY x.a',
  'SELECT a FROM item UNION SELECT s FROM item ORDER BY a',
  'SELECT a, (SELECT max(n) FROM item) FROM item ORDER BY a',
  'SELECT a FROM item WHERE n = (SELECT max(n) FROM item) ORDER BY a',
  'SELECT a FROM (SELECT a FROM item) ORDER BY a',
  'WITH x AS (SELECT * FROM item) SELECT a FROM x ORDER BY a',
  'SELECT row_number() OVER () FROM item ORDER BY a',
  'SELECT a FROM item WHERE random() > 0 ORDER BY a',
  "SELECT a FROM item WHERE s < date('now') ORDER BY a",
  'SELECT a FROM item WHERE s < CURRENT_DATE ORDER BY a',
  'SELECT name FROM word WHERE name IN word',
  'SELECT a FROM item WHERE s = ?1 ORDER BY a',
  'SELECT a FROM item WHERE s = :name ORDER BY a',
  'SELECT a FROM item_view ORDER BY a',
];

async function open(): Promise<LocalDatabase> {
  const database = await openMemoryDatabase();
  for (const one of Object.values(schema.tables)) database.exec(createTableSql(one));
  database.exec('CREATE INDEX item_n ON item (n, s); CREATE VIEW item_view AS SELECT * FROM item');
  return database;
}

function kept(database: LocalDatabase, sql: string, parameters: readonly Cell[] = []): WindowQuery | null {
  const tables = new Set(database.analyze(sql).tablesRead);
  return windowQuery({ database, schema }, { sql, parameters }, tables);
}

const text = fc.constantFrom('', 'a', 'b', 'ba', 'Z', 'é', '\uFFFD', '\u{1F600}', '\uE000');
const change = fc.record({
  a: fc.constantFrom('k', 'l', 'm'),
  b: fc.integer({ min: 0, max: 3 }),
  row: fc.option(
    fc.record({
      n: fc.option(fc.integer({ min: 0, max: 4 })),
      r: fc.constantFrom(0, -0, 1, 1.5, 2.5, 1e300),
      s: fc.option(text),
    }),
    { freq: 3 },
  ),
});
const commits = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function write(database: LocalDatabase, { a, b, row }: Change): string {
  if (row) database.run('REPLACE INTO item VALUES (?, ?, ?, ?, ?)', [a, b, row.n, row.r, row.s]);
  else database.run('DELETE FROM item WHERE a = ? AND b = ?', [a, b]);
  return keyText([a, b]);
}

describe('a window kept row by row', () => {
  test('is what running the query again gives, whatever changes', async () => {
    const database = await open();
    const queries = KEPT.map(([sql, ...parameters]) => ({ sql, parameters }));
    fc.assert(
      fc.property(commits, (steps) => {
        database.exec('DELETE FROM item');
        const live = new LiveRegistry({ schema, database, runtime: { ...systemRuntime, elapsed: () => 0 } });
        const shown = queries.map((statement) => {
          const follower = { rows: null as LiveRows | null };
          live.open(statement, {
            onDelta: (delta) => {
              follower.rows = applyDelta(schema, follower.rows, delta);
            },
            onError: ({ message }) => {
              throw new Error(message);
            },
          });
          return { statement, follower };
        });
        for (const changes of steps) {
          const keys = new Set(changes.map((one) => write(database, one)));
          live.changed(new Map([['item', keys]]));
          for (const { statement, follower } of shown) {
            expectSame(database, statement, follower.rows?.rows ?? []);
          }
        }
      }),
      { numRuns: 100 },
    );
    database.close();
  }, 30_000);

  test('does not run the whole query again for a row that changes, moves, comes or goes', async () => {
    const database = await open();
    for (let b = 0; b < 100; b++) database.run('INSERT INTO item VALUES (?, ?, ?, 0, ?)', ['k', b, b * 10, 'x']);
    const query = kept(database, 'SELECT b, s FROM item WHERE s = ? ORDER BY n LIMIT 50', ['x']);
    let rows = query?.read().rows ?? [];
    const update = (sql: string, b: number) => {
      database.run(sql);
      const next = query?.update(rows, new Set([keyText(['k', b])])) ?? null;
      if (next) rows = next;
      return next?.map(([id]) => id);
    };
    const first = Array.from({ length: 50 }, (_, b) => b);
    expect(update('UPDATE item SET r = 5 WHERE b = 3', 3)).toEqual(first);
    expect(update('UPDATE item SET n = -1 WHERE b = 7', 7)).toEqual([7, ...first.filter((b) => b !== 7)]);
    expect(update('UPDATE item SET n = 5 WHERE b = 90', 90)?.slice(0, 4)).toEqual([7, 0, 90, 1]);
    expect(rows.length).toBe(50);
    expect(update('UPDATE item SET n = 9999 WHERE b = 99', 99)).toEqual(rows.map(([b]) => b));
    // Somebody from beyond the limit comes in.
    expect(update('DELETE FROM item WHERE b = 1', 1)).toBeUndefined();
    database.close();
  });

  test.each(KEPT.map(([sql, ...parameters]) => ({ sql, parameters })))('may be $sql', async ({ sql, parameters }) => {
    const database = await open();
    expect(kept(database, sql, parameters)).toBeInstanceOf(WindowQuery);
    database.close();
  });

  test.each(NOT_KEPT)('may not be %s', async (sql) => {
    const database = await open();
    const parameters = Array.from({ length: database.analyze(sql).parameterCount }, () => 'x');
    expect(kept(database, sql, parameters)).toBeNull();
    database.close();
  });
});

test('cells compare as SQLite sorts them', async () => {
  const database = await openMemoryDatabase();
  const cell = fc.oneof(
    fc.constant(null),
    text,
    fc.integer(),
    fc.constantFrom<Cell>(2n ** 60n, 2n ** 60n + 1n, -(2n ** 62n), 0.5, -0.5, 1e300, 2 ** 53),
    fc.uint8Array({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(cell, cell, (a, b) => {
      const { rows } = database.read('SELECT column1 FROM (VALUES (?, 1), (?, 2)) ORDER BY column1, column2', [a, b]);
      const isSame = database.read('SELECT ? IS ?', [a, b]).rows[0]?.[0] === 1;
      const order = compareCells(a, b);
      expect(Math.sign(order)).toBe(isSame ? 0 : keyText([rows[0]?.[0] ?? null]) === keyText([a]) ? -1 : 1);
    }),
    { numRuns: 2_000 },
  );
  database.close();
});

/** Equal as far as the order of the query goes: rows with equal sort keys may stand in any order, or stand for each other. */
function expectSame(
  database: LocalDatabase,
  statement: { sql: string; parameters: Cell[] },
  shown: readonly unknown[],
): void {
  const again = toAppRows(schema, database.read(statement.sql, statement.parameters));
  const isTotal = /order by .*\bb\b/i.test(statement.sql.replaceAll('\n', ' '));
  if (isTotal) {
    expect(shown).toEqual(again);
    return;
  }
  expect(shown.length).toBe(again.length);
  const { sql, parameters } = statement;
  const bound = /LIMIT \?/.test(sql) ? parameters.slice(0, -1) : parameters;
  const everything = toAppRows(schema, database.read(sql.replace(/LIMIT.*/, ''), bound));
  for (const row of shown) expect(everything).toContainEqual(row);
}
