import { expect, test, vi } from 'vitest';
import {
  type Columns,
  defineSchema,
  type TableOptions,
  type TablesInput,
  t,
  table,
} from '../../../../src/core/schema.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { all, openStore, page, pull, reopen, response, schema, transaction, write } from './store-helpers.ts';

const note = (columns: Columns, options: TableOptions = {}, version = 2, others: TablesInput = {}) =>
  defineSchema({ version, tables: { note: table({ id: t.text(), ...columns }, options), ...others } });

const v1 = note({ text: t.text(), n: t.integer() }, {}, 1);

/** One confirmed note and one that waits. */
async function withNotes(from = v1, localSchema: string[] = []) {
  const opened = await openStore({ schema: from, localSchema });
  opened.store.applyChain(
    page({
      from: 0,
      seq: 1,
      snapshot: [{ table: 'note', columns: ['id', 'text', 'n'], rows: [['a', 'A', 1]] }],
      scopes: ['main'],
    }),
    1,
  );
  write(
    opened.store,
    "UPDATE note SET text = 'mine' WHERE id = 'a'",
    "INSERT INTO note (id, text, n) VALUES ('b', 'B', 2)",
  );
  return opened;
}

test('a database of the same schema opens as it is', async () => {
  const { database, store } = await withNotes();
  expect(store.migrated).toBeNull();
  const again = reopen(database, { schema: v1 });
  expect(again).toMatchObject({ migrated: null, cursor: { seq: 1 }, clientId: store.clientId });
  expect(again.rowCount('note')).toBe(2);
});

test('new tables, columns and indexes come in place', async () => {
  const { database } = await withNotes();
  const v2 = note(
    { text: t.text(), n: t.integer(), extra: t.text().nullable(), flag: t.boolean().default(true), must: t.date() },
    { indexes: [['n']] },
    2,
    { other: table({ id: t.text() }) },
  );
  const store = reopen(database, { schema: v2 });
  expect(store.migrated).toEqual({ from: 1, to: 2 });
  expect(store.cursor?.seq).toBe(1);
  expect(all(database, "SELECT * FROM note WHERE id = 'a'")).toEqual([
    { id: 'a', text: 'mine', n: 1, extra: null, flag: 1, must: '1970-01-01' },
  ]);
  expect(
    database.read("SELECT name FROM sqlite_schema WHERE tbl_name = 'note' AND name LIKE '\\_tidemark%' ESCAPE '\\'")
      .rows,
  ).toEqual([['_tidemark_index_note_n']]);
  expect(store.outbox()[0]?.changes).toHaveLength(2);
  write(store, "UPDATE note SET extra = 'x' WHERE id = 'a'");
  expect(store.outbox()[1]?.changes[0]?.columns).toEqual({ extra: 'x' });
  reopen(database, {
    schema: note(
      { text: t.text(), n: t.integer(), extra: t.text().nullable(), flag: t.boolean().default(true), must: t.date() },
      {},
      3,
    ),
  });
  expect(
    database.read("SELECT name FROM sqlite_schema WHERE type = 'index' AND name = '_tidemark_index_note_n'").rows,
  ).toEqual([]);
});

test.each([
  ['a dropped column', note({ text: t.text() }), { id: 'a', text: 'mine' }, 1],
  [
    'a column that may no longer be null',
    note({ text: t.text(), n: t.integer() }, {}, 2),
    { id: 'a', text: 'mine', n: 1 },
    1,
  ],
  [
    'a column that may be null now',
    note({ text: t.text().nullable(), n: t.integer() }),
    { id: 'a', text: 'mine', n: 1 },
    1,
  ],
  ['a number that becomes text', note({ text: t.text(), n: t.text() }), { id: 'a', text: 'mine', n: '1' }, 1],
  ['a text that cannot be a number', note({ text: t.integer(), n: t.integer() }), { id: 'a', text: 0, n: 1 }, null],
])('%s rebuilds the table and keeps the outbox', async (_, v2, row, seq) => {
  const { database } = await withNotes();
  const store = reopen(database, { schema: v2 });
  expect(all(database, "SELECT * FROM note WHERE id = 'a'")).toEqual([row]);
  // What was lost is fetched anew.
  expect(store.cursor?.seq ?? null).toBe(seq);
  expect(store.outbox()[0]).toMatchObject({ state: 'pending', changeCount: 2 });
  expect(store.nextPush(LIMITS.maxRequestBytes)?.mutationIds).toEqual([1]);
});

test('a new key rebuilds the table; the outbox still speaks of the old one', async () => {
  const { database } = await withNotes();
  const store = reopen(database, { schema: note({ text: t.text(), n: t.integer() }, { primaryKey: ['id', 'n'] }) });
  expect(store.rowCount('note')).toBe(2);
  expect(store.outbox()[0]?.changes.map(({ key }) => key)).toEqual([['a'], ['b']]);
});

