/** Every type on its whole way: Postgres, the wire, SQLite in a browser, a component that renders it, and back. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSyncServer } from '../../src/server/edge/create-sync-server.ts';
import { type RunningServer, serve } from '../../src/server/edge/serve.ts';
import { postgresStorage } from '../../src/server/postgres/index.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { typesSchema } from './harness/schemas.ts';
import { synced, World } from './harness/world.ts';

const TABLES = `
  CREATE TYPE mood AS ENUM ('sad', 'o"k', 'happy');
  CREATE TABLE sample (
    id uuid PRIMARY KEY, instant timestamptz, local_time timestamp, day date, amount numeric, price numeric(10, 2),
    doc jsonb, raw json, tags text[], numbers bigint[], bytes bytea, mood mood, small smallint, big bigint, whole integer,
    single real, double double precision, flag boolean, name varchar(20), votes integer NOT NULL DEFAULT 0,
    total integer GENERATED ALWAYS AS (coalesce(small, 0) + votes) STORED,
    serial bigint GENERATED ALWAYS AS IDENTITY
  )`;

type Values = Readonly<Record<string, unknown>>;

/** The edges of each type, as SQL that another program writes and as what a component is to be given. */
const EDGES: Readonly<Record<string, readonly (readonly [sql: string, value: unknown])[]>> = {
  instant: [
    [`'2026-11-21 13:12:05.123456+00'`, '2026-11-21T13:12:05.123456Z'],
    [`'0099-01-01 00:00:00+00'`, '0099-01-01T00:00:00.000Z'],
    [`'2026-03-29 02:30:00.5+02'`, '2026-03-29T00:30:00.500Z'],
  ],
  local_time: [[`'2026-03-29 02:30:00.000001'`, '2026-03-29T02:30:00.000001Z']],
  day: [
    [`'2024-02-29'`, '2024-02-29'],
    [`'0001-01-01'`, '0001-01-01'],
  ],
  amount: [
    ['123456789012345678901234567890.00010', '123456789012345678901234567890.00010'],
    ['-0.1', '-0.1'],
    ['0.00', '0.00'],
  ],
  price: [['-12345678.90', '-12345678.90']],
  doc: [
    [`'{"b": [1, null, "ü"], "a": {"x": 0.1}}'`, { a: { x: 0.1 }, b: [1, null, 'ü'] }],
    [`'"text"'`, 'text'],
    [`'[]'`, []],
  ],
  raw: [[`'{"b": 1,  "a":[1.5, true]}'`, { b: 1, a: [1.5, true] }]],
  tags: [
    [`ARRAY['a', 'b"c\\', NULL, '{x,y}', '']`, ['a', 'b"c\\', null, '{x,y}', '']],
    [`'{}'`, []],
  ],
  numbers: [['ARRAY[9007199254740991, NULL, -1]', [9007199254740991, null, -1]]],
  bytes: [
    [`'\\x00015cff'`, new Uint8Array([0, 1, 0x5c, 0xff])],
    [`''`, new Uint8Array()],
  ],
  mood: [[`'o"k'`, 'o"k']],
  small: [
    ['-32768', -32768],
    ['32767', 32767],
  ],
  big: [
    ['9223372036854775807', 2n ** 63n - 1n],
    ['-9223372036854775808', -(2n ** 63n)],
    ['0', 0n],
  ],
  whole: [['-2147483648', -2147483648]],
  single: [
    ['0.1', 0.10000000149011612],
    ['1e-45', 1.401298464324817e-45],
  ],
  double: [
    ['5e-324', 5e-324],
    ['1.7976931348623157e308', 1.7976931348623157e308],
    ['0.1::float8 + 0.2::float8', 0.1 + 0.2],
    [`'-Infinity'`, Number.NEGATIVE_INFINITY],
  ],
  flag: [
    ['true', true],
    ['false', false],
  ],
  name: [
    [`'naïve 🌊 e\u0301'`, 'naïve 🌊 e\u0301'],
    [`''`, ''],
  ],
};
const COLUMNS = Object.keys(EDGES);
/** Each row takes the next edge of each column; the last has nothing at all. */
const ROW_COUNT = Math.max(...Object.values(EDGES).map(({ length }) => length)) + 1;
const idOf = (row: number) => `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`;
const edgeOf = (column: string, row: number) => {
  const edges = EDGES[column] ?? [];
  return row === ROW_COUNT - 1 ? (['NULL', null] as const) : edges[row % edges.length];
};
const valuesOf = (row: number): Values =>
  Object.fromEntries(COLUMNS.map((column) => [column, edgeOf(column, row)?.[1]]));
const ALL_ROWS = Array.from({ length: ROW_COUNT }, (_, row) => row);

let database: TestDatabase;
let running: RunningServer;
let world: World;
let page: Page;

