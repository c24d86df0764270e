/**
 * Strings that break software elsewhere, through the whole loop: a device, the real server over HTTP and its file, another device that
 * follows along, and one that comes later and gets a snapshot. They arrive as they were, or are refused with a typed error where
 * they were given.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSync, defineSchema, type Sync, SyncError, sql, t, table } from 'tidemark/core';
import { createSyncServer, type RunningServer, serve } from 'tidemark/server';
import { sqliteStorage } from 'tidemark/server/sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';

const hostile: Readonly<Record<string, string>> = {
  empty: '',
  space: ' \t\r\n ',
  'right to left': 'שלום \u202Eevil\u202C عالم',
  'zero width': 'a\u200Bb\u200Dc\uFEFFd',
  NUL: 'before\0after',
  'only NUL': '\0',
  SQL: `'); DROP TABLE thing; --`,
  quotes: `"'\`[]\\`,
  HTML: '<img src=x onerror="alert(1)"><script>alert(1)</script>&amp;',
  proto: '__proto__',
  constructor: 'constructor',
  emoji: '👩‍👩‍👧‍👦🏴‍☠️𝒳',
  NFC: 'é'.normalize('NFC'),
  NFD: 'é'.normalize('NFD'),
  controls: '\u0001\u001B[31m\u007F\u0085\u2028\u2029',
  'beyond the BMP': '\u{10FFFF}\u{1F4A9}',
  'not a character': '\uFFFE\uFFFF\uFFFD',
  wildcard: '*',
  colon: 'user:ada',
  number: '9007199254740993',
  JSON: '{"a":[1,null,"\\u0000"]}',
  date: '2026-02-31',
};
const cases = Object.entries(hostile);
const lone = ['\uD800', 'x\uDC00y', '\uDC00\uD800'];

const schema = defineSchema({
  version: 1,
  tables: {
    thing: table({ id: t.text(), name: t.text(), body: t.json<unknown>(), raw: t.blob() }),
    pair: table({ a: t.text(), b: t.text(), votes: t.counter() }, { primaryKey: ['a', 'b'] }),
    placed: table({ id: t.text(), place: t.text() }, { scope: { kind: 'place', by: 'place' } }),
    value: table({
      id: t.text(),
      real: t.real().nullable(),
      int64: t.bigint().nullable(),
      raw: t.blob().nullable(),
      at: t.timestamp().nullable(),
      day: t.date().nullable(),
      money: t.decimal().nullable(),
      body: t.json<unknown>().nullable(),
      flag: t.boolean().nullable(),
    }),
    // Words that SQL and JavaScript keep for themselves.
    order: table({ id: t.text(), select: t.text(), constructor: t.text(), toString: t.text(), rowid: t.text() }),
  },
});

const folder = mkdtempSync(join(tmpdir(), 'tidemark-hostile-'));
let running: RunningServer;
const opened: Sync[] = [];

beforeAll(async () => {
  running = await serve(
    createSyncServer({
      schema,
      storage: sqliteStorage({ file: join(folder, 'server.db') }),
      // The token is the subject.
      auth: ({ token }) => (token === null ? null : { id: decodeURIComponent(token) }),
      validate: {
        pair: ({ key }: { key: Readonly<Record<string, unknown>> }) => {
          // An emoji cut in two, as `slice` does it.
          if (key.a === 'refused') throw new SyncError('rejected', `Not this: ${'👍'.slice(0, 1)}`);
        },
      },
    }),
    { port: 0, hostname: '127.0.0.1' },
  );
});
afterAll(async () => {
  for (const sync of opened) await sync.close();
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

function device(subject: string, deviceName = 'device') {
  const sync = createSync({
    schema,
    server: { url: running.url, auth: () => encodeURIComponent(subject) },
    storage: { kind: 'memory', name: `hostile-${opened.length}` },
    deviceName,
  });
  opened.push(sync as unknown as Sync);
  return sync;
}

type Device = ReturnType<typeof device>;

const utf8 = (text: string) => new TextEncoder().encode(text);

async function everything(sync: Device) {
  await sync.sync();
  return {
    things: await sync.query(sql`SELECT * FROM thing ORDER BY id`),
    pairs: await sync.query(sql`SELECT * FROM pair ORDER BY a, b`),
    placed: await sync.query(sql`SELECT * FROM placed ORDER BY id`),
    orders: await sync.query(sql`SELECT * FROM "order" ORDER BY id`),
  };
}

test('they arrive as they were, on a device that follows and on one that comes later', async () => {
  const [first, second] = [device('ada'), device('ada')];
  await everything(second);
  const seen = second.liveQuery(sql`SELECT id, name FROM thing`);
  await seen.ready;

  for (const [about, text] of cases) {
    const receipt = await first.write(async (tx) => {
      const body = { [text]: [text, { [`${text}x`]: null }] };
      await tx.insert('thing', { id: text, name: text, body, raw: utf8(text) });
      await tx.insert('pair', { a: text, b: `${text}${text}` });
      await tx.run(sql`UPDATE pair SET votes = votes + 2 WHERE a = ${text}`);
      await tx.insert('placed', { id: about, place: text });
      await tx.insert('order', { id: text, select: text, constructor: text, toString: text, rowid: text });
    });
    expect([about, await receipt.settled]).toMatchObject([about, { outcome: 'applied' }]);
  }
  const written = await everything(first);
  expect(written.things.map(({ id }) => id).sort()).toEqual(cases.map(([, text]) => text).sort());
  for (const { id, name, body, raw } of written.things as {
    id: string;
    name: string;
    body: unknown;
    raw: Uint8Array;
  }[]) {
    expect([name, Object.keys(body as object), raw]).toEqual([id, [id], utf8(id)]);
  }
  expect(await everything(second)).toEqual(written);
  expect(new Set((seen.getSnapshot().rows as { id: string }[]).map(({ id }) => id))).toEqual(
    new Set(Object.values(hostile)),
  );
  seen.close();
  // Of a snapshot, not of the log.
  expect(await everything(device('ada'))).toEqual(written);

  // Changed and deleted by keys of the same kind.
  for (const [, text] of cases) {
    await second.write(async (tx) => {
      expect(await tx.update('thing', text, { name: `${text}!` })).toBe(true);
      expect(await tx.delete('pair', { a: text, b: `${text}${text}` })).toBe(true);
    });
  }
  await second.sync();
  const after = await everything(first);
  expect(after.pairs).toEqual([]);
  expect(after.things.every(({ id, name }) => name === `${id}!`)).toBe(true);
});

test('they name devices and people, each apart from the others', async () => {
  const people = cases.filter(([, text]) => text !== '').map(([, text]) => text);
  for (const text of people) {
    const sync = device(text, text);
    await sync.sync();
    expect((await sync.devices.list()).map(({ name }) => name)).toEqual([text]);
    await sync.devices.rename(`${text} renamed`);
    expect((await sync.devices.list()).map(({ name }) => name)).toEqual([`${text} renamed`]);
    await sync.close();
  }
});

test.each(lone)('a lone surrogate is refused where it is given: %j', async (text) => {
  const sync = device('ada');
  const refused = { name: 'SyncError', kind: 'invalid-value' };
  await expect(sync.write((tx) => tx.insert('placed', { id: text, place: 'x' }))).rejects.toMatchObject(refused);
  await expect(sync.write((tx) => tx.insert('placed', { id: 'x', place: text }))).rejects.toMatchObject(refused);
  await expect(
    sync.write((tx) => tx.insert('thing', { id: 'x', name: 'x', body: { [text]: 1 }, raw: utf8('x') })),
  ).resolves.toBeDefined();
  await expect(sync.query(sql`SELECT ${text}`)).rejects.toMatchObject(refused);
  // In the text of a statement too, where nothing marks it as a value.
  const literal = sql`INSERT INTO placed (id, place) VALUES ('x', ${sql.raw(`'${text}'`)})`;
  await expect(sync.write((tx) => tx.run(literal))).rejects.toMatchObject({ kind: 'invalid-query' });
  await expect(sync.devices.rename(text)).rejects.toMatchObject(refused);
  expect(() => device('ada', text)).toThrow(expect.objectContaining({ kind: 'misuse' }));
});

test('what is too long for its place is refused at write(), and what is long elsewhere arrives', async () => {
  const [first, second] = [device('ada'), device('ada')];
  const tooLarge = { name: 'SyncError', kind: 'too-large' };
  const long = '長'.repeat(5_000);
  await expect(first.write((tx) => tx.insert('placed', { id: long, place: 'x' }))).rejects.toMatchObject(tooLarge);
  await expect(first.write((tx) => tx.insert('placed', { id: 'x', place: 'x'.repeat(200) }))).rejects.toMatchObject(
    tooLarge,
  );
  await first.write((tx) => tx.insert('placed', { id: 'near', place: 'x' }));
  await expect(first.write((tx) => tx.run(sql`UPDATE placed SET place = ${long}`))).rejects.toMatchObject(tooLarge);
  expect(() => device('ada', 'x'.repeat(201))).toThrow(expect.objectContaining({ kind: 'misuse' }));
  const { settled } = await first.write((tx) =>
    tx.insert('thing', { id: 'long', name: long.repeat(100), body: long, raw: utf8(long) }),
  );
  expect(await settled).toMatchObject({ outcome: 'applied' });
  await second.sync();
  expect(await second.query(sql`SELECT name FROM thing WHERE id = 'long'`)).toEqual([{ name: long.repeat(100) }]);
});

test('values come back equal, bit for bit, on a device that follows and on one that comes later', async () => {
  const doubles = [
    0.1 + 0.2,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    -1e-7,
    2 ** 53 + 2,
    Infinity,
    -Infinity,
  ];
  const rows = [
    ...doubles.map((real) => ({ real })),
    ...[0n, -1n, 2n ** 53n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)].map((int64) => ({ int64 })),
    ...[Uint8Array.from({ length: 256 }, (_, i) => i), new Uint8Array(0), new Uint8Array(300_000).fill(255)].map(
      (raw) => ({ raw }),
    ),
    ...['2026-11-21T13:37:00.123456Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999+14:00'].map((at) => ({
      at,
    })),
    ...['2024-02-29', '0001-01-01', '9999-12-31'].map((day) => ({ day })),
    ...['0.1', '-123456789012345678901234567890.000000001', '1.10', '+5', '.5'].map((money) => ({ money })),
    ...[null, 'null', [], {}, { a: [1, { b: null }] }, 1e300, true].map((body) => ({ body })),
    ...[true, false].map((flag) => ({ flag })),
  ].map((value, index) => ({ id: `value-${index}`, ...value }));
  const [first, second] = [device('ada'), device('ada')];
  await second.sync();
  for (const row of rows) {
    const { settled } = await first.write((tx) => tx.insert('value', row));
    expect([row, await settled]).toMatchObject([row, { outcome: 'applied' }]);
  }
  for (const sync of [first, second, device('ada')]) {
    await sync.sync();
    for (const row of rows) {
      const [seen] = await sync.query(sql`SELECT * FROM value WHERE id = ${row.id}`);
      for (const [name, value] of Object.entries(row)) expect(seen?.[name], `${row.id}.${name}`).toStrictEqual(value);
    }
  }
  const refused = { name: 'SyncError', kind: 'invalid-value' };
  const bad: Record<string, unknown>[] = [
    { real: Number.NaN },
    { int64: 2n ** 63n },
    { int64: 1.5 },
    { at: 'yesterday' },
    { at: new Date(Number.NaN) },
    { day: '2026-02-30' },
    { money: '1e5' },
    { money: '1,5' },
    { flag: 'yes' },
    { raw: 'text' },
    { raw: new Uint16Array(2) },
    { body: () => 1 },
  ];
  for (const value of bad) {
    await expect(
      first.write((tx) => tx.insert('value', { id: 'bad', ...value } as never)),
      JSON.stringify(Object.keys(value)),
    ).rejects.toMatchObject(refused);
  }
});

test('words of the app that cut a character in two come through as far as they are text', async () => {
  const sync = device('ada');
  await sync.sync();
  const { settled } = await sync.write((tx) => tx.insert('pair', { a: 'refused', b: '' }));
  expect(await settled).toMatchObject({ outcome: 'rejected', reason: { message: 'Not this: \uFFFD' } });
});

test('a person without a usable name is told so, and nobody else is disturbed', async () => {
  const sync = device('x'.repeat(201));
  await expect(sync.sync()).rejects.toMatchObject({ kind: 'server' });
  await expect(device('ada').sync()).resolves.toBeDefined();
});

test.each([
  '',
  ' ',
  'a b',
  '1st',
  'naïve',
  'a;b',
  '"',
  '__proto__',
  'sqlite_x',
  '_tidemark_x',
  'x'.repeat(64),
  '表',
  'a\0b',
])('a table or column may not be called %j', (name) => {
  const columns = { id: t.text() };
  const bad = (define: () => unknown) => expect(define).toThrow(expect.objectContaining({ kind: 'invalid-schema' }));
  const named = <T>(value: T): Record<string, T> => Object.defineProperty({}, name, { value, enumerable: true });
  bad(() => defineSchema({ version: 1, tables: named(table(columns)) }));
  bad(() => defineSchema({ version: 1, tables: { fine: table({ ...columns, ...pick(named(t.text())) }) } }));
});

/** Spread would lose a column called `__proto__` in some engines' eyes; define it instead. */
function pick<T>(of: Record<string, T>): Record<string, T> {
  return of;
}