test('a dropped table takes its confirmed rows along, not its pending work, and comes back with it', async () => {
  const { database } = await withNotes();
  const other = defineSchema({ version: 2, tables: { other: table({ id: t.text() }) } });
  const without = reopen(database, { schema: other });
  expect(database.read("SELECT name FROM sqlite_schema WHERE name = 'note'").rows).toEqual([]);
  expect(without.outbox()).toHaveLength(1);
  expect(without.nextPush(LIMITS.maxRequestBytes)?.mutationIds).toEqual([1]);
  without.settle(response([{ mutationId: 1, outcome: 'rejected' }]), 1);
  const store = reopen(database, { schema: note({ text: t.text(), n: t.integer() }, {}, 3) });
  expect(store.retry(1, 1).mutationId).toBe(2);
  expect(all(database, 'SELECT id, text FROM note')).toEqual([{ id: 'b', text: 'B' }]);
});

test('a rebuild keeps full-text indexes and triggers of the app right', async () => {
  const localSchema = [
    "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(text, content='note', content_rowid='rowid')",
    'CREATE TRIGGER IF NOT EXISTS s_i AFTER INSERT ON note BEGIN INSERT INTO search (rowid, text) VALUES (NEW.rowid, NEW.text); END',
    'CREATE VIEW IF NOT EXISTS big AS SELECT * FROM note WHERE n > 1',
  ];
  const { database, store } = await withNotes(v1, localSchema);
  write(store, "DELETE FROM note WHERE id = 'a'", "INSERT INTO note (id, text, n) VALUES ('c', 'third', 3)");
  const again = reopen(database, { schema: note({ text: t.text(), n: t.integer().nullable() }), localSchema });
  write(again, "INSERT INTO note (id, text, n) VALUES ('d', 'fourth', 4)");
  expect(
    all(
      database,
      "SELECT n.id FROM search s JOIN note n ON n.rowid = s.rowid WHERE search MATCH 'third OR fourth' ORDER BY 1",
    ),
  ).toEqual([{ id: 'c' }, { id: 'd' }]);
  expect(all(database, 'SELECT count(*) AS n FROM big')).toEqual([{ n: 3 }]);
});

test('what a newer server sends is fetched anew by the schema that knows it', async () => {
  const { database, store } = await withNotes();
  pull(store, 2, transaction(2, [{ table: 'later', key: ['x'], op: 'put', columns: { a: 1 } }]));
  expect(store.cursor?.seq).toBe(2);
  expect(reopen(database, { schema: v1 }).cursor?.seq).toBe(2);
  const v2 = note({ text: t.text(), n: t.integer() }, {}, 2, { later: table({ id: t.text(), a: t.integer() }) });
  const again = reopen(database, { schema: v2 });
  expect([again.cursor, again.outbox().length, again.rowCount('note')]).toEqual([null, 1, 2]);
  again.applyChain(
    page({
      from: 0,
      seq: 2,
      scopes: ['main'],
      snapshot: [{ table: 'later', columns: ['id', 'a', 'b'], rows: [['x', 1, 2]] }],
    }),
    1,
  );
  expect(reopen(database, { schema: v2 }).cursor?.seq).toBe(2);
});

test('what did not fit into the columns of this version is fetched anew by the next one', async () => {
  const { database, store } = await withNotes();
  pull(store, 2, transaction(2, [{ table: 'note', key: ['c'], op: 'put', columns: { text: 7, n: 'seven' } }]));
  expect(all(database, "SELECT text, n FROM note WHERE id = 'c'")).toEqual([{ text: '', n: 0 }]);
  expect(reopen(database, { schema: v1 }).cursor?.seq).toBe(2);
  expect(reopen(database, { schema: note({ text: t.text(), n: t.text() }) }).cursor).toBeNull();
});

test('rows from before there was a server wait for seed, safe from what the server sends', async () => {
  const { store: local, database } = await openStore({ hasServer: false });
  const result = write(
    local,
    "INSERT INTO issue (id, title) VALUES ('a', 'mine'), ('b', 'mine')",
    "INSERT INTO project VALUES ('p1', 'P')",
  );
  expect(result).toMatchObject({
    mutationId: null,
    changed: new Map([
      ['issue', new Set(['"a"', '"b"'])],
      ['project', new Set(['"p1"'])],
    ]),
  });
  expect(() => write(local, 'UPDATE issue SET done = 7')).toThrow(expect.objectContaining({ kind: 'invalid-value' }));
  expect(local.counts()).toMatchObject({ pendingCount: 0, hasSendable: false });
  const store = reopen(database);
  expect(store.counts()).toMatchObject({ pendingCount: 2, hasSendable: false });
  store.applyChain(
    page({ from: 0, seq: 1, snapshot: [{ table: 'issue', columns: ['id', 'title'], rows: [['a', 'theirs']] }] }),
    1,
  );
  expect(all(database, "SELECT title FROM issue WHERE id = 'a'")).toEqual([{ title: 'mine' }]);
  expect(store.seed(['issue'], { now: 1, rowsEach: 500 })).toEqual({ rowCount: 2 });
  expect(store.seed(['issue'], { now: 1, rowsEach: 500 })).toEqual({ rowCount: 0 });
  expect(store.nextPush(LIMITS.maxRequestBytes)?.mutations[0]?.changes.map(({ op, key }) => [op, key[0]])).toEqual([
    ['put', 'a'],
    ['put', 'b'],
  ]);
  expect(() => store.seed(['nope'], { now: 1, rowsEach: 500 })).toThrow(expect.objectContaining({ kind: 'not-found' }));
});

