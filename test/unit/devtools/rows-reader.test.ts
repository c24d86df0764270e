/** What the Data view reads of a large table, on a real engine. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RowsReader, type RowsWindow } from '../../../devtools/views/data/rows-reader.ts';
import type { RowsRequest } from '../../../src/client/inspection.ts';
import type { Sync } from '../../../src/client/sync.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import type { RowKey } from '../../../src/shared/cell.ts';
import { createSync } from '../../../src/store/create-sync.ts';

const schema = defineSchema({ version: 1, tables: { issue: table({ id: t.text(), title: t.text() }) } });
const ROWS = 3_000;
const idOf = (n: number) => `i-${String(n).padStart(4, '0')}`;

let sync: Sync<typeof schema>;
let requests: RowsRequest[];
let windows: RowsWindow[];
const readers: RowsReader[] = [];

beforeEach(() => {
  [requests, windows] = [[], []];
  // A server that is never asked: writes wait, and are told of.
  return fill(
    createSync({ schema, storage: { kind: 'memory' }, server: { url: 'http://localhost' }, autoSync: false }),
  );
});
async function fill(opened: typeof sync): Promise<void> {
  sync = opened;
  const rows = Array.from({ length: ROWS }, (_, n) => ({ id: idOf(n), title: `Title ${n}` }));
  await sync.write((tx) => tx.insertMany('issue', rows));
}
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  await sync.close();
});

function open(filter: Omit<RowsRequest, 'table'> = {}, followed: RowKey | null = null): RowsReader {
  const { inspect } = sync;
  const rows = (request: RowsRequest) => {
    requests.push(request);
    return inspect.rows(request);
  };
  const watched = { inspect: { ...inspect, rows }, subscribe: sync.subscribe, store: sync.store } as unknown as Sync;
  const reader = new RowsReader(watched, {
    filter: { table: 'issue', ...filter },
    followed,
    show: (window) => windows.push(window),
  });
  readers.push(reader);
  return reader;
}

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 });
const shown = () => windows.at(-1);
const first = () => shown()?.rows[0]?.key[0];
const titleOf = (id: string) => shown()?.rows.find(({ key }) => key[0] === id)?.cells?.[1];

test('of a long table, the rows around the screen are read, and read on from a known key', async () => {
  const reader = open();
  reader.showRange(0, 20);
  await eventually(shown).toMatchObject({ offset: 0, count: ROWS, hasMore: false });
  expect(shown()?.rows).toHaveLength(100);
  reader.showRange(90, 110);
  await eventually(first).toBe(idOf(0));
  reader.showRange(150, 170);
  await eventually(first).toBe(idOf(100));
  expect(requests.at(-1)).toMatchObject({ after: [idOf(99)], limit: 150 });
  reader.showRange(2_900, 2_920);
  await eventually(first).toBe(idOf(2_850));
  expect(shown()?.rows).toHaveLength(150);
  expect(shown()?.count).toBe(ROWS);
});

test('a change has these rows read anew, from the key before them; those that are the same stay the same objects', async () => {
  const reader = open();
  reader.showRange(1_500, 1_520);
  await eventually(first).toBe(idOf(1_450));
  const before = shown();
  requests.length = 0;
  await sync.write((tx) => tx.update('issue', idOf(1_505), { title: 'Changed' }));
  await eventually(() => titleOf(idOf(1_505))).toBe('Changed');
  expect(requests).toEqual([{ table: 'issue', after: [idOf(1_449)], limit: 150 }]);
  expect(shown()?.rows[0]).toBe(before?.rows[0]);
  expect(shown()?.columns).toBe(before?.columns);
});

test('rows that come above leave those on the screen where they are, and count', async () => {
  const reader = open();
  reader.showRange(1_500, 1_520);
  await eventually(first).toBe(idOf(1_450));
  await sync.write((tx) => tx.insert('issue', { id: 'a-first', title: 'First' }));
  await eventually(() => shown()?.count).toBe(ROWS + 1);
  expect(first()).toBe(idOf(1_450));
});

test('when so many rows are there no longer, it begins at the top', async () => {
  const reader = open();
  reader.showRange(2_900, 2_920);
  await eventually(first).toBe(idOf(2_850));
  await sync.write((tx) => tx.run({ sql: 'DELETE FROM issue WHERE id > ?', parameters: [idOf(49)] }));
  await eventually(() => shown()?.rows).toHaveLength(0);
  reader.showRange(2_800, 2_820);
  await eventually(shown).toMatchObject({ offset: 0, count: 50 });
});

test('of a search the count is known as far as it was read, and stays known on the way back', async () => {
  const reader = open({ search: 'Title' });
  reader.showRange(0, 20);
  await eventually(shown).toMatchObject({ count: 100, hasMore: true });
  reader.showRange(80, 99);
  await eventually(shown).toMatchObject({ count: 150, hasMore: true });
  reader.showRange(0, 20);
  await eventually(() => shown()?.rows.length).toBe(100);
  expect(shown()).toMatchObject({ offset: 0, count: 150, hasMore: true });
});

test('a row that is followed is kept current wherever it is, and told of when it is deleted', async () => {
  const reader = open();
  reader.showRange(0, 20);
  await eventually(first).toBe(idOf(0));
  reader.follow([idOf(2_000)]);
  await eventually(() => shown()?.followed?.cells?.[1]).toBe('Title 2000');
  await sync.write((tx) => tx.update('issue', idOf(2_000), { title: 'Changed' }));
  await eventually(() => shown()?.followed?.cells?.[1]).toBe('Changed');
  await sync.write((tx) => tx.delete('issue', idOf(2_000)));
  await eventually(() => shown()?.followed).toMatchObject({ cells: null, status: 'pending' });
});

test('a reader that begins with a row to follow never shows a list without it', async () => {
  const reader = open({ search: 'Title 1' }, [idOf(2_000)]);
  reader.showRange(0, 20);
  await eventually(first).toBe(idOf(1));
  reader.follow([idOf(2_000)]);
  reader.showRange(80, 99);
  await eventually(() => shown()?.rows.length).toBe(150);
  expect(windows.map((window) => window.followed?.key)).toEqual(windows.map(() => [idOf(2_000)]));
});

test('without a server, which has nothing said of a write, it looks again', async () => {
  await sync.close();
  await fill(createSync({ schema, storage: { kind: 'memory' } }));
  const reader = open();
  reader.showRange(0, 20);
  await eventually(first).toBe(idOf(0));
  await sync.write((tx) => tx.update('issue', idOf(7), { title: 'Changed' }));
  await eventually(() => titleOf(idOf(7))).toBe('Changed');
});
