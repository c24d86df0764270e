import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Schema } from '../../core/schema.ts';
import type { Statement } from '../../core/sql.ts';
import { SyncError } from '../../shared/error.ts';
import { Lock } from '../lock.ts';
import type { ServerStorage, StorageReader, StorageWriter } from '../storage.ts';
import { Connection } from './connection.ts';
import { SqliteWriter } from './handle.ts';
import { createTables } from './layout.ts';
import { readPosition, setMeta } from './log.ts';

export type { ServerStorage } from '../storage.ts';

/** Where {@link sqliteStorage} keeps the data. */
export interface SqliteStorageOptions {
  /** Path of the database file (its folder is made), or `:memory:`. */
  readonly file: string;
}

/**
 * Keeps the server's data in one SQLite file, through Node's own `node:sqlite`: no service to run, nothing to compile.
 * The tables are the ones of the schema, real and typed; read them with any SQLite tool while the server runs, but write
 * through the server only, or nobody hears of it.
 *
 * @example
 * ```ts
 * const server = createSyncServer({ schema, storage: sqliteStorage({ file: './tidemark.db' }), auth });
 * ```
 */
export function sqliteStorage(options: SqliteStorageOptions): ServerStorage {
  return new SqliteStorage(options.file);
}

class SqliteStorage implements ServerStorage {
  readonly #file: string;
  #writer: Connection | null = null;
  /** Reads run beside a write on their own connection; in memory there is but one. */
  #reader: Connection | null = null;
  readonly #writeLock = new Lock();
  #readLock = new Lock();
  #schema: Schema | null = null;
  #isClosed = false;

  constructor(file: string) {
    this.#file = file;
  }

  async open(schema: Schema, epoch: string): Promise<void> {
    if (this.#writer) throw new SyncError('misuse', 'This storage is open already: give each server its own.');
    const isMemory = this.#file === ':memory:';
    if (!isMemory) mkdirSync(dirname(this.#file), { recursive: true });
    this.#schema = schema;
    this.#writer = openWriter(this.#file);
    transaction(this.#writer, () => prepare(this.#live(this.#writer), schema, epoch));
    this.#reader = isMemory ? this.#writer : new Connection(this.#file, { readOnly: true });
    if (isMemory) this.#readLock = this.#writeLock;
  }

  read<T>(fn: (reader: StorageReader) => Promise<T>): Promise<T> {
    return this.#readLock.run(() => this.#inTransaction(this.#live(this.#reader), 'BEGIN', fn));
  }

  write<T>(fn: (writer: StorageWriter) => Promise<T>): Promise<T> {
    return this.#writeLock.run(() => this.#inTransaction(this.#live(this.#writer), 'BEGIN IMMEDIATE', fn));
  }

  query({ sql, parameters }: Statement): Promise<Record<string, unknown>[]> {
    return this.#readLock.run(async () => {
      const reader = this.#live(this.#reader);
      reader.exec('PRAGMA query_only = ON');
      try {
        const rows = reader.all(sql, parameters);
        const names = reader.columnNames(sql);
        return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
      } finally {
        reader.exec('PRAGMA query_only = OFF');
      }
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writeLock.idle();
    await this.#readLock.idle();
    if (this.#reader !== this.#writer) this.#reader?.close();
    this.#writer?.close();
    this.#reader = null;
    this.#writer = null;
  }

  async #inTransaction<T>(
    connection: Connection,
    begin: 'BEGIN' | 'BEGIN IMMEDIATE',
    fn: (handle: StorageWriter) => Promise<T>,
  ): Promise<T> {
    const handle = new SqliteWriter(connection, this.#schema ?? unopened());
    connection.exec(begin);
    try {
      const result = await fn(handle);
      connection.exec('COMMIT');
      return result;
    } catch (error) {
      rollback(connection);
      throw error;
    } finally {
      handle.end();
    }
  }

  #live(connection: Connection | null): Connection {
    if (connection && !this.#isClosed) return connection;
    if (this.#isClosed) throw new SyncError('closed', 'The server storage has been closed.');
    return unopened();
  }
}

function unopened(): never {
  throw new SyncError('misuse', 'The server storage is not open: call open() first.');
}

function openWriter(file: string): Connection {
  const connection = new Connection(file, { readOnly: false });
  connection.exec('PRAGMA journal_mode = WAL');
  // WAL alone would be NORMAL in some builds: an acknowledged push must outlive a power cut. Set on every open.
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536');
  return connection;
}

function prepare(connection: Connection, schema: Schema, epoch: string): void {
  createTables(connection, schema);
  if (readPosition(connection).epoch === '') setMeta(connection, 'epoch', epoch);
}

function transaction(connection: Connection, run: () => void): void {
  connection.exec('BEGIN IMMEDIATE');
  try {
    run();
    connection.exec('COMMIT');
  } catch (error) {
    rollback(connection);
    throw error;
  }
}

/** Some failures (a full disk) have ended the transaction already: the first error is the one to tell. */
function rollback(connection: Connection): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // Nothing is left to undo.
  }
}
