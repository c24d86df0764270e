import postgres from 'postgres';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import type { WriteRecord } from './ledger.ts';
import { MARK_SQL, PostgresWire } from './postgres-wire.ts';
import type { Process } from './process.ts';
import type { ServerDisk, WatchedStorage } from './server-disk.ts';

/** A Postgres server, and a database in it that is copied for each history. */
export interface PostgresSource {
  readonly url: string;
  /** Holds the tables of the first version, and what tidemark has installed beside them. Nobody is connected to it. */
  readonly template: string;
}

let opened = 0;

/** A push gives way to another program's open transaction soon: the wait for a locked row is real time. */
const LOCK_TIMEOUT_MS = 20;

/**
 * A database of a real Postgres. The programs over it are several real nodes: they hear of each other by LISTEN and NOTIFY, and by
 * polling on the history's clock.
 */
export class PostgresDisk implements ServerDisk {
  readonly isKnownWhenRestored = true;
  readonly wire: PostgresWire;
  readonly #sql: postgres.Sql;
  /** Its calls are not seen by anybody. */
  readonly #onlooker: postgres.Sql;
  /** Those of other programs that have nothing to do. */
  readonly #free: postgres.Sql[];
  readonly #others: readonly postgres.Sql[];
  readonly #work = new Set<Promise<unknown>>();
  #messageCount = 0;
  #stop = Promise.withResolvers<void>();
  #isBeingSetBack = false;
  readonly #url: string;
  readonly #drop: () => Promise<unknown>;

  private constructor(url: string, drop: () => Promise<unknown>) {
    this.#url = url;
    this.#drop = drop;
    this.wire = new PostgresWire(url);
    this.#onlooker = postgres(url, { max: 1, onnotice: () => undefined, fetch_types: false });
    this.#sql = this.#connect();
    this.#others = [0, 1].map(() => this.#connect({ lock_timeout: LOCK_TIMEOUT_MS }));
    this.#free = [...this.#others];
  }

