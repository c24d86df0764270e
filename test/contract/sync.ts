/** What every `Sync` does, seen from an app: the real one, and the fake that stands in for it. */
import { afterEach, expect, test } from 'vitest';
import type { Sync } from '../../src/client/sync.ts';
import type { SyncEvent } from '../../src/client/types.ts';
import { defineSchema, t, table } from '../../src/core/schema.ts';
import { sql } from '../../src/core/sql.ts';

export const contractSchema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), title: t.text(), votes: t.counter() }, { conflict: 'manual' }),
  },
});

type ContractSync = Sync<typeof contractSchema>;

/** A device whose server is not reached unless the test says so. */
export interface SyncUnderTest {
  readonly sync: ContractSync;
  /** Has the server take everything that waits. */
  settleAll(): Promise<void>;
  /** Has the server refuse what waits. */
  rejectAll(): Promise<void>;
  /** Has this title meet another one on the server: an open conflict. Returns what the other side wrote. */
  makeConflict(): Promise<string>;
  close(): Promise<void>;
}

export function runSyncContract(name: string, open: () => Promise<SyncUnderTest>): void {
  const opened: SyncUnderTest[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));
  const start = async () => {
    const one = await open();
    opened.push(one);
    await one.sync.ready;
    return one;
  };
  const titled = (sync: ContractSync, id: string, title = id) => sync.write((tx) => tx.insert('issue', { id, title }));
  const status = (sync: ContractSync) => sync.store.getState().status;
  const ids = async (sync: ContractSync, query?: Parameters<ContractSync['outbox']['list']>[0]) =>
    (await sync.outbox.list(query)).map(({ mutationId }) => mutationId);

  test(`${name}: a write waits in the outbox, and everybody is told`, async () => {
    const { sync } = await start();
    const events: SyncEvent['type'][] = [];
    sync.subscribe(({ type }) => events.push(type));
    const receipt = await sync.write(async (tx) => {
      await tx.insert('issue', { id: 'a', title: 'A' });
      return 'result';
    });
    expect(receipt).toMatchObject({ mutationId: 1, result: 'result' });
    expect((await titled(sync, 'b')).mutationId).toBe(2);
    await expect.poll(() => status(sync).pendingCount).toBe(2);
    expect(status(sync).oldestPendingAt).toEqual(expect.any(Number));
    await expect.poll(() => events.filter((type) => type === 'mutation-written').length).toBe(2);
    expect((await sync.outbox.list()).map(({ state, tables, changeCount }) => [state, tables, changeCount])).toEqual([
      ['pending', ['issue'], 1],
      ['pending', ['issue'], 1],
    ]);
  });

  test(`${name}: a write that throws leaves nothing behind`, async () => {
    const { sync } = await start();
    const failing = sync.write(async (tx) => {
      await tx.insert('issue', { id: 'a', title: 'A' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await expect(sync.write((tx) => tx.insert('issue', { id: 'a', title: 5 as never }))).rejects.toMatchObject({
      kind: 'invalid-value',
    });
    expect(await sync.outbox.count()).toBe(0);
  });

  test(`${name}: the outbox is listed in pages and by filter`, async () => {
    const { sync } = await start();
    for (const id of ['a', 'b', 'ab']) await titled(sync, id);
    expect(await ids(sync, { offset: 1, limit: 1 })).toEqual([2]);
    expect(await ids(sync, { row: 'A' })).toEqual([1, 3]);
    expect(await ids(sync, { states: ['rejected'] })).toEqual([]);
    const [first] = await sync.outbox.list();
    expect(await ids(sync, { after: first?.position ?? 0 })).toEqual([2, 3]);
    expect(await ids(sync, { after: first?.position ?? 0, maxBytes: 1 })).toEqual([2]);
    expect(await sync.outbox.count({ table: 'issue', states: ['pending'] })).toBe(3);
  });

  test(`${name}: what the server takes leaves the outbox, and its receipt settles`, async () => {
    const { sync, settleAll } = await start();
    const receipt = await titled(sync, 'a');
    const row = sync.rowStatus('issue', 'a');
    const stop = row.subscribe(() => {});
    await expect.poll(() => row.getSnapshot()).toBe('pending');
    await settleAll();
    expect(await receipt.settled).toMatchObject({ mutationId: 1, outcome: 'applied' });
    await expect.poll(() => status(sync).pendingCount).toBe(0);
    await expect.poll(() => row.getSnapshot()).toBe('synced');
    expect(await ids(sync)).toEqual([]);
    stop();
  });

  test(`${name}: what the server refuses stays, with its reason, until it is retried or discarded`, async () => {
    const { sync, rejectAll } = await start();
    const receipt = await titled(sync, 'a');
    await titled(sync, 'b');
    await rejectAll();
    expect(await receipt.settled).toMatchObject({ outcome: 'rejected', reason: { message: expect.any(String) } });
    await expect.poll(() => status(sync).rejectedCount).toBe(2);
    const [first, second] = await sync.outbox.list({ states: ['rejected'] });
    expect(first?.reason?.message).not.toBe('');
    await sync.outbox.discard(first?.mutationId ?? 0);
    await sync.outbox.edit(second?.mutationId ?? 0, second?.changes ?? []);
    await expect.poll(() => status(sync).rejectedCount).toBe(0);
    expect((await sync.outbox.list()).map(({ state }) => state)).toEqual(['pending']);
    expect(await sync.outbox.retryAll()).toBe(0);
    await expect(sync.outbox.retry(99)).rejects.toMatchObject({ kind: 'not-found' });
    await expect(sync.outbox.discard(99)).rejects.toMatchObject({ kind: 'not-found' });
  });

  test(`${name}: unsent work goes into a file and comes back from it`, async () => {
    const { sync } = await start();
    await titled(sync, 'a');
    const file = await sync.outbox.export();
    expect(JSON.parse(file)).toMatchObject({ format: 'tidemark-outbox', mutations: [{ mutationId: 1 }] });
    expect(await sync.outbox.import(file)).toMatchObject({ writtenCount: 0, skipped: [{ mutationId: 1 }] });
    await sync.outbox.discard(1);
    expect(await sync.outbox.import(file)).toMatchObject({ writtenCount: 1, skipped: [] });
    expect(await ids(sync)).toEqual([2]);
    await expect(sync.outbox.import('{}')).rejects.toMatchObject({ kind: 'invalid-value' });
    await expect(sync.outbox.export({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' });
  });

  test(`${name}: a conflict is decided once, and stays in the history`, async () => {
    const { sync, makeConflict } = await start();
    const theirs = await makeConflict();
    await expect.poll(() => status(sync).conflictCount).toBe(1);
    const [conflict] = await sync.conflicts.list({ state: 'open' });
    expect(conflict).toMatchObject({ table: 'issue', kind: 'update-update', columns: ['title'], resolution: null });
    expect(conflict?.fields.title).toMatchObject({ local: 'mine', remote: theirs });
    await sync.conflicts.resolve(conflict?.id ?? '', 'remote');
    await expect.poll(() => status(sync).conflictCount).toBe(0);
    const [past] = await sync.conflicts.list({ state: 'resolved' });
    expect(past?.resolution).toMatchObject({ by: 'person', choice: 'remote', values: { title: theirs } });
    await expect(sync.conflicts.resolve('none', 'local')).rejects.toMatchObject({ kind: 'not-found' });
    expect(await sync.conflicts.resolveAll('local')).toBe(0);
  });

  test(`${name}: reasons to pause add up`, async () => {
    const { sync } = await start();
    await sync.pause('one');
    await sync.pause('two');
    await sync.pause('two');
    await expect.poll(() => status(sync)).toMatchObject({ phase: 'paused', pausedBy: ['one', 'two'] });
    await sync.resume('one');
    await expect.poll(() => status(sync).pausedBy).toEqual(['two']);
    await sync.resume('two');
    await expect.poll(() => status(sync).phase).not.toBe('paused');
  });

  test(`${name}: a live query tells its first rows, and nothing after it is closed`, async () => {
    const { sync } = await start();
    const live = sync.liveQuery(sql<{ id: string }>`SELECT id FROM issue ORDER BY id`);
    expect(live.getSnapshot().rows).toBeUndefined();
    let calls = 0;
    live.subscribe(() => {
      calls += 1;
    });
    expect(await live.ready).toEqual([]);
    await expect.poll(() => live.getSnapshot()).toMatchObject({ rows: [], error: null });
    expect(live.getSnapshot()).toBe(live.getSnapshot());
    live.close();
    const before = calls;
    await titled(sync, 'z');
    expect(calls).toBe(before);
  });

  test(`${name}: state that did not change keeps its identity`, async () => {
    const { sync } = await start();
    await titled(sync, 'a');
    await expect.poll(() => sync.store.getState().outbox.length).toBe(1);
    const before = sync.store.getState();
    await sync.pause('test');
    await expect.poll(() => status(sync).phase).toBe('paused');
    expect(sync.store.getState().outbox).toBe(before.outbox);
    expect(sync.inspect.store).toBe(sync.store);
  });
}
