import { expect, test } from 'vitest';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { all, openStore, page, pull, reopen, response, transaction, write } from './store-helpers.ts';

const PUT = { project_id: 'p1', title: 'First', body: null, rank: 0, size: 0, done: 0, data: null, votes: 0 };

test('a write goes up, is accepted, and leaves the outbox when its echo is applied', async () => {
  const { store, database } = await openStore();
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'First')");
  const push = store.nextPush(LIMITS.maxRequestBytes);
  expect(push?.mutationIds).toEqual([1]);
  expect(store.rowStatus('issue', ['a'])).toBe('sent');
  expect(store.nextPush(LIMITS.maxRequestBytes)).toBeNull();
  const settled = store.settle(response([{ mutationId: 1, seq: 1 }], 1), 2_500);
  expect(settled.settled).toEqual([{ mutationId: 1, outcome: 'applied', seq: 1, reason: null }]);
  expect(store.counts().acceptedCount).toBe(1);
  const applied = pull(
    store,
    1,
    transaction(1, [{ table: 'issue', key: ['a'], op: 'put', columns: PUT }], { clientId: 'client-1', mutationId: 1 }),
  );
  expect(applied.echoed).toEqual([1]);
  expect([...applied.changed]).toEqual([]);
  expect(store.outbox()).toEqual([]);
  expect(store.rowStatus('issue', ['a'])).toBe('synced');
  expect(all(database, 'SELECT * FROM _tidemark_image')).toEqual([]);
  expect(reopen(database).cursor).toEqual({ epoch: 'epoch-1', seq: 1 });
});

test('a remote change of a pending row moves its image, and the pending columns stay on top', async () => {
  const { store, database } = await openStore();
  store.applyChain(
    page({
      from: 0,
      seq: 1,
      snapshot: [{ table: 'issue', columns: ['id', 'title', 'body'], rows: [['a', 'T', 'B']] }],
    }),
    1,
  );
  write(store, "UPDATE issue SET title = 'mine' WHERE id = 'a'");
  pull(
    store,
    2,
    transaction(2, [{ table: 'issue', key: ['a'], op: 'patch', columns: { title: 'theirs', body: 'new' } }]),
  );
  expect(all(database, 'SELECT title, body FROM issue')).toEqual([{ title: 'mine', body: 'new' }]);
  store.nextPush(LIMITS.maxRequestBytes);
  store.settle(response([{ mutationId: 1, outcome: 'rejected', reason: { code: 'rejected', message: 'no' } }]), 1);
  expect(all(database, 'SELECT title, body FROM issue')).toEqual([{ title: 'theirs', body: 'new' }]);
  expect(store.outbox()[0]).toMatchObject({ state: 'rejected', reason: { code: 'rejected', message: 'no' } });
});