  static async open({ url, template }: PostgresSource): Promise<PostgresDisk> {
    opened += 1;
    const name = `history_${process.pid}_${opened}`;
    const root = new URL(url);
    const admin = (statement: string) => once(root.href, statement);
    await admin(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    return new PostgresDisk(own.href, () => admin(`DROP DATABASE ${name} WITH (FORCE)`));
  }

  /** Lets another program work on one of two connections, if one is free. */
  async lend(work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
    const sql = this.#isBeingSetBack ? undefined : this.#free.pop();
    if (!sql) return;
    const done = work(sql).finally(() => this.#free.push(sql));
    const ended = done.then(
      () => undefined,
      () => undefined,
    );
    this.#work.add(ended);
    await done.finally(() => this.#work.delete(ended));
  }

  /** Resolves when other programs are to stop at once. */
  get stop(): Promise<void> {
    return this.#stop.promise;
  }

  #connect(connection: Record<string, unknown> = {}): postgres.Sql {
    const socket = () => this.wire.open(false);
    return postgres(this.#url, { max: 1, onnotice: () => undefined, fetch_types: false, socket, connection } as never);
  }

  join(process: Process): WatchedStorage {
    const storage = postgresStorage({
      url: this.#url,
      maxConnections: 3,
      runtime: process,
      lockTimeoutMs: LOCK_TIMEOUT_MS,
      driver: { socket: () => this.wire.open(true) },
    });
    return {
      open: (schema, epoch) => storage.open(schema, epoch),
      read: (fn) => storage.read(fn),
      write: (fn) => storage.write(fn),
      query: (statement) => storage.query(statement),
      watch: (...listeners) => storage.watch?.(...listeners),
      close: () => storage.close(),
    };
  }

  /** Lets Postgres come to rest, and its listeners hear what there is to hear. True: something may have happened. */
  async settle(): Promise<boolean> {
    const { messageCount } = this.wire;
    const isMoving = messageCount !== this.#messageCount;
    this.#messageCount = messageCount;
    // Who has just been answered may be about to ask the next.
    if (isMoving || !(await this.#isAtRest())) return true;
    if (!this.wire.takeNews()) return false;
    await this.wire.marked(() => this.#sql.unsafe(MARK_SQL));
    this.wire.takeNews();
    return true;
  }

  /** False: something has changed since. */
  async #isAtRest(): Promise<boolean> {
    const { wire } = this;
    if (wire.isQuiet) return true;
    if (!wire.standsStill) {
      await wire.change();
      return false;
    }
    const { busyPids: pids, messageCount } = wire;
    const [waiting] = await this.#onlooker`SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE pid = ANY (${`{${pids.join()}}`}::int[]) AND wait_event_type = 'Lock'`;
    return waiting?.count === pids.length && wire.messageCount === messageCount;
  }

  /** Other programs give up what they are at. */
  async endOthers(): Promise<void> {
    this.#stop.resolve();
    await Promise.all(this.#work);
    this.#stop = Promise.withResolvers();
  }

  async isCommitted({ entries, outcomes }: WriteRecord): Promise<boolean> {
    const [entry] = entries;
    const [outcome] = outcomes;
    if (!entry && !outcome) return false;
    // What was sent before the connection broke is still carried out.
    const pids = `{${this.wire.brokenPids.join()}}`;
    const atWork = () => this.#sql`SELECT FROM pg_stat_activity
      WHERE pid = ANY (${pids}::int[]) AND wait_event_type IS DISTINCT FROM 'Lock'`;
    while ((await atWork()).length > 0);
    const found = entry
      ? await this.#sql`SELECT FROM tidemark.commit WHERE seq = ${entry.commit.seq} AND hlc = ${entry.commit.hlc}
          AND client_id IS NOT DISTINCT FROM ${entry.commit.clientId}`
      : await this.#sql`SELECT FROM tidemark.outcome WHERE client_id = ${outcome?.clientId ?? ''}
          AND mutation_id = ${outcome?.outcome.mutationId ?? 0} AND hlc = ${outcome?.hlc ?? ''}`;
    return found.length > 0;
  }

  /** Nobody has to stop for it: all tables, as one transaction sees them. */
  async backup(): Promise<void> {
    await this.#sql.begin('ISOLATION LEVEL REPEATABLE READ', async (sql) => {
      await sql.unsafe('DROP SCHEMA IF EXISTS backup CASCADE; CREATE SCHEMA backup');
      for (const { schema, name } of await tablesOf(sql))
        await sql.unsafe(`CREATE TABLE backup."${schema}.${name}" AS TABLE ${schema}."${name}"`);
    });
  }

  async clear(): Promise<void> {
    this.#isBeingSetBack = true;
    await this.endOthers();
  }

  async restore(): Promise<void> {
    await this.#sql.begin(async (sql) => {
      // Whoever loads a dump switches the triggers off too.
      await sql.unsafe(`SET LOCAL tidemark.origin = 'push'`);
      for (const { schema, name } of await tablesOf(sql)) {
        await sql.unsafe(`DELETE FROM ${schema}."${name}"`);
        const columns = await sql`SELECT attname FROM pg_attribute
          WHERE attrelid = to_regclass(${`backup."${schema}.${name}"`}) AND attnum > 0 AND NOT attisdropped`;
        const names = columns.map(({ attname }) => `"${attname}"`).join(', ');
        // A table that came later was empty then.
        if (names === '') continue;
        await sql.unsafe(`INSERT INTO ${schema}."${name}" (${names}) SELECT ${names} FROM backup."${schema}.${name}"`);
      }
      // A server that was set back is on another timeline, by which it is known.
      await sql`UPDATE tidemark.state SET origin = 'an older timeline'`;
    });
    this.#isBeingSetBack = false;
  }

  async entryIds(): Promise<string[]> {
    return (await this.#sql`SELECT id FROM entry`).map(({ id }) => String(id));
  }

  async close(): Promise<void> {
    this.#stop.resolve();
    await Promise.all([this.#onlooker, this.#sql, ...this.#others].map((sql) => sql.end({ timeout: 0 })));
    await this.#drop();
  }
}

/** But for what says how the tables are: that is not set back. */
const KEPT = ['migration', 'installed', 'sequencer', 'rate_limit'];

async function tablesOf(sql: postgres.TransactionSql): Promise<{ schema: string; name: string }[]> {
  const rows = await sql`SELECT schemaname, tablename FROM pg_tables
    WHERE schemaname = 'public' OR (schemaname = 'tidemark' AND tablename <> ALL (${`{${KEPT.join()}}`}::text[]))`;
  return rows.map(({ schemaname, tablename }) => ({ schema: String(schemaname), name: String(tablename) }));
}

async function once(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, fetch_types: false });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 0 });
  }
}
