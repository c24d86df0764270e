import { afterEach, describe, expect, test } from 'vitest';
import type { Sync, SyncOptions } from '../../../src/client/sync.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSync } from '../../../src/store/create-sync.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({
      id: t.text(),
      title: t.text(),
      done: t.boolean().default(false),
      labels: t.json<string[]>().default([]),
      votes: t.counter(),
      big: t.bigint().nullable(),
      bytes: t.blob().nullable(),
    }),
    tag: table({ issue: t.text(), name: t.text() }, { primaryKey: ['issue', 'name'] }),
  },
});

const open: Sync<typeof schema>[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sync) => sync.close()));
});

function local(options: Partial<SyncOptions<typeof schema>> = {}) {
  const sync = createSync({ schema, ...options });
  open.push(sync);
  return sync;
}

const all = sql<{ id: string; title: string }>`SELECT id, title FROM issue ORDER BY id`;

describe('a local app', () => {
  test('writes and reads rows in app values', async () => {
    const sync = local();
    const receipt = await sync.write(async (tx) => {
      await tx.insert('issue', { id: 'a', title: 'A', labels: ['x'], big: 2n ** 60n, bytes: new Uint8Array([1]) });
      await tx.insertMany('tag', [
        { issue: 'a', name: 'one' },
        { issue: 'a', name: 'two' },
      ]);
      expect(await tx.update('issue', 'a', { done: true })).toBe(true);
      expect(await tx.update('issue', 'none', { done: true })).toBe(false);
      expect(await tx.delete('tag', { issue: 'a', name: 'two' })).toBe(true);
      expect(await tx.run(sql`UPDATE issue SET votes = votes + 2`)).toBe(1);
      return (await tx.all(sql`SELECT * FROM tag`)).length;
    });
    expect(receipt).toMatchObject({ mutationId: null, result: 1 });
    expect(await receipt.settled).toMatchObject({ outcome: 'local' });
    expect(await sync.query(sql`SELECT * FROM issue`)).toEqual([
      { id: 'a', title: 'A', done: true, labels: ['x'], votes: 2, big: 2n ** 60n, bytes: new Uint8Array([1]) },
    ]);
  });

  test('leaves JSON as it is written when an update gives the same again', async () => {
    const sync = local();
    const text = async () => (await sync.query(sql<{ text: string }>`SELECT labels || '' AS text FROM issue`))[0]?.text;
    await sync.write(async (tx) => {
      await tx.insert('issue', { id: 'a', title: 'A' });
      await tx.run(sql`UPDATE issue SET labels = '["x",  "y"]'`);
      await tx.update('issue', 'a', { title: 'B', labels: ['x', 'y'] });
    });
    expect(await text()).toBe('["x",  "y"]');
    await sync.write((tx) => tx.update('issue', 'a', { labels: ['y', 'x'] }));
    expect(await text()).toBe('["y","x"]');
  });

  test('keeps nothing of a transaction that throws', async () => {
    const sync = local();
    const failed = sync.write(async (tx) => {
      await tx.insert('issue', { id: 'a', title: 'A' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await sync.query(all)).toEqual([]);
  });

  test('runs writes one after the other', async () => {
    const sync = local();
    await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'A' }));
    const increment = () =>
      sync.write(async (tx) => {
        const row = await tx.get(sql<{ votes: number }>`SELECT votes FROM issue`);
        await tx.update('issue', 'a', { votes: (row?.votes ?? 0) + 1 });
      });
    await Promise.all(Array.from({ length: 10 }, increment));
    expect(await sync.query(sql`SELECT votes FROM issue`)).toEqual([{ votes: 10 }]);
  });

  test('refuses sync features, typed', async () => {
    const sync = local();
    await expect(sync.sync()).rejects.toMatchObject({ kind: 'no-server' });
    await expect(sync.devices.list()).rejects.toMatchObject({ kind: 'no-server' });
    await sync.ready;
    expect(sync.store.getState().status.phase).toBe('local');
  });

  test('runs the SQL of this device', async () => {
    const sync = local({ localSchema: ['CREATE VIEW IF NOT EXISTS titles AS SELECT title FROM issue'] });
    await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'A' }));
    expect(await sync.query(sql`SELECT * FROM titles`)).toEqual([{ title: 'A' }]);
  });

  test('tells why it cannot open, from every call', async () => {
    const sync = local({ localSchema: ['THIS IS NO SQL'] });
    await expect(sync.ready).rejects.toMatchObject({ kind: 'invalid-schema' });
    await expect(sync.query(all)).rejects.toMatchObject({ kind: 'invalid-schema' });
    expect(sync.store.getState().status).toMatchObject({ phase: 'error', error: { kind: 'invalid-schema' } });
  });

  test('answers closed after close, which may be called twice', async () => {
    const sync = local();
    await sync.ready;
    await sync.close();
    await sync.close();
    await expect(sync.query(all)).rejects.toMatchObject({ kind: 'closed' });
    await expect(sync.write((tx) => tx.insert('issue', { id: 'a', title: 'A' }))).rejects.toMatchObject({
      kind: 'closed',
    });
  });

  test('costs nothing when a page is only rendered: a relative server is no error before it is used', async () => {
    const sync = createSync({ schema, server: { url: '/sync' } });
    expect(sync.store.getState().status.phase).toBe('starting');
    await expect(sync.ready).rejects.toMatchObject({ kind: 'misuse' });
  });
});

describe('a live query', () => {
  test('shows what a commit changed and keeps the other rows', async () => {
    const sync = local();
    const live = sync.liveQuery(all);
    expect(await live.ready).toEqual([]);
    const seen: number[] = [];
    const stop = live.subscribe(() => seen.push(live.getSnapshot().rows?.length ?? -1));
    await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'A' }));
    await expect.poll(() => live.getSnapshot().rows).toEqual([{ id: 'a', title: 'A' }]);
    const [first] = live.getSnapshot().rows ?? [];
    await sync.write((tx) => tx.insert('issue', { id: 'b', title: 'B' }));
    await expect.poll(() => live.getSnapshot().rows?.length).toBe(2);
    expect(live.getSnapshot().rows?.[0]).toBe(first);
    expect(live.getSnapshot().tables).toEqual(['issue']);
    expect(live.getSnapshot()).toBe(live.getSnapshot());
    expect(seen).toEqual([1, 2]);
    stop();
    live.close();
  });

  test('is one for equal statements', async () => {
    const sync = local();
    const handles = [1, 2, 3].map(() => sync.liveQuery(sql`SELECT id FROM issue WHERE title = ${'A'}`));
    await Promise.all(handles.map((live) => live.ready));
    expect(await sync.inspect.liveQueries()).toHaveLength(1);
    expect(new Set(handles.map((live) => live.getSnapshot())).size).toBe(1);
  });

  test('tells an error of its SQL', async () => {
    const sync = local();
    const live = sync.liveQuery(sql`SELECT nothing FROM nowhere`);
    await expect(live.ready).rejects.toMatchObject({ kind: 'invalid-query' });
    expect(live.getSnapshot()).toMatchObject({ rows: undefined, error: { kind: 'invalid-query' } });
  });
});

describe('wiping', () => {
  test('leaves an empty database that works', async () => {
    const sync = local();
    await sync.write((tx) => tx.insert('issue', { id: 'a', title: 'A' }));
    expect(await sync.wipe({ unsent: 'refuse' })).toBeNull();
    expect(await sync.query(all)).toEqual([]);
    await sync.write((tx) => tx.insert('issue', { id: 'b', title: 'B' }));
    expect(await sync.query(all)).toHaveLength(1);
  });
});
