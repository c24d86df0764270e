import { describe, expect, test } from 'vitest';
import { guardRead } from '../../../../src/client/engine/guard.ts';
import { openMemoryDatabase } from '../../../../src/storage/sqlite-wasm/memory.ts';

const database = await openMemoryDatabase();
database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER UNIQUE)');

describe('a query', () => {
  test.each([
    'SELECT * FROM a',
    'WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT x FROM c',
    'EXPLAIN QUERY PLAN SELECT * FROM a',
    'VALUES (1), (2)',
    "SELECT * FROM pragma_table_info('a')",
    'PRAGMA table_info(a)',
    'pragma main.integrity_check',
  ])('may be %s', (sql) => {
    expect(guardRead(database, sql).isReadOnly).toBe(true);
    database.read(sql);
  });

  test.each([
    'DELETE FROM a',
    'INSERT INTO a VALUES (1, 1) RETURNING id',
    'CREATE TABLE b (id)',
    'CREATE TEMP TABLE b (id)',
    'DROP TABLE a',
    'BEGIN',
    'COMMIT',
    'SAVEPOINT s',
    "ATTACH ':memory:' AS other",
    'DETACH other',
    'PRAGMA user_version = 5',
    'PRAGMA locking_mode = NORMAL',
    'PRAGMA writable_schema(1)',
    'PRAGMA wal_checkpoint',
    'PRAGMA table_info = 3',
    'VACUUM',
    'REINDEX',
    'ANALYZE',
    'SELECT 1; DELETE FROM a',
    '',
  ])('may not be %s', (sql) => {
    expect(() => guardRead(database, sql)).toThrow(expect.objectContaining({ kind: 'invalid-query' }));
  });
});
