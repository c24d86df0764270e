import { expect, test } from 'vitest';
import type { OpenedLocalStore } from '../../../../src/client/store/create-local-store.ts';
import type { Change } from '../../../../src/core/change.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { all, openStore, page, write } from './store-helpers.ts';

const ROW = { project_id: 'p1', title: 'First', body: null, rank: 0, size: 0, done: 0, data: null, votes: 0 };
const INSERT = "INSERT INTO issue (id, title) VALUES ('a', 'First')";

function lastChanges(store: OpenedLocalStore): readonly Change[] {
  return store.outbox().at(-1)?.changes ?? [];
}

/** A store that has one confirmed issue `a` and one label. */
async function synced(options: { localSchema?: string[] } = {}) {
  const opened = await openStore(options);
  opened.store.applyChain(
    page({
      from: 0,
      seq: 1,
      snapshot: [
        { table: 'issue', columns: ['id', 'title', 'votes'], rows: [['a', 'First', 5]] },
        { table: 'label', columns: ['issue_id', 'name', 'color'], rows: [['a', 'bug', 'red']] },
      ],
    }),
    1,
  );
  return opened;
}

test('an insert becomes a put of the whole row', async () => {
  const { store } = await openStore();
  const result = write(store, INSERT);
  expect(result.mutationId).toBe(1);
  expect(lastChanges(store)).toEqual([{ table: 'issue', key: ['a'], op: 'put', columns: ROW }]);
  expect(result.changed).toEqual(new Map([['issue', new Set(['"a"'])]]));
});

test('an update becomes a patch of the columns that really changed, with what they held', async () => {
  const { store } = await synced();
  write(store, "UPDATE issue SET title = 'New', body = NULL, done = 0 WHERE id = 'a'");
  expect(lastChanges(store)).toEqual([
    { table: 'issue', key: ['a'], op: 'patch', columns: { title: 'New' }, old: { title: 'First' } },
  ]);
});

test('an update that changes nothing is no mutation', async () => {
  const { store } = await synced();
  const result = write(store, "UPDATE issue SET title = title WHERE id = 'a'");
  expect(result).toMatchObject({ mutationId: null });
  expect(store.outbox()).toEqual([]);
});

test('counters travel as increments', async () => {
  const { store } = await synced();
  write(store, "UPDATE issue SET votes = votes + 2, title = 'x' WHERE id = 'a'", 'UPDATE issue SET votes = votes - 5');
  expect(lastChanges(store)).toEqual([
    {
      table: 'issue',
      key: ['a'],
      op: 'patch',
      columns: { title: 'x' },
      counters: { votes: -3 },
      old: { title: 'First', votes: 5 },
    },
  ]);
});

test('a delete carries the whole row it found', async () => {
  const { store } = await synced();
  write(store, "DELETE FROM issue WHERE id = 'a'");
  const [change] = lastChanges(store);
  expect(change).toMatchObject({ op: 'delete', columns: {}, old: { title: 'First', votes: 5 } });
});

test('REPLACE over a row is a patch of what differs; over nothing it is a put', async () => {
  const { store } = await synced();
  write(store, "REPLACE INTO issue (id, title, votes) VALUES ('a', 'Second', 5), ('b', 'Other', 0)");
  expect(lastChanges(store)).toEqual([
    { table: 'issue', key: ['a'], op: 'patch', columns: { title: 'Second' }, old: { title: 'First' } },
    { table: 'issue', key: ['b'], op: 'put', columns: { ...ROW, title: 'Other' } },
  ]);
});

test('an upsert is captured as what it did', async () => {
  const { store } = await synced();
  const upsert = 'INSERT INTO issue (id, title) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title';
  write(store, [upsert, 'a', 'Up'], [upsert, 'b', 'New']);
  expect(lastChanges(store).map(({ key, op }) => [key[0], op])).toEqual([
    ['a', 'patch'],
    ['b', 'put'],
  ]);
});

