/** What a pending mutation had seen, where the server goes on from an old copy of itself. */
import { describe, expect, test } from 'vitest';
import type { OpenedLocalStore } from '../../../../src/client/store/create-local-store.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import type { FormerEpoch, PullPage } from '../../../../src/protocol/messages/pull.ts';
import { EPOCH, type Opened, openStore, page, reopen, response, write } from './store-helpers.ts';

const SECOND = 'epoch-2';
const rows = (title: string) => [{ table: 'issue', columns: ['id', 'title'], rows: [['a', title]] }];
const bases = (store: OpenedLocalStore) =>
  (store.nextPush(LIMITS.maxRequestBytes)?.mutations ?? []).map(({ base }) => base);

/** A device that has seen 30 commits, and writes. */
async function deviceAt30(): Promise<Opened> {
  const opened = await openStore();
  opened.store.applyChain(page({ from: 0, seq: 10, snapshot: rows('first') }), 1);
  write(opened.store, "UPDATE issue SET title = 'early' WHERE id = 'a'");
  opened.store.applyChain(page({ from: 10, seq: 30 }), 2);
  write(opened.store, "UPDATE issue SET title = 'late' WHERE id = 'a'");
  return opened;
}

/** All of a history, from nothing. */
const anew = (epoch: string, rest: Partial<PullPage> = {}) =>
  page({
    epoch,
    from: 0,
    seq: 40,
    snapshot: rows('others'),
    replaces: ['project', 'issue', 'comment', 'label'],
    ...rest,
  });

describe('in another history', () => {
  test.each<[string, FormerEpoch[] | undefined, number[]]>([
    ['a mutation has seen what the two have in common', [{ epoch: EPOCH, seq: 20 }], [10, 20]],
    ['all of it, where everything was taken over', [{ epoch: EPOCH, seq: 30 }], [10, 30]],
    [
      'of several, its own counts',
      [
        { epoch: 'between', seq: 25 },
        { epoch: EPOCH, seq: 5 },
      ],
      [5, 5],
    ],
    ['nothing, where that comes from elsewhere', [{ epoch: 'unknown', seq: 20 }], [0, 0]],
    ['nothing, where the server does not tell', undefined, [0, 0]],
  ])('%s', async (_, formerEpochs, expected) => {
    const { store } = await deviceAt30();
    store.resetCursor();
    store.applyChain(anew(SECOND, formerEpochs ? { formerEpochs } : {}), 3);
    expect(bases(store)).toEqual(expected);
    write(store, "UPDATE issue SET title = 'on top' WHERE id = 'a'");
    store.unsend([1, 2]);
    expect(bases(store)).toEqual([...expected, 40]);
  });

  test('it is remembered over a restart in between', async () => {
    const { store, database } = await deviceAt30();
    store.resetCursor();
    const again = reopen(database);
    again.resetCursor();
    again.applyChain(anew(SECOND, { formerEpochs: [{ epoch: EPOCH, seq: 20 }] }), 3);
    expect(bases(reopen(database))).toEqual([10, 20]);
  });

  test('an answer counts as given in view of what is left of what it was given to', async () => {
    const { store } = await deviceAt30();
    expect(bases(store)).toEqual([10, 30]);
    const remote = {
      remote: { title: 'theirs' },
      remoteSeq: 35,
      remoteAuthor: { clientId: 'b', hlc: '0000000000010000' },
    };
    const conflict = {
      table: 'issue',
      key: ['a'],
      kind: 'update-update' as const,
      columns: ['title'],
      ...remote,
      decided: {},
    };
    store.settle(response([{ mutationId: 1, outcome: 'conflict', conflicts: [conflict] }], 35), 2);
    store.resetCursor();
    store.applyChain(anew(SECOND, { formerEpochs: [{ epoch: EPOCH, seq: 20 }] }), 3);
    const [open] = store.conflicts({});
    expect(open?.remoteSeq).toBe(35);
    store.resolveConflict(open?.id ?? '', 'local', { by: 'person', now: 4 });
    expect(bases(store)).toEqual([20, 20]);
  });
});

test('a snapshot of the same history leaves them as they are', async () => {
  const { store } = await deviceAt30();
  store.resetCursor();
  store.applyChain(anew(EPOCH), 3);
  expect(bases(store)).toEqual([10, 30]);
});
