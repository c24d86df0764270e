/** What `sync.inspect` tells and does, on a real engine against a real server over loopback sockets. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sync } from '../../../src/client/sync.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSyncServer, type RunningServer, serve } from '../../../src/server/index.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import { createSync } from '../../../src/store/create-sync.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), title: t.text().conflict('manual'), votes: t.counter() }),
    label: table({ issue_id: t.text(), name: t.text() }, { primaryKey: ['issue_id', 'name'] }),
  },
});

let server: RunningServer;
let tokensAsked: boolean[];
const open: Sync<typeof schema>[] = [];

beforeEach(async () => {
  tokensAsked = [];
  const sync = createSyncServer({
    schema,
    storage: sqliteStorage({ file: ':memory:' }),
    auth: ({ token }) => (token === 'secret-token' ? { id: 'anna' } : null),
  });
  server = await serve(sync, { port: 0, hostname: '127.0.0.1' });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((sync) => sync.close()));
  await server.close();
});

function device(url = server.url) {
  const auth = ({ refresh }: { refresh: boolean }) => {
    tokensAsked.push(refresh);
    return 'secret-token';
  };
  const sync = createSync({ schema, server: { url, auth } });
  open.push(sync);
  return sync;
}

const phase = (sync: Sync<typeof schema>) => sync.store.getState().status.phase;

async function synced() {
  const sync = device();
  await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'one' }));
  await expect.poll(() => phase(sync)).toBe('synced');
  return sync;
}

describe('rows', () => {
  test('come in the order of their key, page by page, with their state and what is confirmed of them', async () => {
    const sync = await synced();
    await sync.pause('test');
    await sync.write(async (tx) => {
      await tx.insert('issue', { id: 'b', title: 'two' });
      await tx.update('issue', 'a', { title: 'changed' });
    });
    const first = await sync.inspect.rows({ table: 'issue', limit: 1 });
    expect(first).toEqual({
      columns: ['id', 'title', 'votes'],
      rows: [
        {
          key: ['a'],
          cells: ['a', 'changed', 0],
          status: 'pending',
          confirmed: { state: 'exists', cells: ['a', 'one', 0] },
        },
      ],
      next: ['a'],
      rowCount: 2,
    });
    const second = await sync.inspect.rows({ table: 'issue', limit: 2, after: first.next });
    expect(second.next).toBeNull();
    expect(second.rows).toMatchObject([{ key: ['b'], confirmed: { state: 'unknown' } }]);
  });

  test('can be searched, and cut down to those the server has not confirmed, deleted ones too', async () => {
    const sync = await synced();
    await sync.write((tx) => tx.insert('issue', { id: 'b', title: 'TWO' }));
    await expect.poll(() => phase(sync)).toBe('synced');
    await sync.pause('test');
    await sync.write((tx) => tx.delete('issue', 'a'));
    expect((await sync.inspect.rows({ table: 'issue', search: 'two' })).rows.map(({ key }) => key)).toEqual([['b']]);
    expect((await sync.inspect.rows({ table: 'issue', unsyncedOnly: true })).rows).toEqual([
      { key: ['a'], cells: null, status: 'pending', confirmed: { state: 'exists', cells: ['a', 'one', 0] } },
    ]);
  });

  test('are read from the middle of a table, of what is searched too, and one by its key', async () => {
    const sync = await synced();
    await sync.pause('test');
    const titles = ['bay', 'buoy', 'cable', 'crane', 'dock'];
    await sync.write((tx) =>
      tx.insertMany(
        'issue',
        titles.map((title) => ({ id: title, title })),
      ),
    );
    await sync.write((tx) => tx.delete('issue', 'dock'));
    const keys = async (request: object) =>
      (await sync.inspect.rows({ table: 'issue', ...request })).rows.map(({ key }) => key[0]);
    expect(await keys({ offset: 2, limit: 2 })).toEqual(['buoy', 'cable']);
    expect(await keys({ offset: 1, after: ['bay'] })).toEqual(['cable', 'crane']);
    expect(await keys({ offset: 1, search: 'c' })).toEqual(['crane']);
    expect(await keys({ offset: 1, limit: 2, unsyncedOnly: true })).toEqual(['buoy', 'cable']);
    expect(await keys({ offset: 1, search: 'B', unsyncedOnly: true })).toEqual(['buoy', 'cable']);
    expect(await keys({ offset: 9 })).toEqual([]);
    expect(await keys({ key: ['crane'] })).toEqual(['crane']);
    expect(await keys({ key: ['nothing'] })).toEqual([]);
    expect(await sync.inspect.rows({ table: 'issue', key: ['dock'] })).toMatchObject({
      rows: [{ key: ['dock'], cells: null }],
      next: null,
      rowCount: 1,
    });
  });

  test('of composite keys are told apart by the whole key', async () => {
    const sync = await synced();
    await sync.write((tx) =>
      tx.insertMany(
        'label',
        ['x', 'y', 'z'].map((name) => ({ issue_id: 'a', name })),
      ),
    );
    const page = await sync.inspect.rows({ table: 'label', after: ['a', 'x'], limit: 1 });
    expect(page.rows.map(({ key }) => key)).toEqual([['a', 'y']]);
  });

  test('of a table that is not there are an error', async () => {
    const sync = await synced();
    await expect(sync.inspect.rows({ table: 'nothing' })).rejects.toMatchObject({ kind: 'not-found' });
  });
});

describe('live queries', () => {
  test('tell who follows them, and how and why they were brought up to date', async () => {
    const sync = await synced();
    const list = sync.liveQuery(sql`SELECT id, title FROM issue ORDER BY id`);
    const count = sync.liveQuery(sql`SELECT count(*) AS n FROM issue`);
    const stops = [list.subscribe(() => {}), list.subscribe(() => {}), count.subscribe(() => {})];
    await Promise.all([list.ready, count.ready]);
    await sync.write((tx) => tx.insert('issue', { id: 'b', title: 'two' }));
    // One that comes while a round holds the database is opened after the next one.
    const byText = async () => (await sync.inspect.liveQueries()).toSorted((a, b) => (a.sql < b.sql ? 1 : -1));
    // Bringing them up to date has a pace.
    await expect.poll(byText).toMatchObject([
      {
        sql: 'SELECT id, title FROM issue ORDER BY id',
        tablesRead: ['issue'],
        tabCount: 1,
        rowCount: 2,
        subscriberCount: 2,
        runCount: 2,
        incrementalCount: 1,
        lastUpdate: { how: 'incremental' },
        whyNeverIncremental: null,
      },
      {
        subscriberCount: 1,
        incrementalCount: 0,
        lastUpdate: { how: 're-run', why: 'a table that it reads changed' },
        whyNeverIncremental: 'it selects or sorts by something that is not a plain column',
      },
    ]);
    for (const stop of stops) stop();
  });
});

describe('frames', () => {
  test('are recorded from the first time somebody asks, decoded, and without the token', async () => {
    const sync = device();
    expect((await sync.inspect.frames()).frames).toEqual([]);
    await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'one' }));
    await expect.poll(async () => types(sync)).toEqual(expect.arrayContaining(['handshake', 'hello', 'push']));
    const { frames } = await sync.inspect.frames();
    const hello = frames.find(({ type }) => type === 'hello');
    expect(hello).toMatchObject({ direction: 'sent', channel: 'websocket', error: null });
    expect(await sync.inspect.frameContent(hello?.frameId ?? 0)).toMatchObject({ type: 'hello', token: '(hidden)' });
    expect(frames.every(({ sizeBytes }) => sizeBytes > 0)).toBe(true);
    const last = frames.at(-1)?.frameId ?? 0;
    expect((await sync.inspect.frames(last)).frames.every(({ frameId }) => frameId > last)).toBe(true);
  });

  test('of a server that cannot be reached tell why', async () => {
    await server.close();
    const sync = device();
    await sync.inspect.frames();
    await expect
      .poll(async () => (await sync.inspect.frames()).frames.map(({ error }) => error))
      .toContain('fetch failed');
  });
});

async function types(sync: Sync<typeof schema>): Promise<string[]> {
  return (await sync.inspect.frames()).frames.map(({ type }) => type);
}

describe('the lab', () => {
  test('goes offline and comes back; what was written meanwhile goes out then', async () => {
    const sync = await synced();
    await sync.inspect.lab.set({ offline: true });
    expect(sync.store.getState().lab).toMatchObject({ offline: true });
    await expect.poll(() => phase(sync)).toBe('offline');
    const receipt = await sync.write((tx) => tx.update('issue', 'a', { title: 'two' }));
    await expect.poll(() => sync.store.getState().status.pendingCount).toBe(1);
    await sync.inspect.lab.clear();
    expect(await receipt.settled).toMatchObject({ outcome: 'applied' });
    expect(sync.store.getState().lab).toBeNull();
  });

  test('has the server refuse the next mutation: a person retries it, and nothing is lost', async () => {
    const sync = await synced();
    await sync.inspect.lab.set({ rejectNext: true });
    const receipt = await sync.write((tx) => tx.update('issue', 'a', { title: 'two' }));
    expect(await receipt.settled).toMatchObject({ outcome: 'rejected', reason: { code: 'rejected' } });
    expect(sync.store.getState().lab).toBeNull();
    const [rejected] = await sync.outbox.list();
    await sync.outbox.retry(rejected?.mutationId ?? 0);
    await expect.poll(() => phase(sync)).toBe('synced');
    const other = device();
    await other.sync();
    expect(await other.query(sql`SELECT title FROM issue`)).toEqual([{ title: 'two' }]);
  });

  test('makes a real conflict out of the next change', async () => {
    const sync = await synced();
    await sync.inspect.lab.set({ conflictNext: true });
    const receipt = await sync.write((tx) => tx.update('issue', 'a', { title: 'mine' }));
    expect(await receipt.settled).toMatchObject({ outcome: 'conflict' });
    const [conflict] = await sync.conflicts.list({ state: 'open' });
    expect(conflict?.fields).toEqual({
      title: { base: 'one', local: 'mine', remote: 'mine (by another device)' },
    });
    await sync.conflicts.resolve(conflict?.id ?? '', 'local');
    await expect.poll(() => phase(sync)).toBe('synced');
    expect(await sync.query(sql`SELECT title FROM issue`)).toEqual([{ title: 'mine' }]);
  });

  test('lets the token expire: the app is asked for a new one, and sync goes on', async () => {
    const sync = await synced();
    tokensAsked = [];
    await sync.inspect.lab.set({ refuseToken: 'once' });
    await expect.poll(() => tokensAsked).toContain(true);
    const receipt = await sync.write((tx) => tx.update('issue', 'a', { title: 'two' }));
    expect(await receipt.settled).toMatchObject({ outcome: 'applied' });
  });

  test('signs the app out until that is lifted', async () => {
    const sync = await synced();
    await sync.inspect.lab.set({ refuseToken: 'always' });
    await expect.poll(() => phase(sync)).toBe('needs-auth');
    await sync.write((tx) => tx.update('issue', 'a', { title: 'two' }));
    await sync.inspect.lab.set({ refuseToken: 'never' });
    await expect.poll(() => phase(sync)).toBe('synced');
  });

  test('loses, repeats and delays messages; the outcome is the same', async () => {
    const sync = await synced();
    await sync.inspect.lab.set({ duplicates: true, latencyMs: 5, lossRate: 0.1 });
    for (let n = 0; n < 5; n++) await sync.write((tx) => tx.run(sql`UPDATE issue SET votes = votes + 1`));
    await expect.poll(() => phase(sync), { timeout: 20_000 }).toBe('synced');
    await sync.inspect.lab.clear();
    const other = device();
    await other.sync();
    expect(await other.query(sql`SELECT votes FROM issue`)).toEqual([{ votes: 5 }]);
  });

  test('skews the clock, within bounds', async () => {
    const sync = await synced();
    const skew = 1_800_000;
    await sync.inspect.lab.set({ clockSkewMs: skew });
    await sync.pause('test');
    await sync.write((tx) => tx.update('issue', 'a', { title: 'two' }));
    const [entry] = await sync.outbox.list();
    expect(entry?.createdAt).toBeGreaterThan(Date.now() + skew - 60_000);
    await expect(sync.inspect.lab.set({ clockSkewMs: 1e12 })).rejects.toMatchObject({ kind: 'misuse' });
  });

  test('is not there in a production build, unless it is forced', async () => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    try {
      const sync = device();
      expect(sync.inspect.lab.isAvailable).toBe(false);
      await expect(sync.inspect.lab.set({ offline: true })).rejects.toMatchObject({ kind: 'misuse' });
      await sync.inspect.lab.set({ offline: true }, { force: true });
      expect(sync.store.getState().lab).toMatchObject({ offline: true });
    } finally {
      process.env.NODE_ENV = before;
    }
  });
});
