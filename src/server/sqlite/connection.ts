import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { RESERVED_PREFIX } from '../../core/schema.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError, type SyncErrorKind } from '../../shared/error.ts';

/** How long a statement waits for another process that holds the file. */
const BUSY_TIMEOUT_MS = 5_000;

export interface TakeLimit {
  readonly maxBytes: number;
  readonly bytesOf: (row: readonly Cell[]) => number;
}

export interface Taken {
  readonly rows: Cell[][];
  readonly bytes: number;
  /** Whether there is nothing after these rows. */
  readonly isEnd: boolean;
}

const MAX_STATEMENTS = 1_000;

interface Prepared {
  readonly statement: StatementSync;
  /** Set once a row held an integer beyond ±2^53: from then on integers are read as bigints. */
  readsBigInts: boolean;
}

/** One connection to a SQLite file: statements are prepared once, and cells come back exactly. */
export class Connection {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor(file: string, options: { readOnly: boolean }) {
    this.#database = guard(() => new DatabaseSync(file, { readOnly: options.readOnly, timeout: BUSY_TIMEOUT_MS }));
  }

  /** Statements without parameters. */
  exec(sql: string): void {
    guard(() => this.#database.exec(sql));
  }

  run(sql: string, parameters: readonly Cell[] = []): void {
    guard(() => this.#prepare(sql).statement.run(...(parameters as SQLInputValue[])));
  }

  /** All rows, positional. */
  all(sql: string, parameters: readonly Cell[] = []): Cell[][] {
    return this.#exactly(sql, (statement) => statement.all(...(parameters as SQLInputValue[])).map(toRow));
  }

  get(sql: string, parameters: readonly Cell[] = []): Cell[] | undefined {
    return this.all(sql, parameters)[0];
  }

  /** Rows until their sizes add up to `maxBytes`; the one that goes over it is the last. */
  take(sql: string, parameters: readonly Cell[], limit: TakeLimit): Taken {
    return this.#exactly(sql, (statement) => {
      const rows: Cell[][] = [];
      let bytes = 0;
      for (const cells of statement.iterate(...(parameters as SQLInputValue[]))) {
        const row = toRow(cells);
        rows.push(row);
        bytes += limit.bytesOf(row);
        if (bytes >= limit.maxBytes) return { rows, bytes, isEnd: false };
      }
      return { rows, bytes, isEnd: true };
    });
  }

  columnNames(sql: string): string[] {
    return guard(() =>
      this.#prepare(sql)
        .statement.columns()
        .map((column) => column.name),
    );
  }

  close(): void {
    this.#prepared.clear();
    guard(() => this.#database.close());
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    const prepared = { statement, readsBigInts: false };
    this.#prepared.set(sql, prepared);
    const [oldest] = this.#prepared.keys();
    // Queries of app code may never come again in the same words.
    if (oldest !== undefined && this.#prepared.size > MAX_STATEMENTS) this.#prepared.delete(oldest);
    return prepared;
  }

  /** Reads integers as numbers, which is fast, and once more as bigints when one does not fit. */
  #exactly<T extends Cell[][] | Taken>(sql: string, read: (statement: StatementSync) => T): T {
    return guard(() => {
      const prepared = this.#prepare(sql);
      if (!prepared.readsBigInts) {
        const fast = readFast(() => read(prepared.statement));
        if (fast) return fast;
        prepared.statement.setReadBigInts(true);
        prepared.readsBigInts = true;
      }
      const result = read(prepared.statement);
      normalise(rowsOf(result));
      return result;
    });
  }
}

/** The types of node:sqlite know objects only; these statements give arrays. */
const toRow = (row: unknown): Cell[] => row as Cell[];

const rowsOf = (result: Cell[][] | Taken): Cell[][] => (Array.isArray(result) ? result : result.rows);

/** Integers as numbers; undefined when one of them does not fit. */
function readFast<T extends Cell[][] | Taken>(read: () => T): T | undefined {
  try {
    const result = read();
    return rowsOf(result).some((row) => row.includes(ROUNDED_MIN_INT64)) ? undefined : result;
  } catch (error) {
    if (isOutOfRange(error)) return undefined;
    throw error;
  }
}

/** node:sqlite refuses integers that do not fit into a number, but lets the smallest int64 pass, rounded. */
const ROUNDED_MIN_INT64 = -(2 ** 63);

/** Bigints inside ±2^53 as numbers again: equal integers are equal cells. */
function normalise(rows: Cell[][]): void {
  for (const row of rows) {
    row.forEach((cell, index) => {
      if (typeof cell === 'bigint' && Number.isSafeInteger(Number(cell))) row[index] = Number(cell);
    });
  }
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

function guard<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw toSyncError(error);
  }
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const KINDS: Readonly<Record<number, SyncErrorKind>> = {
  13: 'quota',
  18: 'too-large',
  19: 'invalid-value',
  20: 'invalid-value',
};

/** A constraint of our own tables: the mistake is the server's, and no mutation is to be refused for it. */
const OWN_TABLE = new RegExp(`\\b${RESERVED_PREFIX}`);

function toSyncError(error: unknown): SyncError {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  if (error instanceof Error && KINDS[code] === 'invalid-value' && OWN_TABLE.test(error.message))
    return new SyncError('storage', `The server database failed: ${error.message}`, { cause: error });
  return SyncError.from(error, KINDS[code] ?? 'storage', 'The server database failed');
}
