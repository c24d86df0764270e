import type { Cell } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase, ReadResult, StatementInfo } from '../local-database.ts';
import { Heap } from './heap.ts';
import type { Pointer, SqliteModule } from './module.ts';
import type { PreparedStatement } from './statement.ts';
import { Statements } from './statements.ts';

const NO_PARAMETERS: readonly Cell[] = [];

/** An open connection, and what closing it means. */
export interface OpenConnection {
  readonly kind: 'opfs' | 'memory';
  readonly persisted: boolean;
  readonly db: Pointer;
  /** Closes the connection and lets go of its files. */
  close(): void;
}

/** {@link LocalDatabase} over the WASM build of SQLite. */
export class SqliteWasmDatabase implements LocalDatabase {
  readonly kind: 'opfs' | 'memory';
  readonly persisted: boolean;
  readonly #module: SqliteModule;
  readonly #opened: OpenConnection;
  readonly #heap: Heap;
  readonly #statements: Statements;
  #depth = 0;
  #views: ReadonlySet<string> | undefined;
  /** Whether the open transaction has changed the schema: a rollback changes it back. */
  #hasNewSchema = false;
  #isClosed = false;

  constructor(module: SqliteModule, opened: OpenConnection) {
    this.kind = opened.kind;
    this.persisted = opened.persisted;
    this.#module = module;
    this.#opened = opened;
    this.#heap = new Heap(module);
    // No statement may damage the file: not through sqlite_dbpage, writable_schema or a search table's shadow tables.
    module.sqlite3.capi.sqlite3_db_config(opened.db, module.sqlite3.capi.SQLITE_DBCONFIG_DEFENSIVE, 1, 0);
    this.#statements = new Statements({ module, db: opened.db, heap: this.#heap });
  }

  run(sql: string, parameters: readonly Cell[] = NO_PARAMETERS): number {
    const statement = this.#statement(sql);
    statement.run(parameters);
    this.#afterRun(statement);
    return isRowWrite(statement) ? this.#module.exports.sqlite3_changes(this.#opened.db) : 0;
  }

  runMany(sql: string, parameterLists: Iterable<readonly Cell[]>): void {
    for (const parameters of parameterLists) this.run(sql, parameters);
  }

  exec(sql: string): void {
    this.#assertOpen();
    this.#statements.forEach(sql, (statement) => {
      statement.run(NO_PARAMETERS);
      this.#afterRun(statement);
    });
  }

  read(sql: string, parameters: readonly Cell[] = NO_PARAMETERS): ReadResult {
    const statement = this.#statement(sql);
    const rows = statement.read(parameters);
    const { columns } = statement;
    this.#afterRun(statement);
    return { columns, rows };
  }

  analyze(sql: string): StatementInfo {
    const statement = this.#statement(sql);
    const { access, isReadOnly, parameterCount } = statement;
    const views = this.#viewNames();
    const names = (set: ReadonlySet<string>) => [...set].filter((name) => !views.has(name));
    return {
      isReadOnly,
      tablesRead: names(access.reads),
      parameterCount,
      columns: statement.columns,
      tablesWritten: names(access.writes),
      directWrites: [...access.directWrites],
      control: access.control,
    };
  }

  transaction<T>(fn: () => T): T {
    this.#assertOpen();
    const level = this.#open();
    let result: T;
    try {
      result = fn();
      this.#release(level);
    } catch (error) {
      this.#undo(level);
      throw error;
    }
    return result;
  }

  begin(): void {
    this.#assertOpen();
    if (this.inTransaction) throw new SyncError('misuse', 'A transaction is open already.');
    this.run('BEGIN IMMEDIATE');
  }

  commit(): void {
    this.#assertOpen();
    if (!this.inTransaction) throw new SyncError('misuse', 'There is no transaction to commit.');
    try {
      this.run('COMMIT');
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  rollback(): void {
    this.#assertOpen();
    // SQLite rolls back by itself when the disk is full: then there is nothing left to do.
    if (this.inTransaction) this.run('ROLLBACK');
    this.#forgetNewSchema();
  }

  get inTransaction(): boolean {
    return !this.#isClosed && this.#module.exports.sqlite3_get_autocommit(this.#opened.db) === 0;
  }

  sizeBytes(): number {
    return Number(this.#scalar('PRAGMA page_count')) * Number(this.#scalar('PRAGMA page_size'));
  }

  integrityCheck(): string[] {
    const { rows } = this.read('PRAGMA integrity_check');
    return rows.map(([text]) => String(text)).filter((text) => text !== 'ok');
  }

  compact(): void {
    this.#statements.clear();
    this.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  }

  exportBytes(): Uint8Array {
    this.#assertOpen();
    const bytes = this.#module.sqlite3.capi.sqlite3_js_db_export(this.#opened.db);
    // The file is complete without its WAL: say so in its header, or it cannot be opened where WAL cannot be used.
    if (bytes.length >= 20) bytes.fill(1, 18, 20);
    return bytes;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#statements.clear();
    this.#heap.releaseScratch();
    this.#isClosed = true;
    this.#opened.close();
  }

  #statement(sql: string): PreparedStatement {
    this.#assertOpen();
    return this.#statements.get(sql);
  }

  #afterRun(statement: PreparedStatement): void {
    if (statement.access.control === 'schema') {
      this.#hasNewSchema = true;
      this.#forgetStatements();
    }
  }

  #forgetStatements(): void {
    this.#views = undefined;
    this.#statements.clear();
  }

  #forgetNewSchema(): void {
    if (this.#hasNewSchema) this.#forgetStatements();
    this.#hasNewSchema = this.inTransaction && this.#hasNewSchema;
  }

  #scalar(sql: string): Cell {
    return this.read(sql).rows[0]?.[0] ?? null;
  }

  #viewNames(): ReadonlySet<string> {
    this.#views ??= new Set(
      this.read("SELECT name FROM sqlite_schema WHERE type = 'view'").rows.map(([name]) => String(name)),
    );
    return this.#views;
  }

  /** Opens a transaction, or a savepoint inside one; returns its level. */
  #open(): number {
    const level = this.inTransaction ? this.#depth + 1 : 0;
    if (level === 0) this.#hasNewSchema = false;
    this.run(level === 0 ? 'BEGIN IMMEDIATE' : `SAVEPOINT level_${level}`);
    this.#depth = level;
    return level;
  }

  #release(level: number): void {
    this.run(level === 0 ? 'COMMIT' : `RELEASE level_${level}`);
    this.#depth = Math.max(0, level - 1);
  }

  #undo(level: number): void {
    this.#depth = Math.max(0, level - 1);
    if (this.inTransaction) {
      if (level === 0) this.run('ROLLBACK');
      else this.exec(`ROLLBACK TO level_${level}; RELEASE level_${level}`);
    }
    this.#forgetNewSchema();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SyncError('closed', 'The local database is closed.');
  }
}

function isRowWrite({ isReadOnly, access }: PreparedStatement): boolean {
  return !isReadOnly && access.control === null && access.directWrites.size > 0;
}
