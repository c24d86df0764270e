import sqlite3InitModule, { type Sqlite3Static } from '@sqlite.org/sqlite-wasm';

/** A pointer into WASM memory. */
export type Pointer = number;

/**
 * The C functions called once per cell or per statement, without the package's argument conversion: reading 100,000 rows
 * costs a fifth of what its object API takes.
 */
export interface SqliteExports {
  malloc(size: number): Pointer;
  free(pointer: Pointer): void;
  sqlite3_prepare_v3(db: Pointer, sql: Pointer, bytes: number, flags: number, out: Pointer, tail: Pointer): number;
  sqlite3_step(statement: Pointer): number;
  sqlite3_reset(statement: Pointer): number;
  sqlite3_finalize(statement: Pointer): number;
  sqlite3_clear_bindings(statement: Pointer): number;
  sqlite3_stmt_readonly(statement: Pointer): number;
  sqlite3_bind_parameter_count(statement: Pointer): number;
  sqlite3_bind_null(statement: Pointer, index: number): number;
  sqlite3_bind_int(statement: Pointer, index: number, value: number): number;
  sqlite3_bind_int64(statement: Pointer, index: number, value: bigint): number;
  sqlite3_bind_double(statement: Pointer, index: number, value: number): number;
  sqlite3_bind_text(statement: Pointer, index: number, text: Pointer, bytes: number, destructor: number): number;
  sqlite3_bind_blob(statement: Pointer, index: number, blob: Pointer, bytes: number, destructor: number): number;
  sqlite3_column_count(statement: Pointer): number;
  sqlite3_column_type(statement: Pointer, index: number): number;
  sqlite3_column_int64(statement: Pointer, index: number): bigint;
  sqlite3_column_double(statement: Pointer, index: number): number;
  sqlite3_column_text(statement: Pointer, index: number): Pointer;
  sqlite3_column_blob(statement: Pointer, index: number): Pointer;
  sqlite3_column_bytes(statement: Pointer, index: number): number;
  sqlite3_changes(db: Pointer): number;
  sqlite3_get_autocommit(db: Pointer): number;
  sqlite3_extended_errcode(db: Pointer): number;
  sqlite3_error_offset(db: Pointer): number;
  sqlite3_set_authorizer(db: Pointer, callback: Pointer, context: Pointer): number;
}

/** SQLite, compiled and ready, in this thread. */
export interface SqliteModule {
  readonly sqlite3: Sqlite3Static;
  readonly exports: SqliteExports;
  /** The last error a VFS logged, taken away: SQLite itself only says "disk I/O error". */
  takeIoError(): unknown;
}

let loading: Promise<SqliteModule> | undefined;

/** Loads SQLite; once per thread. A failed load is tried again by the next call. */
export function loadSqlite(): Promise<SqliteModule> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** The package reads this global while it starts; it offers no other way to configure it. */
interface ApiConfigHolder {
  sqlite3ApiConfig?: object;
}

async function load(): Promise<SqliteModule> {
  let ioError: unknown;
  (globalThis as ApiConfigHolder).sqlite3ApiConfig = {
    warn: (...args: unknown[]) => {
      // Other VFSs of the package need cross-origin isolation. Ours does not: nothing to worry anybody with.
      if (!String(args[0]).startsWith('Ignoring inability')) console.warn(...args);
    },
    error: (...args: unknown[]) => {
      ioError = args.find((arg) => arg instanceof Error) ?? args;
    },
  };
  const sqlite3 = await sqlite3InitModule();
  return {
    sqlite3,
    exports: sqlite3.wasm.exports,
    takeIoError() {
      const taken = ioError;
      ioError = undefined;
      return taken;
    },
  };
}
