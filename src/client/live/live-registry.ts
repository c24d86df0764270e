import type { Statement } from '../../core/sql.ts';
import { keyText } from '../../shared/cell.ts';
import type { LiveQueryRecord } from '../engine-api.ts';
import type { ChangedRows } from '../local-store.ts';
import { Dependencies } from './dependencies.ts';
import { type LiveContext, LiveQuery, type LiveSubscriber } from './live-query.ts';

/** Refreshing this long at a time bothers nobody. */
const CHEAP_MS = 2;
/** After so long, writes and other reads get their turn before the rest is refreshed. */
const SLICE_MS = 12;

/**
 * All live queries of one database. After a commit it runs those again whose tables changed; the same statement with the
 * same parameters runs once for all who follow it.
 *
 * Results are refreshed at once, before whoever committed hears that it is done, as long as that is cheap. When it is not, at most half of
 * the time that passes goes into refreshing: commits that come faster share one refresh.
 */
export class LiveRegistry {
  readonly #context: LiveContext;
  readonly #queries = new Map<string, LiveQuery>();
  readonly #dependencies: Dependencies;
  #lastId = 0;
  #nextRefreshAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | null = null;

  constructor(context: LiveContext) {
    this.#context = context;
    this.#dependencies = new Dependencies(context.database, context.schema);
  }

  get queries(): Iterable<LiveQuery> {
    return this.#queries.values();
  }

  /** What is known of each query. */
  records(): LiveQueryRecord[] {
    return [...this.#queries.values()].map((query) => query.record());
  }

  /**
   * Follows a statement; the subscriber gets the whole result before this returns. Not while a transaction is open.
   *
   * @throws SyncError `invalid-query`.
   */
  open(statement: Statement, subscriber: LiveSubscriber): LiveQuery {
    const name = nameOf(statement);
    const query = this.#queries.get(name) ?? this.#make(statement);
    this.#queries.set(name, query);
    query.add(subscriber);
    return query;
  }

  close(query: LiveQuery, subscriber: LiveSubscriber): void {
    query.remove(subscriber);
    if (!query.isFollowed) this.#queries.delete(nameOf(query.statement));
  }

  /** Rows were committed. */
  changed(changed: ChangedRows): void {
    let anyDirty = false;
    for (const query of this.#queries.values()) {
      query.note(changed);
      anyDirty ||= query.isDirty;
    }
    if (anyDirty) this.refresh();
  }

  /** Everything is read anew, at once: what may be shown has changed. Not while a transaction is open. */
  invalidate(): void {
    for (const query of this.#queries.values()) {
      query.invalidate();
      query.refresh();
    }
  }

  /** Refreshes what is out of date, now or as soon as it is its turn. Also called when a transaction has ended. */
  refresh(): void {
    const { database, runtime } = this.#context;
    // What a transaction has written is nobody else's business; its end calls this again.
    if (database.inTransaction || this.#stopTimer) return;
    const startedAt = runtime.elapsed();
    if (startedAt < this.#nextRefreshAt) {
      this.#stopTimer = runtime.setTimer(this.#nextRefreshAt - startedAt, () => {
        this.#stopTimer = null;
        this.refresh();
      });
      return;
    }
    const endedAt = this.#refreshSome(startedAt);
    const took = endedAt - startedAt;
    this.#nextRefreshAt = took > CHEAP_MS ? endedAt + took : endedAt;
    if (this.#dirtyQueries().length > 0) this.refresh();
  }

  /** Refreshes for a while, those first that have waited longest. Returns when it has ended. */
  #refreshSome(startedAt: number): number {
    let now = startedAt;
    for (const [name, query] of this.#dirtyQueries()) {
      if (now - startedAt >= SLICE_MS) break;
      this.#queries.delete(name);
      this.#queries.set(name, query);
      query.refresh();
      now = this.#context.runtime.elapsed();
    }
    return now;
  }

  #dirtyQueries(): [string, LiveQuery][] {
    return [...this.#queries].filter(([, query]) => query.isDirty);
  }

  closeAll(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#queries.clear();
  }

  #make(statement: Statement): LiveQuery {
    const { tablesRead } = this.#context.database.analyze(statement.sql);
    this.#lastId += 1;
    const queryId = String(this.#lastId);
    return new LiveQuery(this.#context, { queryId, statement, tables: this.#dependencies.of(tablesRead) });
  }
}

function nameOf({ sql, parameters }: Statement): string {
  return `${keyText(parameters)} ${sql}`;
}
