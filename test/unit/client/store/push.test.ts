import { expect, test } from 'vitest';
import type { OutgoingPush } from '../../../../src/client/local-store.ts';
import type { OpenedLocalStore } from '../../../../src/client/store/create-local-store.ts';
import type { OutboxFilter } from '../../../../src/client/types.ts';
import type { Mutation } from '../../../../src/core/change.ts';
import { decode, encode, type WireValue } from '../../../../src/protocol/codec.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { COPIED } from '../../../../src/protocol/messages/push.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';
import { openStore, page, pull, reopen, response, transaction, write } from './store-helpers.ts';

const MAX = LIMITS.maxRequestBytes;

function insert(store: OpenedLocalStore, id: string, title = 't') {
  return write(store, ['INSERT INTO issue (id, title) VALUES (?, ?)', id, title]);
}

function states(store: OpenedLocalStore) {
  return store.outbox().map(({ mutationId, state }) => [mutationId, state]);
}

test('requests hold whole mutations in order, within the given size', async () => {
  const { store } = await openStore();
  for (let n = 0; n < 100; n++) insert(store, `i${n}`, 'x'.repeat(100));
  const sent: number[] = [];
  for (let push = store.nextPush(4_096); push; push = store.nextPush(4_096)) {
    const request = { clientId: 'client-1', schemaVersion: 1, mutations: push.mutations, decides: ['issue'] };
    expect(encode(request as unknown as WireValue).length).toBeLessThanOrEqual(4_096);
    sent.push(...push.mutationIds);
    store.settle(response(push.mutationIds.map((mutationId) => ({ mutationId, seq: mutationId }))), 1);
  }
  expect(sent).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  expect(store.counts()).toMatchObject({ pendingCount: 0, acceptedCount: 100, hasSendable: false });
});

test('where ids of a copy and of its original alternate, none overtakes another', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  insert(store, 'b');
  write(store, "UPDATE issue SET title = 'later' WHERE id = 'b'");
  insert(store, 'c');
  // The second is refused, and sent anew under a new number: beyond the fourth, from which on this is a copy.
  store.nextPush(MAX);
  const rejected = { outcome: 'rejected' as const, reason: { code: 'rejected', message: 'no' } };
  const copied = { outcome: 'rejected' as const, reason: { code: COPIED, message: 'a copy' } };
  store.settle(
    response([
      { mutationId: 2, ...rejected },
      { mutationId: 4, ...copied },
    ]),
    1,
  );
  store.retry(2, 1);
  expect(states(store)).toEqual([
    [1, 'pending'],
    [5, 'pending'],
    [3, 'pending'],
    [4, 'pending'],
  ]);
  const requests: [string, readonly number[]][] = [];
  for (let push = store.nextPush(MAX); push; push = store.nextPush(MAX)) {
    requests.push([push.clientId, push.mutationIds]);
    store.settle(response(push.mutationIds.map((mutationId) => ({ mutationId, seq: mutationId }))), 1);
  }
  const copy = store.clientId;
  expect(requests).toEqual([
    ['client-1', [1]],
    [copy, [5]],
    ['client-1', [3]],
    [copy, [4]],
  ]);
});

test('a failed request makes its mutations wait again, with one more attempt counted', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  const push = store.nextPush(MAX);
  expect(store.counts()).toMatchObject({ pendingCount: 1, hasSendable: false });
  store.unsend(push?.mutationIds ?? []);
  expect(store.counts().hasSendable).toBe(true);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([1]);
  expect(store.outbox()[0]).toMatchObject({ state: 'sent', attempts: 2 });
});