test('a statement over many rows gives a change for each', async () => {
  const { store } = await openStore();
  write(
    store,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO issue (id, title) SELECT i, 't' FROM n",
  );
  write(store, "UPDATE issue SET title = 'u' WHERE CAST(id AS INTEGER) <= 300");
  expect(lastChanges(store)).toHaveLength(300);
});

test('a changed key is a delete of the old row and a put of the new one', async () => {
  const { store } = await synced();
  write(store, "UPDATE label SET name = 'feature' WHERE issue_id = 'a'");
  expect(lastChanges(store)).toEqual([
    { table: 'label', key: ['a', 'bug'], op: 'delete', columns: {}, old: { color: 'red' } },
    { table: 'label', key: ['a', 'feature'], op: 'put', columns: { color: 'red' } },
  ]);
});

test('two rows that swap their keys end as two patches', async () => {
  const { store } = await openStore();
  store.applyChain(
    page({
      from: 0,
      seq: 1,
      snapshot: [
        {
          table: 'label',
          columns: ['issue_id', 'name', 'color'],
          rows: [
            ['a', 'x', 'red'],
            ['a', 'y', 'blue'],
          ],
        },
      ],
    }),
    1,
  );
  write(
    store,
    "UPDATE label SET name = 'z' WHERE name = 'x'",
    "UPDATE label SET name = 'x' WHERE name = 'y'",
    "UPDATE label SET name = 'y' WHERE name = 'z'",
  );
  expect(lastChanges(store)).toEqual([
    { table: 'label', key: ['a', 'x'], op: 'patch', columns: { color: 'blue' }, old: { color: 'red' } },
    { table: 'label', key: ['a', 'y'], op: 'patch', columns: { color: 'red' }, old: { color: 'blue' } },
  ]);
});

test('only the net effect of a transaction goes up', async () => {
  const { store } = await synced();
  write(
    store,
    "INSERT INTO issue (id, title) VALUES ('new', '1')",
    "UPDATE issue SET title = '2' WHERE id = 'new'",
    "INSERT INTO issue (id, title) VALUES ('gone', '1')",
    "DELETE FROM issue WHERE id = 'gone'",
    "DELETE FROM issue WHERE id = 'a'",
    "INSERT INTO issue (id, title, votes) VALUES ('a', 'Back', 5)",
  );
  expect(lastChanges(store)).toEqual([
    { table: 'issue', key: ['new'], op: 'put', columns: { ...ROW, title: '2' } },
    { table: 'issue', key: ['a'], op: 'patch', columns: { title: 'Back' }, old: { title: 'First' } },
  ]);
});

test('what triggers of the app write counts too, before and after the statement', async () => {
  const { store } = await synced({
    localSchema: [
      'CREATE TRIGGER IF NOT EXISTS touch AFTER UPDATE OF title ON issue BEGIN UPDATE issue SET size = size + 1 WHERE id = NEW.id; END',
      "CREATE TRIGGER IF NOT EXISTS first AFTER INSERT ON issue BEGIN UPDATE issue SET size = 7 WHERE id = NEW.id; INSERT INTO label VALUES (NEW.id, 'auto', NULL); END",
      'CREATE TRIGGER IF NOT EXISTS early BEFORE DELETE ON issue BEGIN DELETE FROM label WHERE issue_id = OLD.id; END',
    ],
  });
  write(store, "UPDATE issue SET title = 'x' WHERE id = 'a'", "INSERT INTO issue (id, title) VALUES ('b', 't')");
  expect(lastChanges(store)).toEqual([
    { table: 'issue', key: ['a'], op: 'patch', columns: { title: 'x', size: 1 }, old: { title: 'First', size: 0 } },
    { table: 'issue', key: ['b'], op: 'put', columns: { ...ROW, title: 't', size: 7 } },
    { table: 'label', key: ['b', 'auto'], op: 'put', columns: { color: null } },
  ]);
  write(store, "DELETE FROM issue WHERE id = 'a'");
  expect(lastChanges(store).map(({ table, op }) => [table, op])).toEqual([
    ['issue', 'delete'],
    ['label', 'delete'],
  ]);
});

