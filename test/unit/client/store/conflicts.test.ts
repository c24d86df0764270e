import { expect, test } from 'vitest';
import type { Change } from '../../../../src/core/change.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import type { ConflictReport, Outcome } from '../../../../src/protocol/messages/push.ts';
import { openStore, page, pull, reopen, response, transaction, write } from './store-helpers.ts';

const AUTHOR = { clientId: 'other', hlc: '0000000000010000' };
const ROW = { project_id: 'p1', title: 'Base', body: 'base', rank: 0, size: 0, done: 0, data: null, votes: 5 };

/** One confirmed issue `a`, and local statements over it that the server answers with these reports. */
async function conflicted(
  statements: string[],
  reports: Partial<ConflictReport>[],
  outcome: Outcome['outcome'] = 'conflict',
) {
  const opened = await openStore();
  const { store } = opened;
  store.applyChain(
    page({
      from: 0,
      seq: 1,
      snapshot: [{ table: 'issue', columns: ['id', ...Object.keys(ROW)], rows: [['a', ...Object.values(ROW)]] }],
    }),
    1,
  );
  write(store, ...statements);
  store.nextPush(LIMITS.maxRequestBytes);
  const conflicts = reports.map(
    (one): ConflictReport => ({
      table: 'issue',
      key: ['a'],
      kind: 'update-update',
      columns: ['title'],
      remote: { ...ROW, title: 'Theirs' },
      remoteSeq: 4,
      remoteAuthor: AUTHOR,
      decided: {},
      ...one,
    }),
  );
  const answer = response([{ mutationId: 1, outcome, conflicts, seq: outcome === 'merged' ? 5 : null }], 5);
  return { ...opened, settled: store.settle(answer, 7_000), answer };
}

const UPDATE = "UPDATE issue SET title = 'Mine', body = 'my body', votes = votes + 1 WHERE id = 'a'";
const person = { by: 'person', now: 9_000 } as const;

test('a conflict is durable data with base, local and remote, and is recorded once', async () => {
  const { store, database, settled, answer } = await conflicted([UPDATE], [{}]);
  expect(settled.settled).toEqual([{ mutationId: 1, outcome: 'conflict', seq: null, reason: null }]);
  const [conflict] = settled.openConflicts;
  expect(conflict).toMatchObject({
    mutationId: 1,
    state: 'open',
    kind: 'update-update',
    key: { id: 'a' },
    columns: ['title'],
    fields: { title: { base: 'Base', local: 'Mine', remote: 'Theirs' } },
    base: { id: 'a', title: 'Base', done: false },
    local: { title: 'Mine', body: 'my body', votes: 6 },
    remote: { title: 'Theirs' },
    detectedAt: 7_000,
    localAt: 2_000,
    remoteAt: 1,
    remoteClientId: 'other',
    remoteSeq: 4,
    localIsLater: true,
    resolution: null,
  });
  expect(store.settle(answer, 8_000).openConflicts).toEqual([]);
  const again = reopen(database);
  expect(again.conflicts()).toEqual(settled.openConflicts);
  expect(again.counts()).toMatchObject({ openConflictCount: 1, conflictedCount: 1 });
  expect(again.rowStatus('issue', ['a'])).toBe('conflicted');
});

test('base and local do not depend on what was pulled before the conflict was told', async () => {
  const { store } = await openStore();
  store.applyChain(
    page({
      from: 0,
      seq: 1,
      snapshot: [{ table: 'issue', columns: ['id', ...Object.keys(ROW)], rows: [['a', ...Object.values(ROW)]] }],
    }),
    1,
  );
  write(store, UPDATE);
  store.nextPush(LIMITS.maxRequestBytes);
  pull(store, 4, transaction(4, [{ table: 'issue', key: ['a'], op: 'patch', columns: { title: 'Theirs', rank: 3 } }]));
  const report: ConflictReport = {
    table: 'issue',
    key: ['a'],
    kind: 'update-update',
    columns: ['title'],
    remote: { ...ROW, title: 'Theirs', rank: 3 },
    remoteSeq: 4,
    remoteAuthor: AUTHOR,
    decided: {},
  };
  const { openConflicts } = store.settle(response([{ mutationId: 1, outcome: 'conflict', conflicts: [report] }]), 1);
  // In a column that the write did not touch, each side has what the server has.
  expect(openConflicts[0]?.base).toMatchObject({ title: 'Base', rank: 3 });
  expect(openConflicts[0]?.local).toMatchObject({ title: 'Mine', rank: 3 });
});