test('a request that could not be given back on a full disk goes out with the next one', async () => {
  const database = await openMemoryDatabase();
  let isFull = false;
  const disk = new Proxy(database, {
    get(target, name) {
      if (name === 'run' && isFull) throw new SyncError('quota', 'The disk is full.');
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
  const { store } = await openStore({ database: disk });
  insert(store, 'a');
  const push = store.nextPush(MAX);
  isFull = true;
  expect(() => store.unsend(push?.mutationIds ?? [])).toThrow('The disk is full.');
  isFull = false;
  expect(store.counts().hasSendable).toBe(true);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([1]);
});

test('while a part of a request given back waits, the rest is still on its way', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  insert(store, 'b');
  store.nextPush(MAX);
  store.unsend([2]);
  expect(store.nextPush(MAX)).toBeNull();
  store.settle(response([{ mutationId: 1, seq: 1 }]), 1);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([2]);
});

test('what was on its way when the process died is sent again', async () => {
  const { store, database } = await openStore();
  insert(store, 'a');
  store.nextPush(MAX);
  const again = reopen(database);
  expect(again.nextPush(MAX)?.mutations).toEqual([expect.objectContaining({ mutationId: 1 })]);
});

test('ids and stamps go on rising after a restart, though the outbox is empty', async () => {
  const { store, database } = await openStore();
  insert(store, 'a');
  const first = store.outbox()[0]?.hlc ?? '';
  store.nextPush(MAX);
  store.settle(response([{ mutationId: 1, seq: 1 }], 1), 1);
  store.applyChain(page({ from: 0, seq: 1 }), 1);
  expect(store.outbox()).toEqual([]);
  const again = reopen(database);
  again.beginWrite();
  again.runWrite("INSERT INTO issue (id, title) VALUES ('b', 't')", []);
  // The wall clock went back.
  expect(again.commitWrite({ writeId: 'x', now: 5 }).mutationId).toBe(2);
  expect((again.outbox()[0]?.hlc ?? '') > first).toBe(true);
});

test('a write after a pull is stamped later than what was pulled, whatever the wall clock says', async () => {
  const { store } = await openStore();
  pull(store, 1, transaction(1, [], { hlc: 'ff0000000000ffff' }));
  insert(store, 'a');
  expect((store.outbox()[0]?.hlc ?? '') > 'ff0000000000ffff').toBe(true);
  expect(store.outbox()[0]?.base).toBe(1);
});

function answerPart(store: OpenedLocalStore, push: OutgoingPush) {
  const outcomes = push.mutationIds.map((mutationId) => ({ mutationId, seq: 9 }));
  return store.settle(response(outcomes, 9), 1);
}

test('a mutation larger than a request goes in parts, and settles with the last', async () => {
  const { store } = await openStore();
  const body = 'y'.repeat(10_000);
  insert(store, 'big', body);
  insert(store, 'small');
  const parts: Uint8Array[] = [];
  for (let push = store.nextPush(4_096); push?.part; push = store.nextPush(4_096)) {
    expect(push.part).toMatchObject({ mutationId: 1, index: parts.length });
    expect(push.sizeBytes).toBeLessThanOrEqual(4_096);
    parts.push(push.part.bytes);
    const isLast = parts.length === push.part.count;
    expect(push.mutationIds).toEqual(isLast ? [1] : []);
    expect(answerPart(store, push).settled).toHaveLength(isLast ? 1 : 0);
  }
  const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
  const mutation = decode(bytes) as unknown as Mutation;
  expect(mutation).toMatchObject({ mutationId: 1, changes: [{ op: 'put', columns: { title: body } }] });
  expect(states(store)).toEqual([
    [1, 'accepted'],
    [2, 'sent'],
  ]);
});

test('an upload of parts that failed or died begins again', async () => {
  const { store, database } = await openStore();
  insert(store, 'big', 'y'.repeat(10_000));
  const first = store.nextPush(4_096);
  if (first) answerPart(store, first);
  expect(store.nextPush(4_096)?.part?.index).toBe(1);
  store.unsend([]);
  expect(store.nextPush(4_096)?.part?.index).toBe(0);
  expect(reopen(database).nextPush(4_096)?.part?.index).toBe(0);
});

test('a rejected mutation parks what touches its rows, now and later, and nothing else', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  store.nextPush(MAX);
  write(store, "UPDATE issue SET title = '2' WHERE id = 'a'", "INSERT INTO label VALUES ('a', 'l', NULL)");
  write(store, "UPDATE label SET color = 'red'");
  insert(store, 'b');
  store.settle(response([{ mutationId: 1, outcome: 'rejected', reason: { code: 'rejected', message: 'no' } }]), 1);
  write(store, "UPDATE issue SET title = 'b2' WHERE id = 'b'");
  write(store, "UPDATE label SET color = 'blue'");
  expect(states(store)).toEqual([
    [1, 'rejected'],
    [2, 'parked'],
    [3, 'parked'],
    [4, 'pending'],
    [5, 'pending'],
    [6, 'parked'],
  ]);
  expect(store.outbox().map(({ waitsFor }) => waitsFor)).toEqual([null, 1, 2, null, null, 2]);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([4, 5]);
  expect(store.rowStatus('issue', ['a'])).toBe('rejected');
  expect(store.rowStatus('label', ['a', 'l'])).toBe('pending');
});

test('counting mutations agrees with listing them, by state, table and row', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  store.nextPush(MAX);
  write(store, "UPDATE issue SET title = '2' WHERE id = 'a'", "INSERT INTO label VALUES ('b', 'l', NULL)");
  insert(store, 'b');
  store.settle(response([{ mutationId: 1, outcome: 'rejected', reason: { code: 'rejected', message: 'no' } }]), 1);
  const filters = [
    {},
    { states: ['parked'] },
    { states: ['rejected', 'parked', 'parked'] },
    { states: [] },
    { states: ['pending'], table: 'issue' },
    { row: 'b' },
  ] satisfies OutboxFilter[];
  expect(filters.map((filter) => store.countOutbox(filter))).toEqual([3, 1, 2, 0, 1, 2]);
  for (const filter of filters) expect(store.outbox(filter)).toHaveLength(store.countOutbox(filter));
});

