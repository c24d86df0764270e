import type { Cell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { ReadColumn } from '../local-database.ts';
import type { StatementAccess } from './access.ts';
import { sqliteError } from './errors.ts';
import type { Heap } from './heap.ts';
import type { Pointer, SqliteExports, SqliteModule } from './module.ts';

const SQLITE_ROW = 100;
const SQLITE_DONE = 101;
const INTEGER = 1;
const FLOAT = 2;
const TEXT = 3;
const BLOB = 4;
/** The bound bytes stay in place until the statement is reset, so SQLite need not copy them. */
const STATIC = 0;
const MAX_INT32 = 2 ** 31 - 1;
const MIN_INT32 = -(2 ** 31);

/** What every statement of one connection shares. */
export interface Connection {
  readonly module: SqliteModule;
  readonly db: Pointer;
  readonly heap: Heap;
}

/** A prepared statement of one connection. */
export class PreparedStatement {
  readonly sql: string;
  readonly access: StatementAccess;
  readonly isReadOnly: boolean;
  readonly parameterCount: number;
  readonly #connection: Connection;
  readonly #exports: SqliteExports;
  readonly #heap: Heap;
  readonly #pointer: Pointer;
  #columns: readonly ReadColumn[] | undefined;

  constructor(connection: Connection, pointer: Pointer, source: { sql: string; access: StatementAccess }) {
    this.#connection = connection;
    this.#exports = connection.module.exports;
    this.#heap = connection.heap;
    this.#pointer = pointer;
    this.sql = source.sql;
    this.access = source.access;
    this.isReadOnly = this.#exports.sqlite3_stmt_readonly(pointer) !== 0;
    this.parameterCount = this.#exports.sqlite3_bind_parameter_count(pointer);
  }

  /** The columns of its result; always the same array. */
  get columns(): readonly ReadColumn[] {
    this.#columns ??= this.#describeColumns();
    return this.#columns;
  }

  /** Runs it to its end, leaving result rows unread. */
  run(parameters: readonly Cell[]): void {
    try {
      this.#bind(parameters);
      while (this.#step()) {
        // `RETURNING` rows are not asked for here.
      }
    } finally {
      this.#reset();
    }
  }

  /** Runs it and reads every row. */
  read(parameters: readonly Cell[]): Cell[][] {
    const rows: Cell[][] = [];
    try {
      this.#bind(parameters);
      const count = this.#exports.sqlite3_column_count(this.#pointer);
      while (this.#step()) rows.push(this.#readRow(count));
    } finally {
      this.#reset();
    }
    return rows;
  }

  finalize(): void {
    this.#exports.sqlite3_finalize(this.#pointer);
  }

  #step(): boolean {
    const code = this.#exports.sqlite3_step(this.#pointer);
    if (code === SQLITE_ROW) return true;
    if (code === SQLITE_DONE) return false;
    throw this.#error();
  }

  #reset(): void {
    this.#exports.sqlite3_reset(this.#pointer);
    this.#exports.sqlite3_clear_bindings(this.#pointer);
  }

  #readRow(count: number): Cell[] {
    const row: Cell[] = new Array(count);
    for (let index = 0; index < count; index++) row[index] = this.#readCell(index);
    return row;
  }

  #readCell(index: number): Cell {
    const exports = this.#exports;
    const pointer = this.#pointer;
    const heap = this.#heap;
    switch (exports.sqlite3_column_type(pointer, index)) {
      case INTEGER: {
        // As a double first: no BigInt is made for the integers that fit.
        const value = exports.sqlite3_column_double(pointer, index);
        return Number.isSafeInteger(value) ? value : exports.sqlite3_column_int64(pointer, index);
      }
      case FLOAT:
        return exports.sqlite3_column_double(pointer, index);
      case TEXT: {
        const at = exports.sqlite3_column_text(pointer, index);
        return heap.text(at, exports.sqlite3_column_bytes(pointer, index));
      }
      case BLOB: {
        const at = exports.sqlite3_column_blob(pointer, index);
        return heap.copy(at, exports.sqlite3_column_bytes(pointer, index));
      }
      default:
        return null;
    }
  }

  #bind(parameters: readonly Cell[]): void {
    if (parameters.length !== this.parameterCount) {
      throw new SyncError(
        'invalid-query',
        `The query takes ${this.parameterCount} parameters and received ${parameters.length}: ${this.sql}`,
      );
    }
    const size = scratchSize(parameters);
    let free = size === 0 ? 0 : this.#heap.scratch(size);
    for (let index = 0; index < parameters.length; index++) free = this.#bindCell(index + 1, parameters[index], free);
  }

  /** Binds one cell, with its bytes written at `free`; returns where the next free byte is. */
  #bindCell(index: number, cell: Cell | undefined, free: Pointer): Pointer {
    const exports = this.#exports;
    const pointer = this.#pointer;
    const heap = this.#heap;
    let used = 0;
    let code: number;
    if (typeof cell === 'string') {
      used = heap.writeText(cell, free);
      code = exports.sqlite3_bind_text(pointer, index, free, used, STATIC);
    } else if (typeof cell === 'number') code = this.#bindNumber(index, cell);
    else if (cell === null || cell === undefined) code = exports.sqlite3_bind_null(pointer, index);
    else if (typeof cell === 'bigint') code = exports.sqlite3_bind_int64(pointer, index, int64(cell));
    else {
      used = cell.length;
      heap.writeBytes(cell, free);
      code = exports.sqlite3_bind_blob(pointer, index, free, used, STATIC);
    }
    if (code !== 0) throw this.#error();
    return free + used;
  }

  #bindNumber(index: number, value: number): number {
    const exports = this.#exports;
    const pointer = this.#pointer;
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return exports.sqlite3_bind_double(pointer, index, value);
    if (value <= MAX_INT32 && value >= MIN_INT32) return exports.sqlite3_bind_int(pointer, index, value);
    return exports.sqlite3_bind_int64(pointer, index, BigInt(value));
  }

  #describeColumns(): readonly ReadColumn[] {
    const { capi } = this.#connection.module.sqlite3;
    const count = this.#exports.sqlite3_column_count(this.#pointer);
    return Array.from({ length: count }, (_, index) => ({
      name: capi.sqlite3_column_name(this.#pointer, index),
      table: capi.sqlite3_column_table_name(this.#pointer, index) || null,
      column: capi.sqlite3_column_origin_name(this.#pointer, index) || null,
    }));
  }

  #error(): SyncError {
    return sqliteError(this.#connection.module, this.#connection.db, this.sql);
  }
}

/** Bytes that the texts and blobs may take, one more than needed so that an empty one has an address. */
function scratchSize(parameters: readonly Cell[]): number {
  let size = 0;
  for (const cell of parameters) {
    if (typeof cell === 'string') size += cell.length * 3 + 1;
    else if (cell instanceof Uint8Array) size += cell.length + 1;
  }
  return size;
}

function int64(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new SyncError('invalid-value', `The integer ${value} does not fit into 64 bits.`);
}
