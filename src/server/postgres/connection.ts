import postgres from 'postgres';
import { quoteName } from '../../core/sql.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import { failureOf, type PostgresFailure, toSyncError } from './errors.ts';
import type { Driver, Pool, PooledConnection } from './pool.ts';

/** A value as it comes out of one of our own statements: they read texts, whole numbers, booleans and bytes only. */
export type Value = string | number | bigint | boolean | Uint8Array | null;
export type Row = readonly Value[];

/** Postgres' own numbers of its types. */
const OID = { bool: 16, bytea: 17, int8: 20, json: 114, jsonb: 3802, date: 1082, timestamp: 1114, timestamptz: 1184 };

const unchanged = (text: string): string => text;

/** Integers come back exactly, and everything the driver would dress up as text. */
const TYPES = {
  int8: { to: OID.int8, from: [OID.int8], serialize: String, parse: integer },
  bool: {
    to: OID.bool,
    from: [OID.bool],
    serialize: (x: unknown) => (x === true || x === 1 ? 't' : 'f'),
    parse: isTrue,
  },
  json: { to: OID.json, from: [OID.json, OID.jsonb], serialize: unchanged, parse: unchanged },
  date: { to: OID.date, from: [OID.date], serialize: unchanged, parse: unchanged },
  instant: { to: OID.timestamptz, from: [OID.timestamp, OID.timestamptz], serialize: unchanged, parse: isoInstant },
} as const;

function integer(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** `2026-01-01 00:00:00.5+00` as ISO 8601: the session's time zone is UTC. */
function isoInstant(text: string): string {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00)?$/.exec(text);
  if (!parts) return text;
  const fraction = (parts[3] ?? '').padEnd((parts[3] ?? '').length > 3 ? 6 : 3, '0');
  return `${parts[1]}T${parts[2]}.${fraction}Z`;
}

function isTrue(text: string): boolean {
  return text === 't';
}

export interface ConnectOptions {
  readonly url: string;
  /** The schema that names without one are looked up in. */
  readonly schema: string;
  readonly driver: postgres.Options<Record<string, postgres.PostgresType>>;
}

/** One connection, opened when it is first used. */
export function connect({ url, schema, driver }: ConnectOptions, onclose: () => void = () => undefined): Driver {
  return postgres(url, {
    max: 1,
    onclose,
    onnotice: () => undefined,
    fetch_types: false,
    // The driver's own waits grow to 20 seconds: too long for a database that only restarted.
    backoff: (retries: number) => Math.min(0.02 * 2 ** retries, 1),
    ...driver,
    types: TYPES as never,
    connection: {
      application_name: 'tidemark',
      ...driver.connection,
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      IntervalStyle: 'postgres',
      extra_float_digits: 1,
      search_path: `${quoteName(schema)}, extensions`,
    },
  }) as unknown as Driver;
}

/** What the driver calls a connection inside; it tells `onexecute` and takes `onclose`, as its own `begin()` uses them. */
interface DriverConnection {
  onclose: ((error: unknown) => void) | null;
}

/**
 * One connection with a transaction on it. Statements go out as they are called, without waiting for one another.
 *
 * When the connection is lost, everything that waits fails at once, and nothing more is sent: the driver would take it for a
 * connection that still stands.
 */
export class Transaction {
  readonly #pool: Pool;
  readonly #pooled: PooledConnection;
  readonly #connection: postgres.ReservedSql;
  readonly #lost = Promise.withResolvers<never>();
  #driver: DriverConnection | null = null;
  #thrown: unknown = null;
  #isLost = false;
  #isOver = false;

  private constructor(pool: Pool, pooled: PooledConnection) {
    this.#pool = pool;
    this.#pooled = pooled;
    this.#connection = pooled.sql;
    this.#lost.promise.catch(() => undefined);
  }

