import { defineSchema, t, table } from 'tidemark/core';
import { conflictBetween, createFakeSync, type FakeState } from 'tidemark/testing';
import { describe, expect, test } from 'vitest';

const schema = defineSchema({
  version: 1,
  tables: { issue: table({ id: t.text(), title: t.text(), votes: t.counter() }) },
});
const rows = { issue: [{ id: 'a', title: 'Gulls', votes: 1 }] };
const conflict = conflictBetween({
  id: 'c1',
  mutationId: 90,
  table: 'issue',
  key: { id: 'a' },
  fields: { title: { base: 'Gulls', local: 'Gulls!', remote: 'Gulls?' } },
});
const fake = (state: FakeState = {}) => createFakeSync({ schema, state, inspection: { rows }, now: () => 1_000 });
const statusOf = (sync: ReturnType<typeof fake>) => sync.store.getState().status;
const rowsOf = async (sync: ReturnType<typeof fake>) => (await sync.inspect.rows({ table: 'issue' })).rows;

describe('the phase of a scripted device', () => {
  test('follows from what waits, and follows again when that changes', async () => {
    const sync = fake({ conflicts: [conflict] });
    expect(statusOf(sync)).toMatchObject({ phase: 'blocked', conflictCount: 1, lastSyncedAt: 1_000 });
    await sync.write((tx) => tx.update('issue', 'a', { title: 'Terns' }));
    expect(statusOf(sync)).toMatchObject({ phase: 'pending', pendingCount: 1 });
    sync.settle({ mutationId: 1, outcome: 'rejected', seq: null, reason: { code: 'rejected', message: 'No.' } });
    await sync.conflicts.resolve('c1', 'local');
    expect(statusOf(sync).phase).toBe('blocked');
    await sync.outbox.discard(1);
    expect(statusOf(sync).phase).toBe('synced');
  });

  test('stays as it was scripted where something is the matter', async () => {
    const sync = fake({ status: { phase: 'offline' } });
    await sync.write((tx) => tx.update('issue', 'a', { title: 'Terns' }));
    expect(statusOf(sync)).toMatchObject({ phase: 'offline', connection: 'closed', isOnline: false, pendingCount: 1 });
    sync.setState({ status: { lastSyncedAt: 5 } });
    expect(statusOf(sync).phase).toBe('offline');
  });

  test('is that of a device at rest again after a round or a pause', async () => {
    const cursors = [
      { scope: 'public', cursor: { epoch: 'e', seq: 3 }, head: 9, lag: 6, isComplete: true, isFollowed: true },
    ];
    const sync = fake({ cursors, conflicts: [conflict], status: { phase: 'offline' } });
    await sync.pull();
    expect(statusOf(sync)).toMatchObject({ phase: 'blocked', connection: 'open', isOnline: true });
    expect(sync.store.getState().cursors).toMatchObject([{ cursor: { epoch: 'e', seq: 9 }, lag: 0 }]);
    await sync.pause('app');
    expect(statusOf(sync).phase).toBe('paused');
    await sync.resume('app');
    expect(statusOf(sync).phase).toBe('blocked');
  });

  test('without a server it has never synced', () => {
    expect(statusOf(fake({ status: { phase: 'local' } }))).toMatchObject({ hasSynced: false, lastSyncedAt: null });
  });
});

describe('the rows of a scripted device', () => {
  test('show what was written, beside what the server has confirmed', async () => {
    const sync = fake();
    await sync.write((tx) => tx.update('issue', 'a', { title: 'Terns' }));
    await sync.write((tx) => tx.insert('issue', { id: 'b', title: 'Buoys', votes: 0 }));
    expect(await rowsOf(sync)).toEqual([
      {
        key: ['a'],
        cells: ['a', 'Terns', 1],
        status: 'pending',
        confirmed: { state: 'exists', cells: ['a', 'Gulls', 1] },
      },
      { key: ['b'], cells: ['b', 'Buoys', 0], status: 'pending', confirmed: { state: 'unknown' } },
    ]);
    sync.settle({ mutationId: 2, outcome: 'rejected', seq: null, reason: { code: 'rejected', message: 'No.' } });
    expect((await rowsOf(sync)).map(({ key }) => key)).toEqual([['a']]);
  });

  test('tell what is deleted here, and what is deleted there', async () => {
    const sync = fake();
    sync.setInspection({ deletedThere: { issue: [{ id: 'a' }] } });
    await sync.write((tx) => tx.update('issue', 'a', { title: 'Terns' }));
    expect(await rowsOf(sync)).toMatchObject([{ cells: ['a', 'Terns', 1], confirmed: { state: 'deleted' } }]);
    sync.setInspection({ deletedThere: {} });
    await sync.write((tx) => tx.delete('issue', 'a'));
    expect(await rowsOf(sync)).toMatchObject([
      { cells: null, confirmed: { state: 'exists', cells: ['a', 'Gulls', 1] } },
    ]);
  });
});
