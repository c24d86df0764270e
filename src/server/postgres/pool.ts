import type postgres from 'postgres';
import { SyncError } from '../../shared/error.ts';

/** A driver that holds one connection. */
export type Driver = postgres.Sql<Record<string, never>>;

/** One connection, ours for as long as it lasts. */
export interface PooledConnection {
  readonly sql: postgres.ReservedSql;
  /** Set once it is gone: it is not used again. */
  isLost: boolean;
  close(): Promise<void>;
}

/**
 * A few connections, each with a driver of its own. The driver's (3.4.9) own pool does not survive what a database server
 * does when it restarts: a connection that is lost while it is written to keeps old bytes for its successor, and one that
 * `reserve()` has to open first is never handed out unless types are fetched, which fails beyond the reach of any `catch`.
 */
export class Pool {
  readonly #open: (onclose: () => void) => Driver;
  readonly #max: number;
  readonly #idle: PooledConnection[] = [];
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #count = 0;
  #isClosed = false;

  constructor(max: number, open: (onclose: () => void) => Driver) {
    this.#max = max;
    this.#open = open;
  }

  /** A connection for one transaction. To be given back. */
  async take(): Promise<PooledConnection> {
    while (this.#idle.length === 0 && this.#count >= this.#max) {
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn);
      await turn.promise;
    }
    if (this.#isClosed) throw new SyncError('closed', 'The server storage has been closed.');
    const connection = this.#idle.pop();
    if (connection && !connection.isLost) return connection;
    if (connection) this.#discard(connection);
    this.#count += 1;
    try {
      return await this.#connect();
    } catch (error) {
      this.#count -= 1;
      this.#wake();
      throw error;
    }
  }

  give(connection: PooledConnection): void {
    if (connection.isLost || this.#isClosed) this.#discard(connection);
    else this.#idle.push(connection);
    this.#wake();
  }

  async end(): Promise<void> {
    this.#isClosed = true;
    this.#count -= this.#idle.length;
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()));
    for (const turn of this.#waiting.splice(0)) turn.resolve();
  }

  #wake(): void {
    this.#waiting.shift()?.resolve();
  }

  #discard(connection: PooledConnection): void {
    this.#count -= 1;
    void connection.close();
  }

  async #connect(): Promise<PooledConnection> {
    let isLost = false;
    const driver = this.#open(() => {
      isLost = true;
      if (connection) connection.isLost = true;
    });
    let connection: PooledConnection | null = null;
    const end = () => driver.end({ timeout: 1 }).catch(() => undefined);
    try {
      await driver.unsafe('SELECT 1');
      const sql = await driver.reserve();
      const close = async () => {
        sql.release();
        await end();
      };
      connection = { sql, isLost, close: () => (connection?.isLost ? end() : close()) };
      return connection;
    } catch (error) {
      void end();
      throw error;
    }
  }
}