const resolutions = [
  ['local', { title: 'Mine', body: 'my body' }],
  ['remote', { body: 'my body' }],
  [{ merged: { title: 'Both' } }, { title: 'Both', body: 'my body' }],
  [{ merged: { rank: 2 } }, { rank: 2, body: 'my body' }],
] as const;

test.each(resolutions)(
  'resolved %j, the rest of the mutation goes along and counters go on counting',
  async (resolution, columns) => {
    const { store, settled } = await conflicted([UPDATE], [{}]);
    const result = store.resolveConflict(settled.openConflicts[0]?.id ?? '', resolution, person);
    expect(result.mutationId).toBe(2);
    const [entry] = store.outbox();
    expect(entry).toMatchObject({ mutationId: 2, state: 'pending', base: 4 });
    expect(entry?.changes).toMatchObject([
      { table: 'issue', key: ['a'], op: 'patch', columns, counters: { votes: 1 } },
    ]);
    expect(Object.keys(entry?.changes[0]?.columns ?? {}).sort()).toEqual(Object.keys(columns).sort());
  },
);

test('the history keeps every side and who chose', async () => {
  const { store, database, settled } = await conflicted([UPDATE], [{}]);
  store.resolveConflict(settled.openConflicts[0]?.id ?? '', { merged: { title: 'Both' } }, person);
  const [kept] = reopen(database).conflicts({ state: 'resolved' });
  expect(kept).toMatchObject({
    state: 'resolved',
    fields: { title: { base: 'Base', local: 'Mine', remote: 'Theirs' } },
    resolution: { by: 'person', choice: 'merged', values: { title: 'Both' }, at: 9_000, policies: {} },
  });
  expect(store.counts().openConflictCount).toBe(0);
  expect(() => store.resolveConflict(kept?.id ?? '', 'local', person)).toThrow(
    expect.objectContaining({ kind: 'misuse' }),
  );
});

test('taking the remote side of everything leaves no mutation', async () => {
  const { store, settled, database } = await conflicted(["UPDATE issue SET title = 'Mine'"], [{}]);
  write(store, "UPDATE issue SET body = 'after'");
  expect(store.outbox()[1]?.state).toBe('parked');
  const result = store.resolveConflict(settled.openConflicts[0]?.id ?? '', 'remote', person);
  expect(result.settled).toEqual([{ mutationId: 1, outcome: 'discarded', seq: null, reason: null }]);
  expect(store.outbox().map(({ mutationId, state }) => [mutationId, state])).toEqual([[2, 'pending']]);
  expect(database.read('SELECT title, body FROM issue').rows).toEqual([['Base', 'after']]);
});

test('a mutation waits for the answer to each of its conflicts', async () => {
  const { store, settled } = await conflicted(
    [UPDATE, "INSERT INTO label VALUES ('a', 'l', 'red')"],
    [
      {},
      {
        table: 'label',
        key: ['a', 'l'],
        kind: 'insert-insert',
        columns: ['color'],
        remote: { color: 'blue' },
        remoteSeq: 6,
      },
    ],
  );
  const [first, second] = settled.openConflicts;
  expect(store.resolveConflict(second?.id ?? '', 'remote', person)).toMatchObject({ mutationId: null });
  expect(store.outbox()[0]?.state).toBe('conflicted');
  expect(store.resolveConflict(first?.id ?? '', 'local', person)).toMatchObject({ mutationId: 2 });
  expect(store.outbox()[0]).toMatchObject({ base: 6, changes: [{ table: 'issue' }] });
});

test.each([
  ['local', [{ op: 'patch', columns: { color: 'red' }, old: { color: 'blue' } }]],
  ['remote', []],
  [{ merged: { color: 'violet' } }, [{ op: 'patch', columns: { color: 'violet' } }]],
] as const)('the same key inserted on two devices, resolved %j', async (resolution, changes) => {
  const { store, settled } = await conflicted(
    ["INSERT INTO label VALUES ('a', 'l', 'red')"],
    [{ table: 'label', key: ['a', 'l'], kind: 'insert-insert', columns: ['color'], remote: { color: 'blue' } }],
  );
  expect(settled.openConflicts[0]).toMatchObject({
    base: null,
    fields: { color: { base: undefined, local: 'red', remote: 'blue' } },
  });
  store.resolveConflict(settled.openConflicts[0]?.id ?? '', resolution, person);
  expect(store.outbox().flatMap((entry) => entry.changes)).toMatchObject(changes);
});

