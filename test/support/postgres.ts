/**
 * Databases of a real Postgres for tests: one server per test run (see `postgres-global.ts`), started when the first test
 * asks for it, and one database per test file or test.
 */
import postgres from 'postgres';
import { inject, vi } from 'vitest';
import type { PostgresServer } from './postgres-server.ts';

export { type PostgresServer, startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers GET with the URL of the run's Postgres, starting it first if need be. */
    readonly postgresBroker: string;
  }
}

/** A database of its own in the run's Postgres. */
export interface TestDatabase {
  readonly url: string;
  /** A connection as another program would have it. Closed by {@link TestDatabase.drop}. */
  readonly sql: postgres.Sql;
  /** One more such connection, with transactions of its own. */
  connect(): postgres.Sql;
  /** Empties it: cheaper than a new one for every test. */
  reset(): Promise<void>;
  drop(): Promise<void>;
}

// Another process does the work, on a machine that others may be using too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let created = 0;

/** Creates a database in the run's Postgres, or in `server`: empty, or a copy of one that nobody is connected to. */
export async function createDatabase(
  server?: Pick<PostgresServer, 'url'>,
  template = 'template1',
): Promise<TestDatabase> {
  const root = server ? server.url() : await sharedUrl();
  created += 1;
  const name = `test_${process.pid}_${created}_${Math.random().toString(36).slice(2, 8)}`;
  await once(root, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(root);
  url.pathname = `/${name}`;
  const connections: postgres.Sql[] = [];
  const connect = () => {
    const sql = postgres(url.href, { max: 1, onnotice: () => undefined });
    connections.push(sql);
    return sql;
  };
  const sql = connect();
  return {
    url: url.href,
    sql,
    connect,
    reset: async () => {
      await sql`DROP SCHEMA IF EXISTS tidemark, public CASCADE`;
      await sql`CREATE SCHEMA public`;
    },
    drop: async () => {
      await Promise.all(connections.map((sql) => sql.end({ timeout: 0 })));
      await once(root, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** The URL of the run's Postgres, as its superuser. */
export async function sharedUrl(): Promise<string> {
  const answer = await fetch(inject('postgresBroker'));
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Postgres did not start: ${text}`);
  return text;
}

async function once(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 0 });
  }
}
