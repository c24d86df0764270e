import { expect, test } from 'vitest';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { all, openStore, page, pull, reopen, response, transaction, write } from './store-helpers.ts';

const ISSUES = (...ids: string[]) => [{ table: 'issue', columns: ['id', 'title'], rows: ids.map((id) => [id, id]) }];

test('a snapshot fills missing columns, in any order of columns', async () => {
  const { store, database } = await openStore();
  const snapshot = [
    { table: 'label', columns: ['color', 'name', 'issue_id'], rows: [['red', 'bug', 'a']] },
    ...ISSUES('a'),
  ];
  const result = store.applyChain(page({ from: 0, seq: 3, snapshot }), 5);
  expect(result).toMatchObject({ changeCount: 2, tables: ['label', 'issue'], echoed: [], droppedScopes: [] });
  expect(all(database, 'SELECT * FROM label')).toEqual([{ issue_id: 'a', name: 'bug', color: 'red' }]);
  expect(all(database, 'SELECT project_id, votes, done FROM issue')).toEqual([{ project_id: 'p1', votes: 0, done: 0 }]);
  expect(store).toMatchObject({
    cursor: { epoch: 'epoch-1', seq: 3 },
    scopes: ['main', 'project:p1'],
    hasSynced: true,
    lastSyncedAt: 5,
  });
  expect(store.outbox()).toEqual([]);
});

test('an interrupted chain goes on after a restart, and is applied whole at its end', async () => {
  const { store, database } = await openStore();
  const first = page({
    from: 0,
    seq: 3,
    cursor: null,
    resume: 'next',
    snapshot: ISSUES('a'),
    progress: { rowsDone: 1, rowsTotal: 2 },
  });
  store.stagePage(first);
  expect(store.rowCount('issue')).toBe(0);
  const again = reopen(database);
  expect(again.stagedChain()).toEqual({ resume: 'next', rowsDone: 1, rowsTotal: 2 });
  again.applyChain(page({ from: 0, seq: 3, snapshot: ISSUES('b') }), 1);
  expect(again.rowCount('issue')).toBe(2);
  expect(again.stagedChain()).toBeNull();
});

test('a chain that fails in the middle changes nothing', async () => {
  const { store, database } = await openStore();
  store.applyChain(page({ from: 0, seq: 1, snapshot: ISSUES('a') }), 1);
  write(store, "UPDATE issue SET title = 'mine'");
  const bad = [
    transaction(2, [{ table: 'issue', key: ['a'], op: 'patch', columns: { title: 'x' } }]),
    transaction(3, [{ table: 'issue', key: ['ghost'], op: 'patch', columns: { title: 'x' } }]),
  ];
  expect(() => pull(store, 3, ...bad)).toThrow(expect.objectContaining({ kind: 'resync' }));
  expect(store.cursor?.seq).toBe(1);
  expect(all(database, 'SELECT title FROM issue')).toEqual([{ title: 'mine' }]);
  store.discard(1, 1);
  expect(all(database, 'SELECT title FROM issue')).toEqual([{ title: 'a' }]);
  expect(write(store, "UPDATE issue SET body = 'captured still'").mutationId).toBe(2);
});

test.each([
  ['starts after the cursor', page({ from: 5, seq: 6 }), 'protocol'],
  ['starts before the cursor', page({ from: 0, seq: 6 }), 'protocol'],
  ['ends before the cursor', page({ from: 1, seq: 0 }), 'protocol'],
  ['is of another history', page({ from: 1, seq: 6, epoch: 'epoch-2' }), 'epoch'],
  ['does not end', page({ from: 1, seq: 6, resume: 'more' }), 'protocol'],
  ['repeats a commit', page({ from: 1, seq: 6, transactions: [transaction(1, [])] }), 'protocol'],
])('a chain that %s is refused', async (_, last, kind) => {
  const { store } = await openStore();
  store.applyChain(page({ from: 0, seq: 1 }), 1);
  expect(() => store.applyChain(last, 1)).toThrow(expect.objectContaining({ kind }));
  expect(store.cursor?.seq).toBe(1);
});