test.each([
  ['local', [{ op: 'put', columns: { ...ROW, title: 'Mine', body: 'my body', votes: 6 } }]],
  ['remote', []],
  [{ merged: { title: 'Both' } }, [{ op: 'put', columns: { ...ROW, title: 'Both', body: 'my body', votes: 6 } }]],
] as const)('a row changed here and deleted elsewhere, resolved %j', async (resolution, changes) => {
  const { store, database, settled } = await conflicted(
    [UPDATE],
    [{ kind: 'update-delete', columns: ['title', 'body'], remote: null }],
  );
  pull(store, 4, transaction(4, [{ table: 'issue', key: ['a'], op: 'delete', columns: {} }]));
  expect(store.rowCount('issue')).toBe(0);
  store.resolveConflict(settled.openConflicts[0]?.id ?? '', resolution, person);
  expect(store.outbox().flatMap((entry) => entry.changes)).toEqual(
    changes.map((one) => ({ table: 'issue', key: ['a'], ...one })),
  );
  expect(database.read('SELECT title FROM issue').rows).toEqual(changes.map(({ columns }) => [columns.title]));
});

test.each([
  ['local', [{ op: 'delete' }], 0],
  ['remote', [], 1],
  [{ merged: { title: 'Kept', votes: 9 } }, [{ op: 'patch', columns: { title: 'Kept' }, counters: { votes: 4 } }], 1],
] as const)('a row deleted here and changed elsewhere, resolved %j', async (resolution, changes, rowCount) => {
  const { store, settled } = await conflicted(["DELETE FROM issue WHERE id = 'a'"], [{ kind: 'delete-update' }]);
  expect(settled.openConflicts[0]).toMatchObject({
    local: null,
    base: { title: 'Base' },
    fields: { title: { base: 'Base', local: undefined, remote: 'Theirs' } },
  });
  store.resolveConflict(settled.openConflicts[0]?.id ?? '', resolution, person);
  expect(store.outbox().flatMap((entry) => entry.changes)).toMatchObject(changes);
  expect(store.rowCount('issue')).toBe(rowCount);
});

test.each([
  ['an unknown column', { nope: 1 }, 'not-found'],
  ['a key column', { id: 'b' }, 'invalid-value'],
  ['a wrong type', { done: 'yes' }, 'invalid-value'],
  ['null where none may be', { title: null }, 'invalid-value'],
])('a merge with %s is refused, and the conflict stays open', async (_, merged, kind) => {
  const { store, settled } = await conflicted([UPDATE], [{}]);
  expect(() => store.resolveConflict(settled.openConflicts[0]?.id ?? '', { merged }, person)).toThrow(
    expect.objectContaining({ kind }),
  );
  expect(store.conflicts({ state: 'open' })).toHaveLength(1);
  expect(store.outbox()[0]?.state).toBe('conflicted');
});

test('the rows of a conflict are the same, whether its echo or its answer came first, and whatever was pulled meanwhile', async () => {
  const theirs = { ...ROW, title: 'Theirs', body: 'their body', done: 1 };
  const report: ConflictReport = {
    table: 'issue',
    key: ['a'],
    kind: 'update-update',
    columns: ['title'],
    remote: theirs,
    remoteSeq: 4,
    remoteAuthor: AUTHOR,
    decided: { title: { policy: 'merge', winner: 'local' } },
  };
  const kept = new Set<string>();
  for (const order of ['answer', 'page answer', 'all answer']) {
    const { store } = await openStore();
    const rows = [['a', ...Object.values(ROW)]];
    const snapshot = [{ table: 'issue', columns: ['id', ...Object.keys(ROW)], rows }];
    store.applyChain(page({ from: 0, seq: 3, snapshot }), 1);
    write(store, "UPDATE issue SET title = 'Mine', votes = votes + 1 WHERE id = 'a'");
    const [mutation] = store.nextPush(1_000_000)?.mutations ?? [];
    const of = (columns: Change['columns']): Change => ({ table: 'issue', key: ['a'], op: 'patch', columns });
    const others = transaction(4, [of({ title: 'Theirs', body: 'their body', done: 1 })]);
    const own = { clientId: 'client-1', mutationId: 1, hlc: mutation?.hlc ?? '' };
    const echo = transaction(5, [of({ title: 'Mine', votes: 6 })], own);
    for (const step of order.split(' ')) {
      if (step === 'page') pull(store, 4, others);
      if (step === 'all') pull(store, 5, others, echo);
      if (step === 'answer')
        store.settle(response([{ mutationId: 1, outcome: 'merged', seq: 5, conflicts: [report] }], 5), 2);
    }
    kept.add(JSON.stringify(store.conflicts()));
  }
  expect([...kept]).toHaveLength(1);
  const [[one] = []] = [...kept].map((text) => JSON.parse(text));
  expect(one).toMatchObject({
    base: { title: 'Base', body: 'their body', done: true, votes: 5 },
    local: { title: 'Mine', body: 'their body', done: true, votes: 6 },
    remote: { title: 'Theirs', body: 'their body', done: true, votes: 5 },
  });
});

