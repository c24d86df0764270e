/** What the store of a session shows when a call has resolved: in this thread, against a real server over loopback. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Sync } from '../../../src/client/sync.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { createSyncServer, type RunningServer, serve } from '../../../src/server/index.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import { createSync } from '../../../src/store/create-sync.ts';

const schema = defineSchema({
  version: 1,
  tables: { note: table({ id: t.text(), title: t.text() }, { conflict: 'manual' }) },
});

let server: RunningServer;
const open: Sync<typeof schema>[] = [];

beforeEach(async () => {
  const sync = createSyncServer({ schema, storage: sqliteStorage({ file: ':memory:' }) });
  server = await serve(sync, { port: 0, hostname: '127.0.0.1' });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((sync) => sync.close()));
  await server.close();
});

function device() {
  const sync = createSync({ schema, server: { url: server.url }, autoSync: false });
  open.push(sync);
  return sync;
}

test('a round by hand that has resolved is in the status, the cursors, the outbox and the events', async () => {
  const sync = device();
  const types: string[] = [];
  sync.subscribe(({ type }) => types.push(type));
  await sync.write((tx) => tx.insert('note', { id: 'a', title: 'one' }));
  await sync.sync();
  expect(sync.store.getState()).toMatchObject({
    status: { phase: 'synced', hasSynced: true, pendingCount: 0, isPushing: false, isPulling: false },
    cursors: [{ lag: 0, isComplete: true }],
    outbox: [],
  });
  expect(types.at(-1)).toBe('sync-finished');
});

test('pausing and resuming are in the status as soon as they have resolved', async () => {
  const sync = device();
  await sync.sync();
  await sync.pause('metered');
  await sync.pause('hidden');
  expect(sync.store.getState().status).toMatchObject({ phase: 'paused', pausedBy: ['metered', 'hidden'] });
  await sync.resume('metered');
  expect(sync.store.getState().status).toMatchObject({ phase: 'paused', pausedBy: ['hidden'] });
  await sync.resume('hidden');
  expect(sync.store.getState().status.pausedBy).toEqual([]);
});

test('a conflict is in the store when the round that found it has resolved, and gone from the open ones once resolved', async () => {
  const [a, b] = [device(), device()];
  await a.write((tx) => tx.insert('note', { id: 'a', title: 'one' }));
  await a.sync();
  await b.sync();
  await a.write((tx) => tx.update('note', 'a', { title: 'from a' }));
  await b.write((tx) => tx.update('note', 'a', { title: 'from b' }));
  await a.sync();
  await b.sync();
  const [conflict] = b.store.getState().conflicts;
  expect(conflict).toMatchObject({ state: 'open' });
  expect(b.store.getState().status.conflictCount).toBe(1);
  await b.conflicts.resolve(conflict?.id ?? '', 'local');
  expect(b.store.getState()).toMatchObject({ conflicts: [{ state: 'resolved' }], status: { conflictCount: 0 } });
});
