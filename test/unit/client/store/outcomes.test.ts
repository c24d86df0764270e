/** What a tab is told that was not there when its mutation was settled: by whichever engine leads now. */
import { expect, test } from 'vitest';
import type { ConflictReport } from '../../../../src/protocol/messages/push.ts';
import { openStore, page, pull, reopen, response, schema, transaction, write } from './store-helpers.ts';

const reason = { code: 'rejected', message: 'no' };
const insert = (id: string): [string, string] => ["INSERT INTO issue (id, title) VALUES (?, 'T')", id];

/** Mutations 1 to 5, of which the second was refused and the third accepted. */
async function settledSome() {
  const opened = await openStore();
  for (const id of ['a', 'b', 'c', 'd', 'e']) write(opened.store, insert(id));
  opened.store.nextPush(1_000_000);
  opened.store.unsend([4, 5]);
  opened.store.settle(
    response(
      [
        { mutationId: 1, seq: 1 },
        { mutationId: 2, outcome: 'rejected', reason },
        { mutationId: 3, seq: 2 },
      ],
      2,
    ),
    1,
  );
  return opened;
}

test('what is in the outbox says so itself', async () => {
  const { store } = await settledSome();
  expect([1, 2, 3, 4].map((id) => store.outcomeOf(id))).toEqual([
    { mutationId: 1, outcome: 'applied', seq: null, reason: null },
    { mutationId: 2, outcome: 'rejected', seq: null, reason },
    { mutationId: 3, outcome: 'applied', seq: null, reason: null },
    null,
  ]);
});

test('what has left it was applied, unless a person took it out: also for the engine after this one', async () => {
  const { store, database } = await openStore();
  for (const id of ['a', 'b', 'c', 'd']) write(store, insert(id));
  store.discard(4, 1);
  store.nextPush(1_000_000);
  const refused = [2, 3].map((mutationId) => ({ mutationId, outcome: 'rejected' as const, reason }));
  store.settle(response([{ mutationId: 1, seq: 1 }, ...refused], 1), 1);
  store.discard(2, 2);
  store.retry(3, 2);
  const change = { table: 'issue', key: ['a'], op: 'put' as const, columns: { title: 'T' } };
  store.applyChain(page({ from: 0, seq: 0 }), 2);
  pull(store, 1, transaction(1, [change], { clientId: 'client-1', mutationId: 1 }));
  for (const one of [store, reopen(database, { schema })])
    expect([1, 2, 3, 4, 5].map((id) => one.outcomeOf(id)?.outcome ?? null)).toEqual([
      'applied',
      'discarded',
      'rejected',
      'discarded',
      null,
    ]);
});

test('what was answered after a conflict was one', async () => {
  const { store } = await openStore();
  store.applyChain(
    page({ from: 0, seq: 1, snapshot: [{ table: 'issue', columns: ['id', 'title'], rows: [['a', 'Base']] }] }),
    1,
  );
  write(store, "UPDATE issue SET title = 'Mine'");
  store.nextPush(1_000_000);
  const report: ConflictReport = {
    table: 'issue',
    key: ['a'],
    kind: 'update-update',
    columns: ['title'],
    remote: { title: 'Theirs' },
    remoteSeq: 2,
    remoteAuthor: { clientId: 'other', hlc: '0000000000010000' },
    decided: {},
  };
  const { openConflicts } = store.settle(response([{ mutationId: 1, outcome: 'conflict', conflicts: [report] }], 2), 1);
  store.resolveConflict(openConflicts[0]?.id ?? '', 'remote', { by: 'person', now: 2 });
  expect(store.outcomeOf(1)).toMatchObject({ outcome: 'conflict' });
});