test('what the server left undecided waits behind what it refused, and follows it', async () => {
  const { store, database } = await openStore();
  insert(store, 'a');
  write(store, "UPDATE issue SET title = 'later' WHERE id = 'a'");
  write(store, "INSERT INTO label (issue_id, name) VALUES ('a', 'l')", "UPDATE issue SET body = 'x' WHERE id = 'a'");
  write(store, "UPDATE label SET color = 'red'");
  insert(store, 'b');
  store.nextPush(MAX);
  const refused = { outcome: 'rejected' as const, reason: { code: 'rejected', message: 'no' } };
  const answer = response([
    { mutationId: 1, ...refused },
    { mutationId: 5, seq: 1 },
  ]);
  store.settle({ ...answer, waiting: [2, 3, 4] }, 1);
  expect(states(store)).toEqual([
    [1, 'rejected'],
    [2, 'parked'],
    [3, 'parked'],
    [4, 'parked'],
    [5, 'accepted'],
  ]);
  expect(store.outbox().map(({ waitsFor }) => waitsFor)).toEqual([null, 1, 1, 3, null]);
  expect(store.nextPush(MAX)).toBeNull();
  expect(reopen(database).nextPush(MAX)).toBeNull();
  store.retry(1, 2);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([6, 2, 3, 4]);
});

test('what the server left undecided may be thrown away, unlike what it may have taken', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  write(store, "UPDATE issue SET title = 'later' WHERE id = 'a'");
  write(store, "UPDATE issue SET title = 'last' WHERE id = 'a'");
  store.nextPush(MAX);
  const refused = response([{ mutationId: 1, outcome: 'rejected', reason: { code: 'rejected', message: 'no' } }]);
  store.settle({ ...refused, waiting: [2] }, 1);
  expect(() => store.discard(3, 2)).toThrow(expect.objectContaining({ kind: 'misuse' }));
  store.discard(2, 2);
  expect(states(store)).toEqual([
    [1, 'rejected'],
    [3, 'parked'],
  ]);
});

test('a rejected mutation rolls its rows back and, edited, goes up under a new id in its place', async () => {
  const { store, database } = await openStore();
  insert(store, 'a', 'bad');
  insert(store, 'b');
  store.nextPush(MAX);
  store.settle(
    response([
      { mutationId: 1, outcome: 'rejected', reason: { code: 'rejected', message: 'no' } },
      { mutationId: 2, seq: 1 },
    ]),
    1,
  );
  expect(store.rowCount('issue')).toBe(1);
  const [entry] = reopen(database).outbox();
  expect(entry).toMatchObject({ state: 'rejected', reason: { code: 'rejected', message: 'no' } });
  const changes = (entry?.changes ?? []).map((change) => ({
    ...change,
    columns: { ...change.columns, title: 'good' },
  }));
  expect(store.edit(1, changes, 3).mutationId).toBe(3);
  expect(states(store)).toEqual([
    [3, 'pending'],
    [2, 'accepted'],
  ]);
  expect(store.rowCount('issue')).toBe(2);
  expect(states(reopen(database))).toEqual(states(store));
});

