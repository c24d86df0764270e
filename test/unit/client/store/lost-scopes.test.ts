import { expect, test } from 'vitest';
import { type Opened, openStore, page, transaction, write } from './store-helpers.ts';

const BOTH = ['main', 'project:p1', 'project:p2'];
const ONE = ['main', 'project:p1'];

/** An issue in each of two projects, with a comment each. */
async function twoProjects(): Promise<Opened> {
  const opened = await openStore();
  const snapshot = [
    {
      table: 'issue',
      columns: ['id', 'project_id', 'title'],
      rows: [
        ['i1', 'p1', 'T'],
        ['i2', 'p2', 'T'],
      ],
    },
    {
      table: 'comment',
      columns: ['id', 'issue_id', 'text'],
      rows: [
        ['c1', 'i1', 'x'],
        ['c2', 'i2', 'secret'],
      ],
    },
  ];
  opened.store.applyChain(page({ from: 0, seq: 1, scopes: BOTH, snapshot }), 1);
  return opened;
}

const ids = ({ database }: Opened, table: string) => database.read(`SELECT id FROM ${table} ORDER BY id`).rows.flat();
const gone = (seq: number, id: string) => transaction(seq, [{ table: 'issue', key: [id], op: 'delete', columns: {} }]);

test('with a scope go its rows and those below them', async () => {
  const device = await twoProjects();
  device.store.applyChain(page({ from: 1, seq: 2, scopes: ONE }), 2);
  expect([ids(device, 'issue'), ids(device, 'comment')]).toEqual([['i1'], ['c1']]);
});

test('where a row has lost its parent, only a snapshot tells what may stay: nothing of a lost scope is kept', async () => {
  const device = await twoProjects();
  device.store.applyChain(page({ from: 1, seq: 2, scopes: BOTH, transactions: [gone(2, 'i2')] }), 2);
  write(device.store, "UPDATE comment SET text = 'mine' WHERE id = 'c1'");
  expect(ids(device, 'comment')).toEqual(['c1', 'c2']);
  const narrower = page({ from: 2, seq: 3, scopes: ONE });
  expect(() => device.store.applyChain(narrower, 3)).toThrow(expect.objectContaining({ kind: 'resync' }));
  expect(device.store.cursor?.seq).toBe(2);
  device.store.resetCursor();
  const snapshot = [{ table: 'comment', columns: ['id', 'issue_id', 'text'], rows: [['c1', 'i1', 'x']] }];
  const replaces = ['project', 'issue', 'comment', 'label'];
  device.store.applyChain(page({ from: 0, seq: 3, scopes: ONE, snapshot, replaces }), 4);
  expect(ids(device, 'comment')).toEqual(['c1']);
  expect(device.database.read('SELECT text FROM comment').rows).toEqual([['mine']]);
});

test('a row without its parent is no trouble while the scopes stay, or where all rows have come anew', async () => {
  const device = await twoProjects();
  device.store.applyChain(page({ from: 1, seq: 2, scopes: BOTH, transactions: [gone(2, 'i2')] }), 2);
  device.store.applyChain(page({ from: 2, seq: 3, scopes: BOTH }), 3);
  expect(ids(device, 'comment')).toEqual(['c1', 'c2']);
  const snapshot = [{ table: 'comment', columns: ['id', 'issue_id', 'text'], rows: [['c3', 'i3', 'of a kept scope']] }];
  const replaces = ['project', 'issue', 'comment', 'label'];
  device.store.applyChain(page({ from: 0, seq: 4, scopes: ONE, snapshot, replaces }), 4);
  expect(ids(device, 'comment')).toEqual(['c3']);
});

test('what moved within a lost scope goes with it, also where the row it was below has come into a scope that stays', async () => {
  const device = await twoProjects();
  write(device.store, "UPDATE comment SET text = 'mine' WHERE id = 'c2'");
  // Unseen, `c2` has moved to another issue of `p2`, and its former one to `p1`.
  const columns = { project_id: 'p1', title: 'moved' };
  const arrival = transaction(3, [{ table: 'issue', key: ['i2'], op: 'put', columns }]);
  device.store.applyChain(page({ from: 1, seq: 3, scopes: ONE, transactions: [arrival] }), 2);
  expect([ids(device, 'issue'), ids(device, 'comment')]).toEqual([['i1', 'i2'], ['c1']]);
  device.store.discard(1, 3);
  expect(ids(device, 'comment')).toEqual(['c1']);
});

test('what moves with its parent into a scope that stays is there afterwards', async () => {
  const device = await twoProjects();
  const moved = transaction(2, [
    { table: 'issue', key: ['i2'], op: 'put', columns: { project_id: 'p1', title: 'moved' } },
    { table: 'comment', key: ['c2'], op: 'put', columns: { issue_id: 'i2', text: 'secret' } },
  ]);
  device.store.applyChain(page({ from: 1, seq: 2, scopes: ONE, transactions: [moved] }), 2);
  expect([ids(device, 'issue'), ids(device, 'comment')]).toEqual([
    ['i1', 'i2'],
    ['c1', 'c2'],
  ]);
});
