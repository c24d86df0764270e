import type { Cell } from '../shared/cell.ts';

/**
 * The local SQLite database, as the engine uses it. Port: real ones are `sqlite-wasm` in memory and on OPFS.
 *
 * Contract:
 * - Synchronous and single-threaded: it lives in the worker that owns the file. Nobody else has it open.
 * - Statements are prepared once and kept; `?` parameters only. Cells come back exactly as stored: integers outside
 *   ±2^53 as `bigint`, doubles bit-exact, text as written, blobs as copies.
 * - `transaction(fn)` is atomic and durable when it returns (against the death of the process); a throw rolls back. Inside
 *   another one it is a savepoint. `begin`/`commit`/`rollback` are the same for transactions that span calls.
 * - Errors are `SyncError`: `invalid-query` (SQL), `invalid-value` (constraint, datatype), `quota` (disk full), `storage`.
 * - After `close()` every call throws `closed`.
 */
export interface LocalDatabase {
  readonly kind: 'opfs' | 'memory';
  /** Whether the data outlives this process. */
  readonly persisted: boolean;

  /** Runs one statement; returns the number of rows it changed (triggers not counted). */
  run(sql: string, parameters?: readonly Cell[]): number;
  /** Runs one statement once per parameter list, prepared once. */
  runMany(sql: string, parameterLists: Iterable<readonly Cell[]>): void;
  /** Runs several statements without parameters (our own DDL and pragmas). */
  exec(sql: string): void;
  /** Reads all rows of one statement, positional. */
  read(sql: string, parameters?: readonly Cell[]): ReadResult;
  /** What a statement does, without running it. Throws `invalid-query`. */
  analyze(sql: string): StatementInfo;

  transaction<T>(fn: () => T): T;
  begin(): void;
  commit(): void;
  rollback(): void;
  readonly inTransaction: boolean;

  /** Bytes of the database. */
  sizeBytes(): number;
  /** Problems found by `PRAGMA integrity_check`; empty when sound. */
  integrityCheck(): string[];
  /** Gives back the space of what was deleted, and leaves no trace of it on disk. Not inside a transaction. */
  compact(): void;
  /** The whole database as one SQLite file. */
  exportBytes(): Uint8Array;
  close(): void;
}

export interface ReadResult {
  readonly columns: readonly ReadColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A column of a result: where it comes from, when it is a plain table column (also through views and subqueries). */
export interface ReadColumn {
  readonly name: string;
  readonly table: string | null;
  readonly column: string | null;
}

export interface StatementInfo {
  readonly isReadOnly: boolean;
  /** Every table the statement reads, through views and triggers too, without duplicates. */
  readonly tablesRead: readonly string[];
  readonly parameterCount: number;
  /** The columns of its result. */
  readonly columns: readonly ReadColumn[];
  /** Every table it writes, through triggers too. */
  readonly tablesWritten: readonly string[];
  /** The tables (and views with INSTEAD OF triggers) it writes by name, not through triggers. */
  readonly directWrites: readonly string[];
  /** What it does besides reading and writing rows: `attach` stands for DETACH too, `transaction` for savepoints too. */
  readonly control: 'schema' | 'transaction' | 'attach' | 'pragma' | null;
}
