/** The floor: sqlite-wasm in a worker on opfs-sahpool with the same pragmas, and nothing of ours around it. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { createIndexSql, createTableSql } from '../../src/core/ddl.ts';
import { benchSchema, ISSUE_COLUMNS, makeIssues } from '../schema.ts';

export type BareRequest =
  | { readonly type: 'open'; readonly name: string; readonly isFresh: boolean }
  | { readonly type: 'generate'; readonly count: number }
  | { readonly type: 'insert'; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly type: 'transaction'; readonly sql: string; readonly bind: readonly (string | number)[] }
  | { readonly type: 'query'; readonly sql: string };

type Database = InstanceType<Awaited<ReturnType<typeof sqlite3InitModule>>['oo1']['DB']>;

let database: Database | undefined;
const issue = benchSchema.tables.issue;

const handlers: { [T in BareRequest['type']]: (request: Extract<BareRequest, { type: T }>) => unknown } = {
  open: ({ name, isFresh }) => open(name, isFresh),
  generate: ({ count }) => insert(makeIssues(0, count)),
  insert: ({ rows }) => insert(rows),
  transaction({ sql, bind }) {
    const db = opened();
    db.exec('BEGIN IMMEDIATE');
    db.exec({ sql, bind: [...bind] });
    db.exec('COMMIT');
  },
  query: ({ sql }) => opened().exec({ sql, rowMode: 'object', returnValue: 'resultRows' }),
};

self.onmessage = async ({ data }: MessageEvent<{ id: number; request: BareRequest }>) => {
  const handle = handlers[data.request.type] as (request: BareRequest) => unknown;
  const value = await handle(data.request);
  self.postMessage({ id: data.id, value });
};

async function open(name: string, isFresh: boolean): Promise<void> {
  const sqlite3 = await sqlite3InitModule();
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: `bare-${name}`, initialCapacity: 8 });
  if (isFresh) await pool.wipeFiles();
  database = new pool.OpfsSAHPoolDb('/bare.db') as unknown as Database;
  database.exec(
    'PRAGMA locking_mode=exclusive; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000',
  );
  if (!isFresh) return;
  database.exec(createTableSql(issue));
  for (const sql of createIndexSql(issue)) database.exec(sql);
}

/** All rows in one transaction; returns the milliseconds it took. */
function insert(rows: readonly Readonly<Record<string, unknown>>[]): number {
  const db = opened();
  const startedAt = performance.now();
  const marks = ISSUE_COLUMNS.map(() => '?').join(', ');
  db.exec('BEGIN IMMEDIATE');
  const statement = db.prepare(`INSERT INTO issue (${ISSUE_COLUMNS.join(', ')}) VALUES (${marks})`);
  for (const row of rows) statement.bind(ISSUE_COLUMNS.map((name) => row[name]) as never).stepReset();
  statement.finalize();
  db.exec('COMMIT');
  return performance.now() - startedAt;
}

function opened(): Database {
  if (!database) throw new Error('The bare database is not open.');
  return database;
}
