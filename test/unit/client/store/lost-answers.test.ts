import { expect, test } from 'vitest';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import type { StoredOutcome } from '../../../../src/protocol/messages/pull.ts';
import { all, EPOCH, type Opened, openStore, page, response, write } from './store-helpers.ts';

const MAX = LIMITS.maxRequestBytes;
const VOTES = (votes: number) => [{ table: 'issue', columns: ['id', 'title', 'votes'], rows: [['a', 'T', votes]] }];
const votes = ({ database }: Opened) => all(database, 'SELECT votes FROM issue')[0]?.votes;
const REPLACES = ['project', 'issue', 'comment', 'label'];

/** A device whose first increment has been sent; its answer was lost. */
async function lost(): Promise<Opened & { told: (rest?: Partial<StoredOutcome>) => StoredOutcome }> {
  const opened = await openStore();
  const { store } = opened;
  store.applyChain(page({ from: 0, seq: 1, snapshot: VOTES(0) }), 1);
  write(store, "UPDATE issue SET votes = votes + 1 WHERE id = 'a'");
  const hlc = store.nextPush(MAX)?.mutations[0]?.hlc ?? '';
  store.unsend([1]);
  store.resetCursor();
  const told = (rest: Partial<StoredOutcome> = {}) => ({
    ...{ mutationId: 1, hlc, outcome: 'applied' as const, seq: 2, conflicts: [] },
    ...rest,
  });
  return { ...opened, told };
}

/** The ids that are asked for: those that are written before the answer is here among them. */
const asked = (from: number, next: number) => [{ clientId: 'client-1', from, to: next + 499 }];

const snapshot = (rest: { epoch?: string; outcomes?: StoredOutcome[] }) =>
  page({ from: 0, seq: 2, snapshot: VOTES(1), replaces: REPLACES, ...rest });

test('a mutation that the snapshot is told to hold is settled with it, and counts once', async () => {
  const device = await lost();
  const result = device.store.applyChain(snapshot({ outcomes: [device.told()] }), 9);
  expect(votes(device)).toBe(1);
  expect(result.answered?.settled).toEqual([{ mutationId: 1, outcome: 'applied', seq: 2, reason: null }]);
  expect(device.store.outbox()).toEqual([]);
  expect(all(device.database, 'SELECT * FROM _tidemark_image')).toEqual([]);
  expect(device.store.unanswered(EPOCH)).toEqual(asked(2, 2));
});

test('what is written while the answer is on its way, and sent by a copy of this database, counts once', async () => {
  const device = await openStore();
  device.store.applyChain(page({ from: 0, seq: 1, snapshot: VOTES(0) }), 1);
  device.store.resetCursor();
  const [span] = device.store.unanswered(EPOCH);
  write(device.store, "UPDATE issue SET votes = votes + 1 WHERE id = 'a'");
  const [{ mutationId = 0, hlc = '' } = {}] = device.store.nextPush(MAX)?.mutations ?? [];
  expect(mutationId).toBeGreaterThanOrEqual(span?.from ?? Number.POSITIVE_INFINITY);
  expect(mutationId).toBeLessThanOrEqual(span?.to ?? 0);
  const told = { mutationId, hlc, outcome: 'applied' as const, seq: 2, conflicts: [] };
  device.store.applyChain(snapshot({ outcomes: [told] }), 9);
  expect(votes(device)).toBe(1);
});

test('outcomes of earlier pages of the chain count too, also after a restart', async () => {
  const device = await lost();
  const first = { ...snapshot({ outcomes: [device.told()] }), cursor: null, resume: 'more' };
  device.store.stagePage(first);
  expect(votes(device)).toBe(1);
  device.store.applyChain(page({ from: 0, seq: 2, outcomes: [] }), 9);
  expect(votes(device)).toBe(1);
  expect(device.store.outbox()).toEqual([]);
});

test.each([
  ['of another stamp: a copy of this database wrote it', { hlc: '0000000000000001' }],
  ['that is committed after the end of the chain', { seq: 3 }],
  ['that has no commit', { seq: null }],
  ['that is not known here', { mutationId: 7 }],
])('an outcome %s settles nothing', async (_, rest) => {
  const device = await lost();
  const result = device.store.applyChain(snapshot({ outcomes: [device.told(rest)] }), 9);
  expect(result.answered).toBeNull();
  expect(device.store.outbox()).toMatchObject([{ mutationId: 1, state: 'pending' }]);
  expect(votes(device)).toBe(2);
});

test('what was accepted in a history that is gone counts once where the restored one holds it', async () => {
  const device = await lost();
  device.store.nextPush(MAX);
  device.store.settle(response([{ mutationId: 1, seq: 2 }], 2), 5);
  expect(device.store.unanswered(EPOCH)).toEqual(asked(2, 2));
  expect(device.store.unanswered('epoch-2')).toEqual(asked(1, 2));
  const result = device.store.applyChain(snapshot({ epoch: 'epoch-2', outcomes: [device.told()] }), 9);
  expect(votes(device)).toBe(1);
  expect(result.answered?.settled).toHaveLength(1);
  expect(device.store.outbox()).toEqual([]);
});

test('the decided conflicts of a lost answer are recorded', async () => {
  const device = await lost();
  const conflict = {
    table: 'issue',
    key: ['a'],
    kind: 'update-update' as const,
    columns: ['title'],
    remote: { title: 'T', votes: 0 },
    remoteSeq: 1,
    remoteAuthor: { clientId: 'other', hlc: '0000000000000001' },
    decided: { title: { policy: 'merge' as const, winner: 'local' as const } },
  };
  const outcomes = [device.told({ outcome: 'merged', conflicts: [conflict] })];
  const result = device.store.applyChain(snapshot({ outcomes }), 9);
  expect(result.answered?.decidedConflicts).toMatchObject([{ id: '1.0', state: 'resolved' }]);
});

test('asked for is what has no answer, sent or not, from the lowest id to the next ones', async () => {
  const { store } = await openStore();
  expect(store.unanswered(EPOCH)).toEqual(asked(1, 1));
  for (const id of ['a', 'b', 'c', 'd']) write(store, `INSERT INTO issue (id, title) VALUES ('${id}', 'T')`);
  expect(store.unanswered(EPOCH)).toEqual(asked(1, 5));
  store.nextPush(MAX);
  expect(store.unanswered(EPOCH)).toEqual(asked(1, 5));
  const rejection = { outcome: 'rejected' as const, reason: { code: 'rejected', message: 'no' } };
  store.settle(
    response([
      { mutationId: 1, seq: 1 },
      { mutationId: 4, ...rejection },
    ]),
    1,
  );
  write(store, "INSERT INTO issue (id, title) VALUES ('e', 'never sent')");
  expect(store.unanswered(EPOCH)).toEqual(asked(2, 6));
});