beforeAll(async () => {
  database = await createDatabase();
  await database.sql.unsafe(TABLES);
  for (const row of ALL_ROWS) {
    const cells = COLUMNS.map((column) => edgeOf(column, row)?.[0]);
    await database.sql.unsafe(
      `INSERT INTO sample (id, votes, ${COLUMNS.join(', ')}) VALUES ('${idOf(row)}', ${row}, ${cells.join(', ')})`,
    );
  }
  const server = createSyncServer({
    schema: typesSchema,
    storage: postgresStorage({ url: database.url, maxConnections: 3 }),
    cors: { origins: '*' },
  });
  running = await serve(server, { port: 0 });
  world = new World('types');
  await world.startPages();
  page = await world.openDevice('browser', { server: running.url, show: 'sample' });
  await synced(page);
});
afterAll(async () => {
  await world?.close();
  await running?.close();
  await database?.drop();
});

/** The rows that the component was given, once there are so many. */
async function shown(count = ROW_COUNT): Promise<Values[]> {
  await page.waitForFunction((wanted) => window.device.shown?.length === wanted, count);
  return page.evaluate(() => [...(window.device.shown ?? [])]);
}

/** The rows as Postgres itself writes them. */
async function written(): Promise<string[]> {
  const rows = await database.sql<{ row: string }[]>`SELECT sample::text AS row FROM sample ORDER BY id`;
  return rows.map(({ row }) => row);
}

/** Blanks in a `json` are the writer's own: what is written in the page has none. */
const squeezed = (text: string) => text.replaceAll(' ', '');
/** A row without its key, and without what the database makes of it. */
const content = (text: string) => squeezed(text).split(',').slice(1, -3).join();

/** Writes whole rows in the page: what a form does that saves every field. */
async function save(rows: readonly Values[]): Promise<unknown> {
  return page.evaluate(async (given) => {
    const receipt = await window.device.sync.write(async (tx) => {
      for (const { id, ...values } of given) await tx.update('sample', String(id), values);
    });
    const { outcome, reason } = await receipt.settled;
    return reason ?? outcome;
  }, rows);
}

describe('a row of another program', () => {
  test('is given to a component as the schema says, to the last bit', async () => {
    const rows = await shown();
    for (const row of ALL_ROWS) {
      expect(rows[row]).toStrictEqual({
        id: idOf(row),
        ...valuesOf(row),
        votes: row,
        total: Number(valuesOf(row).small ?? 0) + row,
        serial: BigInt(row + 1),
      });
    }
  });

  test('stays what it is when a form saves all of it unchanged', async () => {
    const before = await written();
    const rows = await shown();
    expect(await save(rows)).toBe('applied');
    await synced(page);
    expect(await written()).toEqual(before);
    expect(await shown()).toStrictEqual(rows);
  });

  test('comes back to what it was after it was changed to something else and back, in the page', async () => {
    const before = await written();
    const rows = await shown();
    const moved = rows.map((row, index) => {
      const { total: _, serial: __, votes: ___, ...rest } = row;
      return { ...rest, ...valuesOf((index + 1) % ROW_COUNT) };
    });
    expect(await save(moved)).toBe('applied');
    await synced(page);
    const between = await written();
    expect(between.map(content)).toEqual([...before.slice(1), before[0] ?? ''].map(content));
    const back = rows.map(({ total: _, serial: __, votes: ___, ...rest }) => rest);
    expect(await save(back)).toBe('applied');
    await synced(page);
    expect((await written()).map(squeezed)).toEqual(before.map(squeezed));
    expect(await shown()).toStrictEqual(rows);
  });
});

test('a row that is made in the page is the same in Postgres, and gets what the database makes of it', async () => {
  const id = idOf(77);
  const values = valuesOf(0);
  await page.evaluate(
    async (row) => {
      const receipt = await window.device.sync.write((tx) => tx.insert('sample', { ...row, votes: 5 }));
      await receipt.settled;
    },
    { id, ...values },
  );
  await synced(page);
  const made = (await shown(ROW_COUNT + 1)).at(-1);
  expect(made).toStrictEqual({ id, ...values, votes: 5, total: 5 - 32768, serial: BigInt(ROW_COUNT + 1) });
  const [first, last] = [(await written())[0] ?? '', (await written()).at(-1) ?? ''];
  expect(content(last)).toBe(content(first));
});

test('what SQLite cannot hold stays in Postgres what it is, while the page changes the rest of its row', async () => {
  const id = idOf(88);
  const sql = database.sql;
  await sql`INSERT INTO sample (id, double, instant) VALUES (${id}, 'NaN', 'infinity')`;
  const negative = idOf(89);
  await sql`INSERT INTO sample (id, double) VALUES (${negative}, '-0')`;
  const rows = (await shown(ROW_COUNT + 3)).slice(-2);
  expect(rows[0]).toMatchObject({ double: null, instant: 'infinity' });
  expect(await save(rows.map((row) => ({ id: row.id, name: 'changed' })))).toBe('applied');
  const kept =
    await sql`SELECT double::text, instant::text, name FROM sample WHERE id IN (${id}, ${negative}) ORDER BY id`;
  expect([...kept]).toEqual([
    { double: 'NaN', instant: 'infinity', name: 'changed' },
    { double: '-0', instant: null, name: 'changed' },
  ]);
});
