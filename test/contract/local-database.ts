/**
 * The contract of `LocalDatabase`, as cases that need no test runner: on OPFS they run inside a worker, where there is none.
 */
import type { Cell } from '../../src/shared/cell.ts';
import { SyncError } from '../../src/shared/error.ts';
import type { LocalDatabase } from '../../src/storage/local-database.ts';
import { loadSqlite } from '../../src/storage/sqlite-wasm/module.ts';
import { expectEqual } from './expect-equal.ts';

/** Opens a new, empty database. */
export type MakeDatabase = () => Promise<LocalDatabase>;

type Case = (database: LocalDatabase) => void | Promise<void>;

const VALUES: readonly Cell[] = [
  null,
  0,
  -1,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2n ** 53n,
  -(2n ** 53n),
  2n ** 63n - 1n,
  -(2n ** 63n),
  1.5,
  -0,
  5e-324,
  Number.MAX_VALUE,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  '',
  'plain',
  'a\0b\0',
  '\uFEFFmark first',
  'é e\u0301 \u{1F600} \uFFFD',
  `${'long '.repeat(5_000)}ü`,
  new Uint8Array(0),
  Uint8Array.of(0, 1, 254, 255),
  new Uint8Array(200_000).fill(7),
];

export const localDatabaseContract: Readonly<Record<string, Case>> = {
  'reads cells back exactly as written'(database) {
    database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, value ANY) STRICT');
    database.runMany(
      'INSERT INTO t VALUES (?, ?)',
      VALUES.map((value, index) => [index, value]),
    );
    expectEqual(
      database.read('SELECT value FROM t ORDER BY id').rows.map(([value]) => value),
      VALUES,
    );
  },

  'reads parameters back without a table'(database) {
    for (const value of VALUES) expectEqual(database.read('SELECT ?', [value]).rows, [[value]]);
  },

  'gives small integers as numbers whatever their form was'(database) {
    expectEqual(database.read('SELECT ?, ?', [5n, -5n]).rows, [[5, -5]]);
  },

  'returns blobs that later statements do not touch'(database) {
    const [row] = database.read('SELECT ?', [Uint8Array.of(1, 2, 3)]).rows;
    database.read('SELECT ?', [Uint8Array.of(9, 9, 9)]);
    expectEqual(row, [Uint8Array.of(1, 2, 3)]);
  },

  'refuses integers beyond 64 bits'(database) {
    expectError(() => database.read('SELECT ?', [2n ** 63n]), 'invalid-value');
  },

  'tells how many rows a statement changed, triggers not counted'(database) {
    database.exec(`
      CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE log (id INTEGER);
      CREATE TRIGGER a_log AFTER UPDATE ON a BEGIN INSERT INTO log VALUES (new.id); END;
    `);
    expectEqual(database.run('INSERT INTO a VALUES (1, 1), (2, 2), (3, 3)'), 3);
    expectEqual(database.run('UPDATE a SET n = 0 WHERE id > ?', [1]), 2);
    expectEqual(database.run('DELETE FROM a WHERE id = 99'), 0);
    expectEqual(database.run('CREATE TABLE b (id INTEGER)'), 0);
    expectEqual(database.read('SELECT count(*) FROM log').rows, [[2]]);
  },

  'reads what RETURNING gives, and runs it to its end'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY)');
    expectEqual(database.read('INSERT INTO a VALUES (1), (2) RETURNING id').rows, [[1], [2]]);
    expectEqual(database.run('INSERT INTO a VALUES (3), (4) RETURNING id'), 2);
    expectEqual(database.read('SELECT count(*) FROM a').rows, [[4]]);
  },

  'runs one statement per parameter list, from a generator that reads meanwhile'(database) {
    database.exec('CREATE TABLE a (id INTEGER, text TEXT)');
    function* lists(): Generator<Cell[]> {
      for (let id = 0; id < 3; id++) yield [id, String(database.read('SELECT count(*), ? FROM a', ['x']).rows[0]?.[0])];
    }
    database.runMany('INSERT INTO a VALUES (?, ?)', lists());
    expectEqual(database.read('SELECT * FROM a').rows, [
      [0, '0'],
      [1, '1'],
      [2, '2'],
    ]);
  },

  'takes exactly one statement'(database) {
    database.exec('CREATE TABLE a (id INTEGER)');
    for (const sql of ['SELECT 1; DELETE FROM a', 'SELECT 1; -- then\n SELECT 2', '', '  ', '-- nothing', ';']) {
      expectError(() => database.read(sql), 'invalid-query');
      expectError(() => database.run(sql), 'invalid-query');
      expectError(() => database.analyze(sql), 'invalid-query');
    }
    for (const sql of ['SELECT 1;', ' SELECT 1 ; ; -- end', 'SELECT 1 /* end */']) {
      expectEqual(database.read(sql).rows, [[1]]);
    }
    expectError(() => database.read('SELECT 1\0; SELECT 2'), 'invalid-query');
  },

  'wants as many parameters as the statement has'(database) {
    expectError(() => database.read('SELECT ?, ?', [1]), 'invalid-query');
    expectError(() => database.read('SELECT 1', [1]), 'invalid-query');
  },

  'forgets the parameters of the last run'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT)');
    database.run('INSERT INTO a VALUES (?, ?)', [1, 'first']);
    database.run('INSERT INTO a VALUES (?, ?)', [2, null]);
    expectEqual(database.read('SELECT text FROM a ORDER BY id').rows, [['first'], [null]]);
  },

  'tells where SQL went wrong'(database) {
    const error = expectError(() => database.read("SELECT 'é', nothing FROM sqlite_schema"), 'invalid-query');
    expectEqual(error.details.offset, 12);
    expectEqual(error.message.includes('nothing'), true);
    expectError(() => database.run('INSRT INTO a VALUES (1)'), 'invalid-query');
    expectError(() => database.exec('CREATE TABLE ok (id); CREATE TABLE'), 'invalid-query');
  },

  'names broken constraints and wrong types invalid-value'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n > 0), u TEXT UNIQUE) STRICT');
    database.run("INSERT INTO a VALUES (1, 1, 'x')");
    for (const values of [
      "1, 1, 'y'",
      '2, NULL, NULL',
      '2, -1, NULL',
      "2, 1, 'x'",
      "2, 'text', NULL",
      "'k', 1, NULL",
    ]) {
      expectError(() => database.run(`INSERT INTO a VALUES (${values})`), 'invalid-value');
    }
    expectEqual(database.read('SELECT count(*) FROM a').rows, [[1]]);
  },

  'names a full disk quota, and goes on'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, bytes BLOB)');
    database.exec(`PRAGMA max_page_count = ${Number(database.read('PRAGMA page_count').rows[0]?.[0]) + 4}`);
    expectError(
      () =>
        database.transaction(() => {
          database.run('INSERT INTO a VALUES (1, NULL)');
          database.run('INSERT INTO a VALUES (2, ?)', [new Uint8Array(1_000_000)]);
        }),
      'quota',
    );
    expectEqual(database.inTransaction, false);
    expectEqual(database.read('SELECT count(*) FROM a').rows, [[0]]);
  },

  'tells where columns come from, through views and subqueries'(database) {
    database.exec('CREATE TABLE a (id INTEGER, n INTEGER); CREATE VIEW v AS SELECT id AS key, n + 1 AS more FROM a');
    expectEqual(database.read('SELECT key, more, s.n AS m FROM v, (SELECT n FROM a) AS s').columns, [
      { name: 'key', table: 'a', column: 'id' },
      { name: 'more', table: null, column: null },
      { name: 'm', table: 'a', column: 'n' },
    ]);
  },

  'tells what a statement reads and writes without running it'(database) {
    database.exec(`
      CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE b (id INTEGER PRIMARY KEY);
      CREATE TABLE log (id INTEGER); CREATE VIEW v AS SELECT id FROM a;
      CREATE TRIGGER a_log AFTER INSERT ON a BEGIN INSERT INTO log SELECT id FROM b; END;
    `);
    const sql = 'WITH q AS (SELECT * FROM v) SELECT (SELECT max(id) FROM b) FROM q WHERE id > ?';
    const read = database.analyze(sql);
    expectEqual([read.isReadOnly, [...read.tablesRead].sort(), read.parameterCount], [true, ['a', 'b'], 1]);
    expectEqual([read.tablesWritten, read.directWrites, read.control], [[], [], null]);
    const write = database.analyze('INSERT INTO a VALUES (?, ?)');
    expectEqual([write.isReadOnly, write.tablesRead, write.parameterCount], [false, ['b'], 2]);
    expectEqual([write.tablesWritten, write.directWrites], [['a', 'log'], ['a']]);
    expectEqual(database.analyze('SELECT count(*) FROM a').tablesRead, ['a']);
    expectEqual(database.read('SELECT count(*) FROM a').rows, [[0]]);
  },

  'tells what else a statement does'(database) {
    const control = (sql: string) => database.analyze(sql).control;
    database.exec('CREATE TABLE a (id INTEGER)');
    for (const sql of [
      'CREATE TABLE b (id)',
      'DROP TABLE a',
      'ALTER TABLE a ADD COLUMN n',
      'CREATE TEMP TABLE c (id)',
    ]) {
      expectEqual(control(sql), 'schema');
    }
    for (const sql of ['BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT s', 'RELEASE s']) {
      expectEqual(control(sql), 'transaction');
    }
    expectEqual(control("ATTACH ':memory:' AS other"), 'attach');
    expectEqual(control('PRAGMA user_version = 3'), 'pragma');
    expectEqual(control('DELETE FROM a'), null);
  },

  'sees FTS5 tables as tables'(database) {
    database.exec(`
      CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT);
      CREATE VIRTUAL TABLE a_fts USING fts5(text, content = 'a', content_rowid = 'id');
      CREATE TRIGGER a_search AFTER INSERT ON a BEGIN INSERT INTO a_fts (rowid, text) VALUES (new.id, new.text); END;
    `);
    expectEqual(database.analyze("SELECT rowid FROM a_fts WHERE a_fts MATCH 'word'").tablesRead, ['a_fts']);
    expectEqual(database.analyze('INSERT INTO a VALUES (1, ?)').tablesWritten, ['a', 'a_fts']);
    database.run('INSERT INTO a VALUES (7, ?)', ['a word of it']);
    expectEqual(database.read("SELECT rowid FROM a_fts WHERE a_fts MATCH 'word'").rows, [[7]]);
  },

  'knows a changed schema at once'(database) {
    database.exec('CREATE TABLE a (id INTEGER)');
    database.run('INSERT INTO a VALUES (1)');
    expectEqual(database.read('SELECT * FROM a').columns.length, 1);
    database.exec('ALTER TABLE a ADD COLUMN n INTEGER DEFAULT 5');
    expectEqual(database.read('SELECT * FROM a'), {
      columns: [
        { name: 'id', table: 'a', column: 'id' },
        { name: 'n', table: 'a', column: 'n' },
      ],
      rows: [[1, 5]],
    });
    expectThrown(() =>
      database.transaction(() => {
        database.exec('ALTER TABLE a ADD COLUMN m INTEGER');
        expectEqual(database.read('SELECT * FROM a').rows, [[1, 5, null]]);
        throw new Error('undo');
      }),
    );
    expectEqual(database.read('SELECT * FROM a').rows, [[1, 5]]);
  },

  'commits a transaction when its function returns, and rolls it back when it throws'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY)');
    const result = database.transaction(() => database.run('INSERT INTO a VALUES (1)'));
    expectEqual([result, database.inTransaction], [1, false]);
    const thrown = expectThrown(() =>
      database.transaction(() => {
        database.run('INSERT INTO a VALUES (2)');
        throw new Error('no');
      }),
    );
    expectEqual([thrown instanceof Error && thrown.message, database.inTransaction], ['no', false]);
    expectEqual(database.read('SELECT id FROM a').rows, [[1]]);
  },

  'undoes only the inner part of a nested transaction that throws'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY)');
    database.transaction(() => {
      database.run('INSERT INTO a VALUES (1)');
      expectThrown(() =>
        database.transaction(() => {
          database.run('INSERT INTO a VALUES (2)');
          database.transaction(() => database.run('INSERT INTO a VALUES (3)'));
          throw new Error('inner');
        }),
      );
      database.transaction(() => database.run('INSERT INTO a VALUES (4)'));
    });
    expectEqual(database.read('SELECT id FROM a').rows, [[1], [4]]);
  },

  'spans calls with begin, commit and rollback'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY)');
    database.begin();
    database.run('INSERT INTO a VALUES (1)');
    expectEqual(database.inTransaction, true);
    expectError(() => database.begin(), 'misuse');
    database.transaction(() => database.run('INSERT INTO a VALUES (2)'));
    database.commit();
    database.begin();
    database.run('INSERT INTO a VALUES (3)');
    database.rollback();
    database.rollback();
    expectError(() => database.commit(), 'misuse');
    expectEqual(database.read('SELECT id FROM a').rows, [[1], [2]]);
  },

  'keeps a transaction usable after a statement failed in it'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY)');
    database.begin();
    database.run('INSERT INTO a VALUES (1)');
    expectError(() => database.run('INSERT INTO a VALUES (1)'), 'invalid-value');
    database.run('INSERT INTO a VALUES (2)');
    database.commit();
    expectEqual(database.read('SELECT id FROM a').rows, [[1], [2]]);
  },

  'fires delete triggers for rows that REPLACE takes away'(database) {
    database.exec(`
      CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER UNIQUE); CREATE TABLE gone (id INTEGER);
      CREATE TRIGGER a_gone AFTER DELETE ON a BEGIN INSERT INTO gone VALUES (old.id); END;
      INSERT INTO a VALUES (1, 1), (2, 2);
    `);
    database.run('REPLACE INTO a VALUES (3, 1)');
    expectEqual(database.read('SELECT id FROM gone').rows, [[1]]);
  },

  'handles more different statements than it keeps'(database) {
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 600; n++) expectEqual(database.read(`SELECT ${n}`).rows, [[n]]);
    }
  },

  'tells its size, checks itself and exports a whole file'(database) {
    database.exec('CREATE TABLE a (text TEXT)');
    database.run('INSERT INTO a VALUES (?)', ['somewhere in the file']);
    expectEqual(database.integrityCheck(), []);
    const bytes = database.exportBytes();
    expectEqual(bytes.length, database.sizeBytes());
    const text = new TextDecoder('latin1').decode(bytes);
    expectEqual([text.startsWith('SQLite format 3\0'), text.includes('somewhere in the file')], [true, true]);
    expectEqual(bytes.slice(18, 20), Uint8Array.of(1, 1));
  },

  async 'exports a file that opens elsewhere, with what was committed last'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT)');
    for (let id = 0; id < 500; id++) database.run('INSERT INTO a VALUES (?, ?)', [id, 'text '.repeat(50)]);
    const bytes = database.exportBytes();
    const { sqlite3 } = await loadSqlite();
    const copy = new sqlite3.oo1.DB(':memory:');
    const at = sqlite3.wasm.allocFromTypedArray(bytes);
    const flags = sqlite3.capi.SQLITE_DESERIALIZE_FREEONCLOSE;
    copy.checkRc(sqlite3.capi.sqlite3_deserialize(copy, 'main', at, bytes.length, bytes.length, flags));
    expectEqual(copy.selectValues('PRAGMA integrity_check'), ['ok']);
    expectEqual(copy.selectValues('SELECT count(*) FROM a'), [500]);
    copy.close();
  },

  'leaves nothing of what was deleted behind once it is compacted'(database) {
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT)');
    database.run('INSERT INTO a VALUES (1, ?)', ['kept']);
    for (let id = 2; id < 500; id++) database.run('INSERT INTO a VALUES (?, ?)', [id, 'secret '.repeat(50)]);
    database.run('DELETE FROM a WHERE id > 1');
    const before = database.sizeBytes();
    database.compact();
    expectEqual(database.sizeBytes() < before / 4, true);
    expectEqual(new TextDecoder('latin1').decode(database.exportBytes()).includes('secret'), false);
    expectEqual(database.read('SELECT * FROM a').rows, [[1, 'kept']]);
    expectThrown(() => database.transaction(() => database.compact()));
  },

  'lets no statement damage the file'(database) {
    database.exec("CREATE TABLE a (id INTEGER); CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO f VALUES ('x')");
    database.exec('PRAGMA writable_schema = ON');
    for (const sql of [
      "UPDATE sqlite_schema SET sql = 'x'",
      'DELETE FROM f_data',
      'UPDATE sqlite_dbpage SET data = NULL',
    ]) {
      expectThrown(() => database.run(sql));
    }
    expectEqual(database.integrityCheck(), []);
    expectEqual(database.read("SELECT t FROM f WHERE f MATCH 'x'").rows, [['x']]);
  },

  'throws closed after close, which may be called twice'(database) {
    database.close();
    database.close();
    const calls = [
      () => database.run('SELECT 1'),
      () => database.runMany('SELECT 1', [[]]),
      () => database.exec('SELECT 1'),
      () => database.read('SELECT 1'),
      () => database.analyze('SELECT 1'),
      () => database.transaction(() => 1),
      () => database.begin(),
      () => database.commit(),
      () => database.rollback(),
      () => database.sizeBytes(),
      () => database.integrityCheck(),
      () => database.compact(),
      () => database.exportBytes(),
    ];
    for (const call of calls) expectError(call, 'closed');
    expectEqual(database.inTransaction, false);
  },
};

/** Runs one case on a new database. */
export async function runCase(name: string, make: MakeDatabase): Promise<void> {
  const database = await make();
  try {
    await localDatabaseContract[name]?.(database);
  } finally {
    database.close();
  }
}

function expectThrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function expectError(run: () => unknown, kind: string): SyncError {
  const error = expectThrown(run);
  if (!(error instanceof SyncError)) throw error;
  expectEqual(error.kind, kind);
  return error;
}
