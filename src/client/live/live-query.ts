import type { Schema } from '../../core/schema.ts';
import type { Statement } from '../../core/sql.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError, type SyncErrorJson } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalDatabase, ReadColumn } from '../../storage/local-database.ts';
import type { LiveDelta, LiveRun } from '../engine-api.ts';
import type { ChangedRows } from '../local-store.ts';
import { diffRows } from './diff-rows.ts';
import { keyColumnsOf } from './key-columns.ts';
import { type PointRead, pointRead } from './point-read.ts';
import { type WindowQuery, windowQuery } from './window-query.ts';

/** Somebody who follows a live query. */
export interface LiveSubscriber {
  onDelta(delta: LiveDelta): void;
  onError(error: SyncErrorJson): void;
}

export interface LiveContext {
  readonly schema: Schema;
  readonly database: LocalDatabase;
  readonly runtime: Runtime;
}

interface Result {
  readonly columns: readonly ReadColumn[];
  readonly keyColumns: readonly number[];
  readonly rows: readonly (readonly Cell[])[];
}

/** One statement with its parameters and its last result, shared by all who follow it. */
export class LiveQuery {
  readonly statement: Statement;
  readonly tables: ReadonlySet<string>;
  runCount = 0;
  lastMs = 0;
  readonly #context: LiveContext;
  readonly #point: PointRead | null;
  readonly #window: WindowQuery | null;
  /** What changed since it was run: rows of its one table by key, or anything. */
  #changes: Set<string> | 'any' = 'any';
  /** The version each subscriber has. */
  readonly #versions = new Map<LiveSubscriber, number>();
  #result: Result | null = null;
  #error: SyncErrorJson | null = null;

  constructor(context: LiveContext, statement: Statement, tables: ReadonlySet<string>) {
    this.#context = context;
    this.statement = statement;
    this.tables = tables;
    this.#point = tables.size === 1 ? pointRead(context.schema, statement) : null;
    this.#window = windowQuery(context, statement, tables);
  }

  /** Whether its result may have changed since it was run. */
  get isDirty(): boolean {
    return this.#changes === 'any' || this.#changes.size > 0;
  }

  get rowCount(): number {
    return this.#result?.rows.length ?? 0;
  }

  get isFollowed(): boolean {
    return this.#versions.size > 0;
  }

  /** Rows were committed. */
  note(changed: ChangedRows): void {
    for (const table of this.tables) {
      const rows = changed.get(table);
      if (rows !== undefined) this.#noteRows(table, rows);
    }
  }

  #noteRows(table: string, rows: ReadonlySet<string> | '*'): void {
    if (this.#changes === 'any') return;
    if (rows === '*' || (!this.#window && !this.#point)) {
      this.#changes = 'any';
      return;
    }
    for (const key of rows) if (this.#point?.table !== table || this.#point.key === key) this.#changes.add(key);
  }

  /** Gives the subscriber the whole result, then every change of it. */
  add(subscriber: LiveSubscriber): void {
    if (this.isDirty) this.refresh();
    this.#versions.set(subscriber, 0);
    if (this.#result) this.#send(subscriber, wholeOf(this.#result));
    if (this.#error) subscriber.onError(this.#error);
  }

  remove(subscriber: LiveSubscriber): void {
    this.#versions.delete(subscriber);
  }

  /** Runs it again, and tells the subscribers what changed, if anything did. */
  refresh(): void {
    const { runtime } = this.#context;
    const startedAt = runtime.elapsed();
    const changes = this.#changes;
    this.#changes = new Set();
    this.runCount += 1;
    try {
      this.#take(this.#update(changes) ?? this.#read());
    } catch (error) {
      this.#fail(SyncError.from(error, 'storage', 'A live query failed').toJSON());
    }
    this.lastMs = runtime.elapsed() - startedAt;
  }

  /** The result from the last one and the rows that changed; null when it has to be read anew. */
  #update(changes: ReadonlySet<string> | 'any'): Result | null {
    if (changes === 'any' || !this.#result || !this.#window || this.#error) return null;
    const rows = this.#window.update(this.#result.rows, changes);
    return rows && { ...this.#result, rows };
  }

  #read(): Result {
    const { database, schema } = this.#context;
    const { columns, rows } = this.#window?.read() ?? database.read(this.statement.sql, this.statement.parameters);
    const isKnown = this.#result !== null && sameColumns(this.#result.columns, columns);
    return {
      columns,
      rows,
      keyColumns: isKnown && this.#result ? this.#result.keyColumns : keyColumnsOf(schema, columns),
    };
  }

  #take(next: Result): void {
    const previous = this.#result;
    const hadError = this.#error !== null;
    this.#result = next;
    this.#error = null;
    if (previous === null || !sameColumns(previous.columns, next.columns)) {
      for (const subscriber of this.#versions.keys()) this.#send(subscriber, wholeOf(next));
      return;
    }
    const runs = diffRows(previous.rows, next.rows, next.keyColumns);
    // After an error even the old result is news.
    const told = runs ?? (hadError ? [{ from: 0, count: next.rows.length }] : null);
    if (told === null) return;
    for (const [subscriber, version] of this.#versions) {
      this.#send(subscriber, version === 0 ? wholeOf(next) : { runs: told });
    }
  }

  #send(subscriber: LiveSubscriber, delta: Omit<LiveDelta, 'version'>): void {
    const version = (this.#versions.get(subscriber) ?? 0) + 1;
    this.#versions.set(subscriber, version);
    subscriber.onDelta({ version, ...delta });
  }

  #fail(error: SyncErrorJson): void {
    this.#error = error;
    for (const subscriber of this.#versions.keys()) subscriber.onError(error);
  }
}

function wholeOf({ columns, rows }: Result): { columns: readonly ReadColumn[]; runs: LiveRun[] } {
  return { columns, runs: rows.length === 0 ? [] : [{ rows }] };
}

function sameColumns(a: readonly ReadColumn[], b: readonly ReadColumn[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every(({ name, table, column }, index) => {
      const other = b[index];
      return other !== undefined && name === other.name && table === other.table && column === other.column;
    })
  );
}