test('a rolled back savepoint leaves no trace', async () => {
  const { store } = await synced();
  write(
    store,
    'SAVEPOINT s',
    "UPDATE issue SET title = 'lost'",
    'ROLLBACK TO s',
    'RELEASE s',
    "UPDATE issue SET body = 'kept'",
  );
  expect(lastChanges(store)).toEqual([
    { table: 'issue', key: ['a'], op: 'patch', columns: { body: 'kept' }, old: { body: null } },
  ]);
});

test('a rolled back write leaves no trace', async () => {
  const { store, database } = await synced();
  store.beginWrite();
  store.runWrite("UPDATE issue SET title = 'lost'", []);
  store.rollbackWrite();
  expect(all(database, 'SELECT title FROM issue')).toEqual([{ title: 'First' }]);
  expect(write(store, "UPDATE issue SET body = 'x'").mutationId).toBe(1);
  expect(lastChanges(store)[0]?.columns).toEqual({ body: 'x' });
});

test('writes to tables of this device alone stay on it', async () => {
  const { store } = await openStore({ localSchema: ['CREATE TABLE IF NOT EXISTS draft (id TEXT, text TEXT)'] });
  const result = write(store, "INSERT INTO draft VALUES ('d', 'x')");
  expect(result.mutationId).toBeNull();
  expect(result.changed).toEqual(new Map([['draft', '*']]));
});

test('a full-text index changes with the table it follows, whoever writes', async () => {
  const { store, database } = await openStore({
    localSchema: [
      "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(title, content='issue', content_rowid='rowid')",
      'CREATE TRIGGER IF NOT EXISTS s_i AFTER INSERT ON issue BEGIN INSERT INTO search (rowid, title) VALUES (NEW.rowid, NEW.title); END',
      "CREATE TRIGGER IF NOT EXISTS s_d AFTER DELETE ON issue BEGIN INSERT INTO search (search, rowid, title) VALUES ('delete', OLD.rowid, OLD.title); END",
      "CREATE TRIGGER IF NOT EXISTS s_u AFTER UPDATE ON issue BEGIN INSERT INTO search (search, rowid, title) VALUES ('delete', OLD.rowid, OLD.title); INSERT INTO search (rowid, title) VALUES (NEW.rowid, NEW.title); END",
    ],
  });
  expect(write(store, "INSERT INTO issue (id, title) VALUES ('a', 'mine')").changed.get('search')).toBe('*');
  const applied = store.applyChain(
    page({ from: 0, seq: 1, snapshot: [{ table: 'issue', columns: ['id', 'title'], rows: [['b', 'theirs']] }] }),
    1,
  );
  expect(applied.changed.get('search')).toBe('*');
  expect(all(database, "SELECT rowid FROM search WHERE search MATCH 'mine OR theirs'")).toHaveLength(2);
});

test.each([
  ['COMMIT', 'misuse'],
  ['/* sly */ ROLLBACK', 'misuse'],
  ['BEGIN', 'misuse'],
  ['DROP TABLE issue', 'misuse'],
  ['CREATE TABLE other (id)', 'misuse'],
  ['PRAGMA recursive_triggers = OFF', 'misuse'],
  ["ATTACH ':memory:' AS other", 'misuse'],
  ['DELETE FROM _tidemark_outbox', 'misuse'],
  ['UPDATE _tidemark_flag SET capturing = 0', 'misuse'],
  ['SELEC 1', 'invalid-query'],
])('%s is refused inside a write, and the write goes on', async (sql, kind) => {
  const { store } = await openStore();
  store.beginWrite();
  expect(() => store.runWrite(sql, [])).toThrow(expect.objectContaining({ kind }));
  store.runWrite(INSERT, []);
  expect(store.commitWrite({ writeId: 'w', now: 1 }).mutationId).toBe(1);
});

