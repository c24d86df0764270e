import type { Schema } from '../../core/schema.ts';
import type { Statement } from '../../core/sql.ts';
import type { Cell } from '../../shared/cell.ts';
import { SyncError, type SyncErrorJson } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalDatabase, ReadColumn } from '../../storage/local-database.ts';
import type { LiveDelta, LiveQueryRecord, LiveRun } from '../engine-api.ts';
import type { LiveUpdate } from '../inspection.ts';
import type { ChangedRows } from '../local-store.ts';
import { diffRows } from './diff-rows.ts';
import { keyColumnsOf } from './key-columns.ts';
import { type PointRead, pointRead } from './point-read.ts';
import { Timings } from './timings.ts';
import { whyNeverIncremental } from './why-re-run.ts';
import { MOST_KEYS, type WindowQuery, windowQuery } from './window-query.ts';

/** Somebody who follows a live query. */
export interface LiveSubscriber {
  onDelta(delta: LiveDelta): void;
  onError(error: SyncErrorJson): void;
}

export interface LiveContext {
  readonly schema: Schema;
  readonly database: LocalDatabase;
  readonly runtime: Runtime;
  /** Why results may not be shown now; null where they may. */
  readonly locked?: () => SyncErrorJson | null;
}

export interface LiveQueryOptions {
  readonly queryId: string;
  readonly statement: Statement;
  readonly tables: ReadonlySet<string>;
}

const INCREMENTAL: LiveUpdate = { how: 'incremental' };
const OPENED = 'it was opened';
const UNCERTAIN = 'the place of a row was not certain: equal sort keys, none, or a row from beyond the limit';

interface Result {
  readonly columns: readonly ReadColumn[];
  readonly keyColumns: readonly number[];
  readonly rows: readonly (readonly Cell[])[];
}

/** One statement with its parameters and its last result, shared by all who follow it. */
export class LiveQuery {
  readonly statement: Statement;
  readonly tables: ReadonlySet<string>;
  readonly queryId: string;
  readonly #context: LiveContext;
  readonly #point: PointRead | null;
  readonly #window: WindowQuery | null;
  /** What changed since it was run: rows of its one table by key, or anything. */
  #changes: Set<string> | 'any' = 'any';
  /** The version each subscriber has. */
  readonly #versions = new Map<LiveSubscriber, number>();
  #result: Result | null = null;
  #error: SyncErrorJson | null = null;

  readonly #timings = new Timings();
  #incrementalCount = 0;
  #lastUpdate: LiveUpdate = { how: 're-run', why: OPENED };

  constructor(context: LiveContext, { queryId, statement, tables }: LiveQueryOptions) {
    this.#context = context;
    this.queryId = queryId;
    this.statement = statement;
    this.tables = tables;
    this.#point = tables.size === 1 ? pointRead(context.schema, statement) : null;
    this.#window = windowQuery(context, statement, tables);
  }

  /** Whether its result may have changed since it was run. */
  get isDirty(): boolean {
    return this.#changes === 'any' || this.#changes.size > 0;
  }

  /** How often it was brought up to date. */
  get runCount(): number {
    return this.#timings.count;
  }

  get rowCount(): number {
    return this.#result?.rows.length ?? 0;
  }

  get isFollowed(): boolean {
    return this.#versions.size > 0;
  }

  /** What is known of it, for people who look. */
  record(): LiveQueryRecord {
    const { sql, parameters } = this.statement;
    return {
      queryId: this.queryId,
      sql,
      parameters,
      tablesRead: [...this.tables],
      tabCount: this.#versions.size,
      rowCount: this.rowCount,
      runCount: this.runCount,
      incrementalCount: this.#incrementalCount,
      lastMs: this.#timings.lastMs,
      p95Ms: this.#timings.p95Ms(),
      lastUpdate: this.#lastUpdate,
      whyNeverIncremental: this.#window ? null : whyNeverIncremental(this.#context.schema, sql, this.tables),
      error: this.#error?.message ?? null,
    };
  }

  /** Whatever it read last is to be looked at anew. */
  invalidate(): void {
    this.#changes = 'any';
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
    const locked = this.#context.locked?.();
    if (locked) return this.#hide(locked);
    try {
      this.#take(this.#update(changes) ?? this.#read());
    } catch (error) {
      this.#fail(SyncError.from(error, 'storage', 'A live query failed').toJSON());
    }
    this.#timings.add(runtime.elapsed() - startedAt);
  }

  #hide(reason: SyncErrorJson): void {
    if (this.#result) this.#take({ ...this.#result, rows: [] });
    this.#fail(reason);
  }

  /** The result from the last one and the rows that changed; null when it has to be read anew. */
  #update(changes: ReadonlySet<string> | 'any'): Result | null {
    const why = this.#whyReadAnew(changes);
    if (why !== null || !this.#result || !this.#window || changes === 'any') return this.#reRuns(why ?? OPENED);
    const rows = this.#window.update(this.#result.rows, changes);
    if (!rows) return this.#reRuns(changes.size > MOST_KEYS ? `${changes.size} rows changed at once` : UNCERTAIN);
    this.#incrementalCount += 1;
    this.#lastUpdate = INCREMENTAL;
    return { ...this.#result, rows };
  }

  #whyReadAnew(changes: ReadonlySet<string> | 'any'): string | null {
    if (!this.#result) return OPENED;
    if (this.#error) return 'it had failed';
    if (!this.#window) return this.#point ? 'its row changed' : 'a table that it reads changed';
    return changes === 'any' ? 'the rows that changed are not known' : null;
  }

  #reRuns(why: string): null {
    this.#lastUpdate = { how: 're-run', why };
    return null;
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
