import { expect, test } from 'vitest';
import type { ConflictInput, Resolution } from '../../../../src/core/policy.ts';
import { device } from './support/harness.ts';

/** A device whose first mutation is answered with a conflict. */
function disputed(resolve: (conflict: ConflictInput) => Promise<Resolution | null>, decides = ['issue']) {
  const made = device({ decides, resolve });
  made.server.verdict = (mutationId) => (mutationId === 1 ? 'conflict' : 'applied');
  return made;
}

test('K1: the app decides a conflict, and its answer goes up in the same round', async () => {
  const asked: ConflictInput[] = [];
  const { store, start, loop, eventsOf, phase } = disputed(async (conflict) => {
    asked.push(conflict);
    return { merged: { title: 'd' } };
  });
  store.write();
  await start();
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ table: 'issue', kind: 'update-update', localIsLater: true });
  expect(asked[0]).not.toHaveProperty('id');
  expect(store.resolutions).toEqual([{ id: '1.0', resolution: { merged: { title: 'd' } } }]);
  expect(store.outcomes()).toEqual(['conflict', 'applied']);
  expect(loop.history()).toHaveLength(1);
  expect(eventsOf('conflict-detected')).toHaveLength(1);
  expect(eventsOf('conflict-resolved')).toHaveLength(1);
  expect(phase()).toBe('synced');
});

test('pushes name the tables the app decides', async () => {
  const { store, server, start } = disputed(async () => null);
  store.write();
  await start();
  expect(server.pushes[0]?.decides).toEqual(['issue']);
});

test('K2: a conflict nobody decides stays open, and is put before the app once', async () => {
  let asked = 0;
  const { store, start, runtime, phase, loop } = disputed(async () => {
    asked += 1;
    return null;
  });
  store.write();
  await start();
  await runtime.advance(600_000);
  expect(asked).toBe(1);
  expect(phase()).toBe('blocked');
  await Promise.all([loop.run('sync'), runtime.advance(0)]);
  expect(asked).toBe(2);
});

test('K3: a resolver that throws is told of, and the conflict stays open', async () => {
  const { store, start, eventsOf, phase } = disputed(async () => {
    throw new Error('no idea');
  });
  store.write();
  await start();
  expect(eventsOf('resolver-failed')).toMatchObject([{ conflictId: '1.0', error: { kind: 'misuse' } }]);
  expect(phase()).toBe('blocked');
});

test('K4: a resolver that takes its time holds nothing up, and counts when it answers', async () => {
  let answer: (resolution: Resolution) => void = () => {};
  const { store, start, write, runtime, phase } = disputed(() => new Promise((resolve) => (answer = resolve)));
  store.write();
  await start();
  await runtime.advance(5_000);
  write();
  await runtime.advance(100);
  expect(store.outcomes()).toEqual(['conflict', 'applied']);
  answer('local');
  await runtime.advance(100);
  expect(store.outcomes()).toEqual(['conflict', 'applied', 'applied']);
  expect(phase()).toBe('synced');
});

test('a person who is quicker than the resolver wins', async () => {
  let answer: (resolution: Resolution) => void = () => {};
  const { store, start, runtime, eventsOf } = disputed(() => new Promise((resolve) => (answer = resolve)));
  store.write();
  await start();
  await runtime.advance(5_000);
  store.isInside = () => true;
  store.resolveConflict('1.0', 'remote');
  answer('local');
  await runtime.advance(100);
  expect(store.resolutions).toEqual([{ id: '1.0', resolution: 'remote' }]);
  expect(eventsOf('resolver-failed')).toEqual([]);
});

test('conflicts of other tables are left to a person', async () => {
  let asked = 0;
  const { store, start, phase } = disputed(async () => {
    asked += 1;
    return 'local';
  }, ['note']);
  store.write();
  await start();
  expect(asked).toBe(0);
  expect(phase()).toBe('blocked');
});

test('conflicts left from the last time are put before the app at the start', async () => {
  const { store, start, phase } = device({ decides: ['issue'], resolve: async () => 'remote' });
  store.openConflict('9.0');
  await start();
  expect(store.resolutions).toEqual([{ id: '9.0', resolution: 'remote' }]);
  expect(phase()).toBe('synced');
});

test('nothing is recorded after the close', async () => {
  let answer: (resolution: Resolution) => void = () => {};
  const { store, start, runtime, loop } = disputed(() => new Promise((resolve) => (answer = resolve)));
  store.write();
  await start();
  await loop.close();
  expect(runtime.timerCount).toBe(0);
  answer('local');
  await runtime.advance(0);
  expect(store.resolutions).toEqual([]);
});