test('a patch of a row that is not here is told, under pending work too', async () => {
  const { store } = await openStore();
  store.applyChain(page({ from: 0, seq: 1 }), 1);
  const patch = transaction(2, [{ table: 'issue', key: ['a'], op: 'patch', columns: { title: 'theirs' } }]);
  const lacking = expect.objectContaining({ kind: 'resync' });
  expect(() => pull(store, 2, patch)).toThrow(lacking);
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'mine')");
  expect(() => pull(store, 2, patch)).toThrow(lacking);
  expect(store.cursor?.seq).toBe(1);
});

test('a table that is fetched anew loses rows that are gone and keeps pending work on top', async () => {
  const { store, database } = await openStore();
  store.applyChain(page({ from: 0, seq: 1, snapshot: ISSUES('a', 'b', 'c') }), 1);
  write(
    store,
    "UPDATE issue SET body = 'mine' WHERE id IN ('a', 'b')",
    "INSERT INTO issue (id, title) VALUES ('new', 'new')",
  );
  const snapshot = [{ table: 'issue', columns: ['id', 'title'], rows: [['a', 'fresh']] }];
  store.applyChain(page({ from: 1, seq: 2, snapshot, replaces: ['issue'] }), 1);
  // The server no longer has b: the change on it has nothing to change until it is answered.
  expect(all(database, 'SELECT id, title, body FROM issue ORDER BY id')).toEqual([
    { id: 'a', title: 'fresh', body: 'mine' },
    { id: 'new', title: 'new', body: null },
  ]);
});

test('after a reset of the cursor the next chain replaces everything, and unsent work stays', async () => {
  const { store } = await openStore();
  store.applyChain(page({ from: 0, seq: 8, snapshot: ISSUES('a', 'b') }), 1);
  write(store, "INSERT INTO label VALUES ('a', 'mine', NULL)");
  store.resetCursor();
  expect([store.cursor, store.scopes, store.rowCount('issue'), store.hasSynced]).toEqual([null, [], 2, true]);
  store.applyChain(page({ from: 0, seq: 9, snapshot: ISSUES('b', 'c') }), 1);
  expect(store.rowCount('issue')).toBe(2);
  expect(store.rowCount('label')).toBe(1);
  expect(store.counts().pendingCount).toBe(1);
});

test('rows of a scope that is lost leave the device, through parents too, and pending work on them stays queued', async () => {
  const { store, database } = await openStore();
  const snapshot = [
    {
      table: 'project',
      columns: ['id', 'name'],
      rows: [
        ['p1', 'One'],
        ['p2', 'Two'],
      ],
    },
    {
      table: 'issue',
      columns: ['id', 'project_id', 'title'],
      rows: [
        ['a', 'p1', 'A'],
        ['b', 'p2', 'B'],
        ['c', 'p2', 'C'],
      ],
    },
    {
      table: 'comment',
      columns: ['id', 'issue_id', 'text'],
      rows: [
        ['ca', 'a', ''],
        ['cb', 'b', ''],
        ['cc', 'c', ''],
      ],
    },
    { table: 'label', columns: ['issue_id', 'name', 'color'], rows: [['b', 'bug', null]] },
  ];
  store.applyChain(page({ from: 0, seq: 1, snapshot, scopes: ['main', 'project:p1', 'project:p2'] }), 1);
  // Moved away in sight, not yet on the server; and edited.
  write(store, "UPDATE issue SET project_id = 'p1' WHERE id = 'b'", "UPDATE issue SET title = 'mine' WHERE id = 'c'");
  const result = store.applyChain(page({ from: 1, seq: 2, scopes: ['main', 'project:p1'] }), 1);
  expect(result.droppedScopes).toEqual(['project:p2']);
  expect(all(database, 'SELECT id FROM project')).toEqual([{ id: 'p1' }]);
  expect(all(database, 'SELECT id FROM issue')).toEqual([{ id: 'a' }]);
  expect(all(database, 'SELECT id FROM comment')).toEqual([{ id: 'ca' }]);
  expect(store.rowCount('label')).toBe(1);
  expect(store.outbox()).toHaveLength(1);
});