test.each([
  ['what is no list', 'x', 'invalid-value'],
  ['what is no change', [null], 'invalid-value'],
  ['an unknown operation', [{ table: 'issue', key: ['a'], op: 'upsert', columns: {} }], 'invalid-value'],
  ['an unknown table', [{ table: 'nope', key: ['a'], op: 'delete', columns: {} }], 'not-found'],
  ['an unknown column', [{ table: 'issue', key: ['a'], op: 'patch', columns: { nope: 1 } }], 'not-found'],
  ['a wrong type', [{ table: 'issue', key: ['a'], op: 'patch', columns: { title: 1 } }], 'invalid-value'],
  ['a key column', [{ table: 'issue', key: ['a'], op: 'patch', columns: { id: 'b' } }], 'invalid-value'],
  ['a short key', [{ table: 'label', key: ['a'], op: 'delete', columns: {} }], 'invalid-value'],
  [
    'a counter that is none',
    [{ table: 'issue', key: ['a'], op: 'patch', columns: {}, counters: { size: 1 } }],
    'invalid-value',
  ],
  ['a put without a required column', [{ table: 'issue', key: ['a'], op: 'put', columns: {} }], 'invalid-value'],
] as const)('an edit with %s is refused, and the mutation stays as it was', async (_, changes, kind) => {
  const { store } = await openStore();
  insert(store, 'a');
  store.nextPush(MAX);
  store.settle(response([{ mutationId: 1, outcome: 'rejected' }]), 1);
  const before = store.outbox();
  expect(() => store.edit(1, changes as never, 2)).toThrow(expect.objectContaining({ kind }));
  expect(store.outbox()).toEqual(before);
});

test('retry sends the same changes again and releases what waited', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  store.nextPush(MAX);
  store.settle(response([{ mutationId: 1, outcome: 'rejected' }]), 1);
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'again')");
  expect(states(store)).toEqual([
    [1, 'rejected'],
    [2, 'parked'],
  ]);
  expect(store.retry(1, 5).mutationId).toBe(3);
  expect(states(store)).toEqual([
    [3, 'pending'],
    [2, 'pending'],
  ]);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([3, 2]);
});

test('what is retried keeps its place, the last one and one in the middle, also when it is refused once more', async () => {
  const { store } = await openStore();
  for (const id of ['a', 'b', 'c']) insert(store, id);
  const refuse = () => {
    const ids = store.nextPush(MAX)?.mutationIds ?? [];
    store.settle(response(ids.map((mutationId) => ({ mutationId, outcome: 'rejected' as const }))), 1);
  };
  refuse();
  expect(store.retry(3, 2).mutationId).toBe(4);
  expect(store.retry(2, 3).mutationId).toBe(5);
  refuse();
  expect(store.retry(4, 4).mutationId).toBe(6);
  expect(store.retry(1, 5).mutationId).toBe(7);
  expect(states(store)).toEqual([
    [7, 'pending'],
    [5, 'rejected'],
    [6, 'pending'],
  ]);
  expect(store.countOutbox({ states: ['rejected'] })).toBe(1);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([7, 6]);
});

test('discard restores the rows, releases what waited and tells', async () => {
  const { store } = await openStore();
  store.applyChain(
    page({ from: 0, seq: 1, snapshot: [{ table: 'issue', columns: ['id', 'title'], rows: [['a', 'T']] }] }),
    1,
  );
  write(store, "UPDATE issue SET title = 'mine'");
  const result = store.discard(1, 3);
  expect(result.settled).toEqual([{ mutationId: 1, outcome: 'discarded', seq: null, reason: null }]);
  expect(result.changed).toEqual(new Map([['issue', new Set(['"a"'])]]));
  expect(store.outbox()).toEqual([]);
});

test('what may be on the server already cannot be discarded', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  const push = store.nextPush(MAX);
  expect(() => store.discard(1, 2)).toThrow(expect.objectContaining({ kind: 'misuse' }));
  store.unsend(push?.mutationIds ?? []);
  expect(() => store.discard(1, 2)).toThrow(expect.objectContaining({ kind: 'misuse' }));
  expect(() => store.retry(9, 2)).toThrow(expect.objectContaining({ kind: 'not-found' }));
});

test('an echo that comes before the outcome ends what is shown, not the mutation', async () => {
  const { store, database } = await openStore();
  insert(store, 'a', 'mine');
  store.nextPush(MAX);
  const columns = { project_id: 'p1', title: 'as stored', body: null, rank: 0, size: 0, done: 0, data: null, votes: 0 };
  const echo = transaction(1, [{ table: 'issue', key: ['a'], op: 'put', columns }], {
    clientId: 'client-1',
    mutationId: 1,
  });
  expect(pull(store, 1, echo).echoed).toEqual([1]);
  expect(database.read('SELECT title FROM issue').rows).toEqual([['as stored']]);
  expect(states(store)).toEqual([[1, 'sent']]);
  expect(store.settle(response([{ mutationId: 1, seq: 1 }], 1), 1).settled).toHaveLength(1);
  expect(store.outbox()).toEqual([]);
});

