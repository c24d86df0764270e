import type { Schema } from '../core/schema.ts';
import type { Statement } from '../core/sql.ts';
import { Lock } from '../server/lock.ts';
import type { Connection, TakeLimit, Taken } from '../server/sqlite/connection.ts';
import { SqliteWriter } from '../server/sqlite/handle.ts';
import { createTables } from '../server/sqlite/layout.ts';
import { readPosition, setMeta } from '../server/sqlite/log.ts';
import type { ServerStorage, StorageReader, StorageWriter } from '../server/storage.ts';
import type { Cell } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import type { LocalDatabase } from '../storage/local-database.ts';
import { openMemoryDatabase } from '../storage/sqlite-wasm/memory.ts';

/**
 * The server's own storage over SQLite's WASM build, in memory: the same tables, statements and decisions as on a real
 * server, wherever JavaScript runs. Gone when it is closed.
 */
export function memoryStorage(): ServerStorage {
  return new MemoryStorage();
}

class MemoryStorage implements ServerStorage {
  readonly #lock = new Lock();
  #connection: WasmConnection | null = null;
  #schema: Schema | null = null;

  async open(schema: Schema, epoch: string): Promise<void> {
    this.#connection = new WasmConnection(await openMemoryDatabase());
    this.#schema = schema;
    createTables(asConnection(this.#connection), schema);
    if (readPosition(asConnection(this.#connection)).epoch === '') {
      setMeta(asConnection(this.#connection), 'epoch', epoch);
    }
  }

  read<T>(fn: (reader: StorageReader) => Promise<T>): Promise<T> {
    return this.write(fn);
  }

  write<T>(fn: (writer: StorageWriter) => Promise<T>): Promise<T> {
    return this.#lock.run(async () => {
      const { connection, schema } = this.#live();
      const handle = new SqliteWriter(asConnection(connection), schema);
      connection.exec('BEGIN IMMEDIATE');
      try {
        const result = await fn(handle);
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        connection.exec('ROLLBACK');
        throw error;
      } finally {
        handle.end();
      }
    });
  }

  query({ sql, parameters }: Statement): Promise<Record<string, unknown>[]> {
    return this.#lock.run(async () => {
      const { connection } = this.#live();
      const rows = connection.all(sql, parameters);
      const names = connection.columnNames(sql);
      return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
    });
  }

  async close(): Promise<void> {
    await this.#lock.idle();
    this.#connection?.close();
    this.#connection = null;
  }

  #live(): { connection: WasmConnection; schema: Schema } {
    if (this.#connection && this.#schema) return { connection: this.#connection, schema: this.#schema };
    throw new SyncError('closed', 'The server storage is not open.');
  }
}

/** What the server's SQLite code calls of its connection. */
class WasmConnection {
  readonly #database: LocalDatabase;

  constructor(database: LocalDatabase) {
    this.#database = database;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  run(sql: string, parameters: readonly Cell[] = []): void {
    this.#database.run(sql, parameters);
  }

  all(sql: string, parameters: readonly Cell[] = []): Cell[][] {
    return this.#database.read(sql, parameters).rows.map((row) => [...row]);
  }

  get(sql: string, parameters: readonly Cell[] = []): Cell[] | undefined {
    return this.all(sql, parameters)[0];
  }

  take(sql: string, parameters: readonly Cell[], { maxBytes, bytesOf }: TakeLimit): Taken {
    const rows: Cell[][] = [];
    let bytes = 0;
    for (const row of this.all(sql, parameters)) {
      rows.push(row);
      bytes += bytesOf(row);
      if (bytes >= maxBytes) return { rows, bytes, isEnd: false };
    }
    return { rows, bytes, isEnd: true };
  }

  columnNames(sql: string): string[] {
    return this.#database.analyze(sql).columns.map(({ name }) => name);
  }

  close(): void {
    this.#database.close();
  }
}

/** A class with private fields is a type of its own, whatever it can do; the members used are all here. */
function asConnection(connection: WasmConnection): Connection {
  return connection satisfies Pick<Connection, keyof Connection> as unknown as Connection;
}