test.each([
  ['lone surrogate in no text', "UPDATE issue SET done = 2 WHERE id = 'a'"],
  ['an infinite count', "UPDATE issue SET votes = 9223372036854775807 WHERE id = 'a'"],
])('a value that not every device can hold refuses the whole write: %s', async (_, sql) => {
  const { store, database } = await synced();
  expect(() => write(store, "UPDATE issue SET title = 'with it'", sql)).toThrow(
    expect.objectContaining({ kind: 'invalid-value' }),
  );
  expect(all(database, 'SELECT title, done, votes FROM issue')).toEqual([{ title: 'First', done: 0, votes: 5 }]);
  expect(store.outbox()).toEqual([]);
  expect(write(store, "UPDATE issue SET title = 'alone'").mutationId).toBe(1);
});

test.each([
  ['a value', "INSERT INTO issue (id, title) VALUES ('b', CAST(x'ff' AS TEXT))"],
  ['a surrogate', "UPDATE issue SET title = 'x' || char(55296) WHERE id = 'a'"],
  ['a key', "INSERT INTO issue (id, title) VALUES (CAST(x'c3' AS TEXT), 'New')"],
  ['a value that reads as it did', "UPDATE issue SET body = CAST(x'ff' AS TEXT) WHERE id = 'a'"],
])('text that SQL made of bytes that are no UTF-8 is refused: %s', async (_name, sql) => {
  const { store, database } = await synced();
  write(store, "UPDATE issue SET body = char(65533) WHERE id = 'a'");
  const before = database.read('SELECT hex(id), hex(title), hex(body) FROM issue').rows;
  expect(() => write(store, sql)).toThrow(
    expect.objectContaining({ kind: 'invalid-value', message: expect.stringContaining('not valid UTF-8') }),
  );
  expect(database.read('SELECT hex(id), hex(title), hex(body) FROM issue').rows).toEqual(before);
  expect(store.outbox()).toHaveLength(1);
});

test('the character that stands for no text is text like any other, in keys too', async () => {
  const { store } = await openStore();
  write(store, "INSERT INTO issue (id, title) VALUES ('\uFFFD', char(65533) || 'x')");
  expect(lastChanges(store)).toMatchObject([{ key: ['\uFFFD'], columns: { title: '\uFFFDx' } }]);
});

test('a mutation beyond the limit is refused whole', async () => {
  const { store } = await openStore();
  const blob = new Uint8Array(15 * 1024 * 1024);
  const insert = "INSERT INTO issue (id, title, data) VALUES (?, 't', ?)";
  const rows = [1, 2, 3, 4, 5].map((n): [string, string, Uint8Array] => [insert, String(n), blob]);
  expect(5 * blob.length).toBeGreaterThan(LIMITS.maxMutationBytes);
  expect(() => write(store, ...rows)).toThrow(expect.objectContaining({ kind: 'too-large' }));
  expect(store.rowCount('issue')).toBe(0);
});

test('values come back from the outbox as they were written', async () => {
  const { store } = await openStore();
  const text = 'nul \0 é e\u0301 🙂';
  write(store, [
    "INSERT INTO issue (id, title, rank, size, data) VALUES ('a', ?, ?, ?, ?)",
    text,
    5e-324,
    -(2n ** 63n),
    Uint8Array.of(0, 255),
  ]);
  expect(lastChanges(store)[0]?.columns).toMatchObject({
    title: text,
    rank: 5e-324,
    size: -(2n ** 63n),
    data: Uint8Array.of(0, 255),
  });
});

test('a write that became nothing is remembered like any other', async () => {
  const { store } = await openStore();
  store.beginWrite();
  store.commitWrite({ writeId: 'empty', now: 1 });
  store.beginWrite();
  store.runWrite(INSERT, []);
  store.commitWrite({ writeId: 'full', now: 1 });
  expect(store.findWrite('empty')).toEqual({ mutationId: null });
  expect(store.findWrite('full')).toEqual({ mutationId: 1 });
  expect(store.findWrite('never')).toBeNull();
});
