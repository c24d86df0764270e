import { SyncError } from '../../shared/error.ts';
import { AccessRecorder } from './access.ts';
import { sqliteError } from './errors.ts';
import type { Pointer } from './module.ts';
import { type Connection, PreparedStatement } from './statement.ts';

const PERSISTENT = 1;
const CACHE_SIZE = 256;

/** Prepares statements, and keeps the ones used last. */
export class Statements {
  readonly #connection: Connection;
  readonly #recorder: AccessRecorder;
  /** In order of last use, oldest first. */
  readonly #cache = new Map<string, PreparedStatement>();

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#recorder = new AccessRecorder(connection);
  }

  /** The one statement of this text. Throws `invalid-query` when there is none, or more than one. */
  get(sql: string): PreparedStatement {
    const cached = this.#cache.get(sql);
    if (cached) {
      this.#cache.delete(sql);
      this.#cache.set(sql, cached);
      return cached;
    }
    const made = this.#prepareOne(sql);
    this.#cache.set(sql, made);
    if (this.#cache.size > CACHE_SIZE) this.#dropOldest();
    return made;
  }

  /** Prepares and hands out each statement of the text, one after the other. */
  forEach(sql: string, use: (statement: PreparedStatement) => void): void {
    for (let rest = sql; rest !== ''; ) {
      const prepared = this.#prepare(rest, 0);
      rest = prepared.rest;
      if (prepared.statement === null) continue;
      try {
        use(prepared.statement);
      } finally {
        prepared.statement.finalize();
      }
    }
  }

  /** Forgets every statement: after a change of the schema, what is known about them may be wrong. */
  clear(): void {
    for (const statement of this.#cache.values()) statement.finalize();
    this.#cache.clear();
  }

  #dropOldest(): void {
    const [oldest] = this.#cache.keys();
    if (oldest === undefined) return;
    this.#cache.get(oldest)?.finalize();
    this.#cache.delete(oldest);
  }

  #prepareOne(sql: string): PreparedStatement {
    const { statement, rest } = this.#prepare(sql, PERSISTENT);
    if (statement === null) throw new SyncError('invalid-query', 'The query is empty.');
    if (this.#isBlank(rest)) return statement;
    statement.finalize();
    throw new SyncError('invalid-query', `A query must be one statement; after the first one comes: ${rest.trim()}`);
  }

  #isBlank(rest: string): boolean {
    for (let left = rest; left !== ''; ) {
      const next = this.#prepare(left, 0);
      if (next.statement !== null) {
        next.statement.finalize();
        return false;
      }
      left = next.rest;
    }
    return true;
  }

  /** Prepares the first statement of the text; null when there is only white space and comments before the next `;`. */
  #prepare(sql: string, flags: number): { statement: PreparedStatement | null; rest: string } {
    if (sql.includes('\0')) throw new SyncError('invalid-query', 'The SQL text has a NUL character.');
    // As UTF-8 it would become another text, without a word.
    if (!sql.isWellFormed()) throw new SyncError('invalid-query', 'The SQL text has a lone surrogate.');
    const { module, db, heap } = this.#connection;
    const out = heap.scratch(sql.length * 3 + 16);
    const text = out + 8;
    const bytes = heap.writeText(sql, text);
    heap.writeBytes(Uint8Array.of(0), text + bytes);
    let code = 0;
    const access = this.#recorder.record(() => {
      code = module.exports.sqlite3_prepare_v3(db, text, bytes + 1, flags, out, out + 4);
    });
    if (code !== 0) throw sqliteError(module, db, sql);
    const pointer: Pointer = heap.int32(out);
    const tail = heap.int32(out + 4);
    const rest = heap.text(tail, text + bytes - tail);
    if (pointer === 0) return { statement: null, rest };
    return { statement: new PreparedStatement(this.#connection, pointer, { sql, access }), rest };
  }
}