test('from all scopes to some, only rows of those stay', async () => {
  const { store, database } = await openStore();
  const snapshot = [
    {
      table: 'project',
      columns: ['id', 'name'],
      rows: [
        ['p1', 'One'],
        ['p2', 'Two'],
      ],
    },
  ];
  store.applyChain(page({ from: 0, seq: 1, snapshot, scopes: ['*'] }), 1);
  expect(store.applyChain(page({ from: 1, seq: 2, scopes: ['*', 'main'] }), 1).droppedScopes).toEqual([]);
  store.applyChain(page({ from: 2, seq: 3, scopes: ['project:p2'] }), 1);
  expect(all(database, 'SELECT id FROM project')).toEqual([{ id: 'p2' }]);
});

test('cells that this version cannot hold do not stop the stream', async () => {
  const { store, database } = await openStore();
  const rows = [
    ['a', 'A', 1],
    ['b', 42, 'many'],
  ];
  store.applyChain(
    page({ from: 0, seq: 1, snapshot: [{ table: 'issue', columns: ['id', 'title', 'size'], rows }] }),
    1,
  );
  pull(store, 2, transaction(2, [{ table: 'issue', key: ['a'], op: 'patch', columns: { title: null, size: 2 } }]));
  expect(all(database, 'SELECT id, title, size FROM issue ORDER BY id')).toEqual([
    { id: 'a', title: '', size: 2 },
    { id: 'b', title: '', size: 0 },
  ]);
});

test('the triggers of the app that write synced tables do not answer to rows of the server', async () => {
  const { store } = await openStore({
    localSchema: [
      "CREATE TRIGGER IF NOT EXISTS auto AFTER INSERT ON issue BEGIN INSERT INTO label VALUES (NEW.id, 'auto', NULL); END",
      "CREATE TRIGGER IF NOT EXISTS check_id BEFORE INSERT ON issue WHEN NEW.id = 'a' BEGIN SELECT RAISE(ABORT, 'no a here'); END",
    ],
  });
  expect(() => write(store, "INSERT INTO issue (id, title) VALUES ('a', 'a')")).toThrow('no a here');
  store.applyChain(page({ from: 0, seq: 1, snapshot: ISSUES('a') }), 1);
  expect(store.rowCount('label')).toBe(0);
  write(store, "INSERT INTO issue (id, title) VALUES ('b', 'b')");
  expect(store.rowCount('label')).toBe(1);
});

test('counters of several devices add up, pending ones on top', async () => {
  const { store, database } = await openStore();
  store.applyChain(page({ from: 0, seq: 1, snapshot: ISSUES('a') }), 1);
  write(store, 'UPDATE issue SET votes = votes + 1');
  write(store, 'UPDATE issue SET votes = votes + 1');
  pull(store, 2, transaction(2, [{ table: 'issue', key: ['a'], op: 'patch', columns: { votes: 10 } }]));
  expect(all(database, 'SELECT votes FROM issue')).toEqual([{ votes: 12 }]);
  store.nextPush(LIMITS.maxRequestBytes);
  store.settle(
    response(
      [
        { mutationId: 1, seq: 3 },
        { mutationId: 2, seq: 4 },
      ],
      4,
    ),
    1,
  );
  const mine = { clientId: 'client-1' };
  pull(
    store,
    4,
    transaction(3, [{ table: 'issue', key: ['a'], op: 'patch', columns: { votes: 11 } }], { ...mine, mutationId: 1 }),
    transaction(4, [{ table: 'issue', key: ['a'], op: 'patch', columns: { votes: 12 } }], { ...mine, mutationId: 2 }),
  );
  expect(all(database, 'SELECT votes FROM issue')).toEqual([{ votes: 12 }]);
  expect(store.outbox()).toEqual([]);
});

test('nothing else runs while a write is open', async () => {
  const { store } = await openStore();
  store.beginWrite();
  expect(() => store.applyChain(page({ from: 0, seq: 1 }), 1)).toThrow(expect.objectContaining({ kind: 'misuse' }));
  expect(() => store.beginWrite()).toThrow(expect.objectContaining({ kind: 'misuse' }));
  store.rollbackWrite();
  store.applyChain(page({ from: 0, seq: 1 }), 1);
});