  static async begin(pool: Pool, statements: string): Promise<Transaction> {
    const pooled = await pool.take().catch((error: unknown) => {
      throw toSyncError(error);
    });
    const transaction = new Transaction(pool, pooled);
    // Not waited for: what fails here fails the statement after it.
    transaction.#begin(statements).catch(() => undefined);
    return transaction;
  }

  #begin(statements: string): Promise<unknown> {
    const onexecute = (driver: DriverConnection) => {
      this.#driver = driver;
      driver.onclose = (error) => this.#lose(error);
      return true;
    };
    return this.#guard(() => this.#connection.unsafe(statements, [], { onexecute } as object).execute());
  }

  #lose(error: unknown): void {
    this.#isLost = true;
    this.#pooled.isLost = true;
    this.#thrown ??= error ?? new Error('The connection to the database was closed.');
    this.#lost.reject(this.#thrown);
  }

  /** Whether the connection is gone. The outcome of a commit that was under way is not known then. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The first thing that went wrong: what comes after it in an aborted transaction says nothing. */
  get failure(): PostgresFailure | null {
    return this.#thrown === null ? null : failureOf(this.#thrown);
  }

  /** The same as an error for the caller. */
  get error(): SyncError | null {
    return this.#thrown === null ? null : toSyncError(this.#thrown);
  }

  /** Statements of our own without parameters, several at once. */
  async exec(statements: string): Promise<void> {
    await this.#guard(() => this.#connection.unsafe(statements).simple().execute());
  }

  /** Rows, positional. The statement is prepared once per connection. */
  async all(text: string, parameters: readonly (Cell | boolean)[] = []): Promise<Row[]> {
    const query = this.#connection.unsafe(text, parameters as never[], { prepare: true }).values();
    return (await this.#guard(() => query.execute())) as unknown as Row[];
  }

  /** How many rows a statement touched. */
  async run(text: string, parameters: readonly (Cell | boolean)[] = []): Promise<number> {
    const query = this.#connection.unsafe(text, parameters as never[], { prepare: true });
    return (await this.#guard(() => query.execute())).count;
  }

  async get(text: string, parameters: readonly (Cell | boolean)[] = []): Promise<Row | undefined> {
    return (await this.all(text, parameters))[0];
  }

  /** Rows by column name, for queries of app code: values as SQLite would have them. */
  async objects(text: string, parameters: readonly Cell[]): Promise<Record<string, unknown>[]> {
    const query = this.#connection.unsafe(text, parameters as never[], { prepare: true });
    const rows = await this.#guard(() => query.execute());
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
  }

  async commit(): Promise<void> {
    try {
      // A COMMIT of an aborted transaction "succeeds" as a rollback: it must not pass for one.
      if (this.error) throw this.error;
      await this.exec('COMMIT');
      if (this.error) throw this.error;
    } finally {
      this.#release();
    }
  }

  async rollback(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.exec('ROLLBACK');
    } catch {
      // The connection is gone, and the transaction with it.
    } finally {
      this.#release();
    }
  }

  async #guard<T>(run: () => PromiseLike<T>): Promise<T> {
    if (this.#isOver) throw new SyncError('misuse', 'This transaction has ended.');
    if (this.#pooled.isLost) throw toSyncError(this.#thrown ?? new Error('The connection to the database was closed.'));
    try {
      return await Promise.race([run(), this.#lost.promise]);
    } catch (error) {
      this.#thrown ??= error;
      throw toSyncError(error);
    }
  }

  #release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#driver) this.#driver.onclose = null;
    this.#pool.give(this.#pooled);
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (Array.isArray(value)) return JSON.stringify(value);
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

/** A text array as Postgres reads it. The driver would do this too, value by value through its type table. */
export function textArray(values: readonly (string | null)[]): string {
  let text = '{';
  for (const value of values) {
    if (text.length > 1) text += ',';
    text += value === null ? 'NULL' : `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
  }
  return `${text}}`;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