const SNAPSHOT = [{ table: 'issue', columns: ['id', 'title'], rows: [['a', 'theirs']] }];

test('a mutation without an effect of its own is shown until what overruled it has been pulled', async () => {
  const { store, database } = await openStore();
  store.applyChain(page({ from: 0, seq: 1, snapshot: SNAPSHOT }), 1);
  write(store, "UPDATE issue SET title = 'mine' WHERE id = 'a'");
  store.nextPush(MAX);
  store.settle(response([{ mutationId: 1, outcome: 'merged', seq: null }], 3), 1);
  pull(store, 2);
  expect(states(store)).toEqual([[1, 'accepted']]);
  expect(database.read('SELECT title FROM issue').rows).toEqual([['mine']]);
  pull(store, 3, transaction(3, [{ table: 'issue', key: ['a'], op: 'patch', columns: { title: 'later' } }]));
  expect(states(store)).toEqual([]);
  expect(database.read('SELECT title FROM issue').rows).toEqual([['later']]);
});

test('an answer of another history is not taken for one whose commit has been pulled', async () => {
  const { store, database } = await openStore();
  store.applyChain(page({ from: 0, seq: 9, snapshot: SNAPSHOT }), 1);
  write(store, "UPDATE issue SET title = 'mine' WHERE id = 'a'");
  store.nextPush(MAX);
  store.settle({ ...response([{ mutationId: 1, seq: 4 }], 4), epoch: 'epoch-2' }, 1);
  expect(states(store)).toEqual([[1, 'accepted']]);
  expect(database.read('SELECT title FROM issue').rows).toEqual([['mine']]);
});

test('what touches the rows of a conflict waits behind it, also what was written before that was known', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  store.nextPush(MAX);
  write(store, "UPDATE issue SET title = 'on top' WHERE id = 'a'");
  insert(store, 'b');
  store.settle(response([{ mutationId: 1, outcome: 'conflict' }], 1), 1);
  expect(states(store)).toEqual([
    [1, 'conflicted'],
    [2, 'parked'],
    [3, 'pending'],
  ]);
  expect(store.nextPush(MAX)?.mutationIds).toEqual([3]);
});

test('a commit of a copy that counts like a mutation of this device is not taken for its echo: the stamp tells', async () => {
  const { store, database } = await openStore();
  insert(store, 'a', 'mine');
  const columns = { project_id: 'p1', title: 'of a copy', body: null, rank: 0, size: 0, done: 0, data: null, votes: 0 };
  const other = transaction(1, [{ table: 'issue', key: ['b'], op: 'put', columns }], {
    clientId: 'client-1',
    mutationId: 1,
    hlc: 'ff0000000000ffff',
  });
  expect(pull(store, 1, other).echoed).toEqual([]);
  expect(states(store)).toEqual([[1, 'pending']]);
  expect(database.read('SELECT title FROM issue ORDER BY id').rows).toEqual([['mine'], ['of a copy']]);
});

test('a mutation accepted by a history that is gone is sent again', async () => {
  const { store } = await openStore();
  insert(store, 'a');
  store.nextPush(MAX);
  store.settle(response([{ mutationId: 1, seq: 7 }], 7), 1);
  store.resetCursor();
  store.applyChain(
    page({ epoch: 'epoch-2', from: 0, seq: 9, cursor: { epoch: 'epoch-2', seq: 9 }, replaces: ['issue'] }),
    1,
  );
  expect(states(store)).toEqual([[1, 'pending']]);
  expect(store.rowCount('issue')).toBe(1);
});

test('many thousand pending mutations drain in small requests', async () => {
  const { store } = await openStore();
  for (let n = 0; n < 3_000; n++) insert(store, `i${n}`, 'x'.repeat(300));
  let requests = 0;
  for (let push = store.nextPush(65_536); push; push = store.nextPush(65_536)) {
    requests++;
    store.settle(response(push.mutationIds.map((mutationId) => ({ mutationId, seq: mutationId }))), 1);
  }
  expect(requests).toBeGreaterThan(10);
  expect(store.counts().acceptedCount).toBe(3_000);
});