test('what the policies of the server decided is in the history with the losing values', async () => {
  const decided = {
    title: { policy: 'merge', winner: 'remote' },
    body: { policy: 'client-wins', winner: 'local' },
  } as const;
  const { store, settled } = await conflicted([UPDATE], [{ columns: ['title', 'body'], decided }], 'merged');
  expect(settled.openConflicts).toEqual([]);
  expect(settled.decidedConflicts).toMatchObject([
    {
      state: 'resolved',
      fields: { title: { local: 'Mine', remote: 'Theirs' }, body: { local: 'my body', remote: 'base' } },
      resolution: {
        by: 'policy',
        choice: 'merged',
        policies: decided,
        values: { title: 'Theirs', body: 'my body' },
        at: 7_000,
      },
    },
  ]);
  expect(store.conflicts({ state: 'open' })).toEqual([]);
  expect(store.outbox()[0]?.state).toBe('accepted');
});

test('columns a policy gave to the other side do not go up again with the answer to the rest', async () => {
  const { store, settled } = await conflicted(
    [UPDATE, "INSERT INTO label VALUES ('a', 'l', 'red')"],
    [
      { columns: ['title'], decided: { title: { policy: 'server-wins', winner: 'remote' } } },
      { table: 'label', key: ['a', 'l'], kind: 'insert-insert', columns: ['color'], remote: { color: 'blue' } },
    ],
  );
  store.resolveConflict(settled.openConflicts[0]?.id ?? '', 'local', person);
  const [issue, label] = store.outbox()[0]?.changes ?? [];
  expect(issue?.columns).toEqual({ body: 'my body' });
  expect(label?.columns).toEqual({ color: 'red' });
});

test('a conflicted mutation can be sent again as it is, or thrown away; either closes its conflicts', async () => {
  const retried = await conflicted([UPDATE], [{}]);
  expect(retried.store.retry(1, 9_000).mutationId).toBe(2);
  expect(retried.store.outbox()[0]).toMatchObject({ base: 4, changes: [{ columns: { title: 'Mine' } }] });
  expect(retried.store.conflicts()[0]?.resolution).toMatchObject({ by: 'person', choice: 'local' });
  const discarded = await conflicted([UPDATE], [{}]);
  discarded.store.discard(1, 9_000);
  expect(discarded.store.conflicts()[0]?.resolution).toMatchObject({ choice: 'remote', values: { title: 'Theirs' } });
  expect(discarded.database.read('SELECT title FROM issue').rows).toEqual([['Base']]);
});

test('sent again, a mutation still leaves to the other side what a policy gave it', async () => {
  const { store } = await conflicted(
    [UPDATE, "INSERT INTO label VALUES ('a', 'l', 'red')"],
    [
      { columns: ['title'], decided: { title: { policy: 'server-wins', winner: 'remote' } } },
      { table: 'label', key: ['a', 'l'], kind: 'insert-insert', columns: ['color'], remote: { color: 'blue' } },
    ],
  );
  store.retry(1, 9_000);
  expect(store.outbox()[0]?.changes.map(({ columns }) => columns)).toEqual([{ body: 'my body' }, { color: 'red' }]);
});

test('conflicts are listed by table and state, open ones first', async () => {
  const { store, settled } = await conflicted(
    [UPDATE, "INSERT INTO label VALUES ('a', 'l', 'red')"],
    [{}, { table: 'label', key: ['a', 'l'], kind: 'insert-insert', columns: ['color'], remote: { color: 'blue' } }],
  );
  store.resolveConflict(settled.openConflicts[1]?.id ?? '', 'remote', person);
  expect(store.conflicts().map(({ table, state }) => [table, state])).toEqual([
    ['issue', 'open'],
    ['label', 'resolved'],
  ]);
  expect(store.conflicts({ table: 'label' })).toHaveLength(1);
  expect(store.conflicts({ table: 'label', state: 'open' })).toHaveLength(0);
  expect(store.conflicts({ limit: 1 })).toHaveLength(1);
});
