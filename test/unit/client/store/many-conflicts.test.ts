import { expect, test } from 'vitest';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import type { ConflictReport } from '../../../../src/protocol/messages/push.ts';
import type { LocalDatabase } from '../../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import { all, openStore, page, response, write } from './store-helpers.ts';

/** So many issues edited twice here and once elsewhere: each has an open conflict, and a vote that waits behind it. */
async function manyConflicts(count: number, database: LocalDatabase, remoteHlc = '0000000000010000') {
  const { store } = await openStore({ database });
  const ids = Array.from({ length: count }, (_, n) => `i${n}`);
  const rows = ids.map((id) => [id, 'Base', 0]);
  store.applyChain(
    page({ from: 0, seq: 1, snapshot: [{ table: 'issue', columns: ['id', 'title', 'votes'], rows }] }),
    1,
  );
  for (const id of ids) write(store, ["UPDATE issue SET title = 'mine' WHERE id = ?", id]);
  for (const id of ids) write(store, ['UPDATE issue SET votes = votes + 1 WHERE id = ?', id]);
  store.nextPush(LIMITS.maxRequestBytes);
  const report = (id: string): ConflictReport => ({
    table: 'issue',
    key: [id],
    kind: 'update-update',
    columns: ['title'],
    remote: { title: 'theirs', votes: 0 },
    remoteSeq: 2,
    remoteAuthor: { clientId: 'other', hlc: remoteHlc },
    decided: {},
  });
  const outcomes = ids.map((id, n) => ({ mutationId: n + 1, outcome: 'conflict' as const, conflicts: [report(id)] }));
  store.settle({ ...response(outcomes, 2), waiting: ids.map((_, n) => count + n + 1) }, 3);
  return store;
}

const openIds = (store: { conflicts(filter: { state: 'open' }): { id: string }[] }) =>
  store.conflicts({ state: 'open' }).map(({ id }) => id);

test('many conflicts answered alike become as many mutations, and what waited for them goes after them', async () => {
  const database = await openMemoryDatabase();
  const store = await manyConflicts(20, database);
  const kept = openIds(store)[0] ?? '';
  store.resolveConflict(kept, 'remote', { by: 'person', now: 4 });
  const result = store.resolveConflicts([kept, 'unknown', ...openIds(store)], 'local', 5);
  expect(result.resolved).toHaveLength(19);
  expect(result.mutationIds).toEqual(Array.from({ length: 19 }, (_, n) => 41 + n));
  expect(store.conflict(kept)?.resolution?.choice).toBe('remote');
  expect(store.conflict('unknown')).toBeNull();
  expect(store.counts()).toMatchObject({ openConflictCount: 0, conflictedCount: 0, pendingCount: 39 });
  const sent = store.nextPush(LIMITS.maxRequestBytes)?.mutations ?? [];
  expect(sent).toHaveLength(39);
  expect(sent.slice(0, 19).every(({ mutationId }) => mutationId > 40)).toBe(true);
  expect(sent.slice(19).every(({ mutationId }) => mutationId > 20 && mutationId <= 40)).toBe(true);
  expect(all(database, "SELECT count(*) AS n FROM issue WHERE title = 'mine' AND votes = 1")).toEqual([{ n: 19 }]);
});

test('answered by the later write, each is won by the side that wrote later', async () => {
  const choices = async (remoteHlc: string) => {
    const store = await manyConflicts(3, await openMemoryDatabase(), remoteHlc);
    expect(store.resolveConflicts(openIds(store), 'later', 5).resolved).toHaveLength(3);
    return store.conflicts({ state: 'resolved' }).map(({ resolution }) => resolution?.choice);
  };
  expect(await choices('0000000000010000')).toEqual(['local', 'local', 'local']);
  expect(await choices('7fffffffffff0000')).toEqual(['remote', 'remote', 'remote']);
});

test('the work for each conflict is the same, however many there are', async () => {
  const steps = async (count: number) => {
    const database = await openMemoryDatabase();
    const store = await manyConflicts(count, database);
    const ids = openIds(store);
    const counted = countRows(database);
    store.resolveConflicts(ids, 'local', 5);
    return counted() / count;
  };
  expect(await steps(300)).toBeLessThan((await steps(30)) * 1.5);
});

/** How many steps of SQLite's machine are taken from here on, as far as statements and rows tell. */
function countRows(database: LocalDatabase): () => number {
  let count = 0;
  const { read, run } = database;
  database.read = (...call) => {
    const result = read.apply(database, call);
    count += 1 + result.rows.length;
    return result;
  };
  database.run = (...call) => {
    count += 1;
    return run.apply(database, call);
  };
  return () => count;
}
