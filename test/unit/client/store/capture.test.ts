import { expect, test } from 'vitest';
import { openStore, write } from './store-helpers.ts';

test('an insert by plain SQL becomes a put of the whole row', async () => {
  const { store } = await openStore();
  const result = write(store, "INSERT INTO issue (id, title) VALUES ('a', 'First')");
  expect(result.mutationId).toBe(1);
  expect(store.outbox()[0]?.changes).toEqual([
    {
      table: 'issue',
      key: ['a'],
      op: 'put',
      columns: { project_id: 'p1', title: 'First', body: null, rank: 0, size: 0, done: 0, data: null, votes: 0 },
    },
  ]);
});