test('a table of the app that becomes part of the schema keeps its rows, as work that was never sent', async () => {
  const draft = 'CREATE TABLE IF NOT EXISTS draft (id TEXT PRIMARY KEY, text)';
  const { store, database } = await openStore({ schema: v1, localSchema: [draft] });
  write(store, "INSERT INTO draft VALUES ('d', 'words')");
  const v2 = note({ text: t.text(), n: t.integer() }, {}, 2, { draft: table({ id: t.text(), text: t.text() }) });
  const again = reopen(database, { schema: v2 });
  expect(all(database, 'SELECT * FROM draft')).toEqual([{ id: 'd', text: 'words' }]);
  expect(again.outbox()).toMatchObject([{ state: 'parked', changes: [{ table: 'draft', op: 'put' }] }]);
  expect(again.seed(['draft'], { now: 1, rowsEach: 500 })).toEqual({ rowCount: 1 });
});

test('a database that once had a server goes on queueing without one', async () => {
  const { database } = await openStore();
  const store = reopen(database, { hasServer: false });
  write(store, "INSERT INTO project VALUES ('p', 'P')");
  expect(reopen(database).counts().hasSendable).toBe(true);
});

test('SQL of the app that fails, or that makes synced rows unique, is refused at open', async () => {
  await expect(openStore({ localSchema: ['CREATE TABEL x'] })).rejects.toMatchObject({ kind: 'invalid-schema' });
  await expect(openStore({ localSchema: ['CREATE UNIQUE INDEX u ON issue (title)'] })).rejects.toMatchObject({
    kind: 'invalid-schema',
  });
});

test('local data belongs to one subject', async () => {
  const { store, database } = await openStore();
  expect(store.subject).toBeNull();
  store.bindSubject('ann');
  const again = reopen(database);
  again.bindSubject('ann');
  expect(again.subject).toBe('ann');
  expect(() => again.bindSubject('bob')).toThrow(expect.objectContaining({ kind: 'forbidden' }));
});

test('wipe leaves an empty database that works, for somebody else', async () => {
  const localSchema = [
    'CREATE TABLE IF NOT EXISTS draft (text TEXT)',
    'CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(text)',
    'CREATE VIEW IF NOT EXISTS titles AS SELECT title FROM issue',
    'CREATE TRIGGER IF NOT EXISTS s_i AFTER INSERT ON issue BEGIN INSERT INTO search VALUES (NEW.title); END',
  ];
  const { store, database } = await openStore({ localSchema });
  store.bindSubject('ann');
  store.applyChain(page({ from: 0, seq: 4 }), 1);
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'secret')", "INSERT INTO draft VALUES ('secret')");
  store.nextPush(LIMITS.maxRequestBytes);
  store.wipe();
  expect([store.rowCount('issue'), store.outbox(), store.cursor, store.subject, store.hasSynced]).toEqual([
    0,
    [],
    null,
    null,
    false,
  ]);
  expect(all(database, 'SELECT (SELECT count(*) FROM draft) AS d, (SELECT count(*) FROM search) AS s')).toEqual([
    { d: 0, s: 0 },
  ]);
  expect(write(store, "INSERT INTO issue (id, title) VALUES ('b', 'new')").mutationId).toBe(1);
  expect(store.nextPush(LIMITS.maxRequestBytes)?.mutationIds).toEqual([1]);
  expect(database.integrityCheck()).toEqual([]);
  expect(new TextDecoder('latin1').decode(database.exportBytes())).not.toContain('secret');
  expect(schema.version).toBe(1);
});

test('a wipe that the disk does not let through leaves everything as it was', async () => {
  const { store, database } = await openStore();
  write(store, "INSERT INTO issue (id, title) VALUES ('a', 'kept')");
  const run = vi.spyOn(database, 'run').mockImplementation(() => {
    throw new SyncError('quota', 'The disk is full.');
  });
  expect(() => store.wipe()).toThrow(expect.objectContaining({ kind: 'quota' }));
  run.mockRestore();
  expect([store.rowCount('issue'), store.outbox().length]).toEqual([1, 1]);
  expect(write(store, "INSERT INTO issue (id, title) VALUES ('b', 'more')").mutationId).toBe(2);
});
