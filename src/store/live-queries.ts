import type { EngineMethods, EnginePush, LiveDelta } from '../client/engine-api.ts';
import type { AppRow } from '../client/live/app-rows.ts';
import { applyDelta, type LiveRows } from '../client/live/apply-delta.ts';
import type { LiveQuery, LiveSnapshot } from '../client/sync.ts';
import type { Schema } from '../core/schema.ts';
import type { Statement } from '../core/sql.ts';
import { keyText } from '../shared/cell.ts';
import { Emitter } from '../shared/emitter.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import { shareRows } from './share-rows.ts';
import { Holder } from './shared-source.ts';

type Snapshot = LiveSnapshot<AppRow>;

const NOTHING_YET: Snapshot = Object.freeze({ rows: undefined, error: null, tables: [] });

export interface LiveQueriesOptions {
  readonly schema: Schema;
  readonly methods: EngineMethods;
  readonly runtime: Runtime;
}

/** The live queries of one session: equal statements share one subscription and one result. */
export class LiveQueries {
  readonly #options: LiveQueriesOptions;
  readonly #byStatement = new Map<string, SharedLive>();
  readonly #byLiveId = new Map<string, SharedLive>();
  #lastId = 0;

  constructor(options: LiveQueriesOptions) {
    this.#options = options;
  }

  /** A handle on the live result of this statement. */
  handle(statement: Statement): LiveQuery<AppRow> {
    const key = nameOf(statement);
    const shared = this.#byStatement.get(key) ?? this.#share(key, statement);
    return liveHandle(shared);
  }

  /** How many listen to this statement in this tab. */
  listenerCount(statement: Statement): number {
    return this.#byStatement.get(nameOf(statement))?.changed.size ?? 0;
  }

  deliver(push: Extract<EnginePush, { type: 'live' | 'live-error' }>): void {
    const live = this.#byLiveId.get(push.liveId);
    if (push.type === 'live') live?.apply(push.liveId, push.delta);
    else live?.fail(SyncError.fromJSON(push.error));
  }

  close(): void {
    for (const live of [...this.#byLiveId.values()]) live.holder.close();
    this.#byStatement.clear();
  }

  #share(key: string, statement: Statement): SharedLive {
    const live = new SharedLive(this.#options, statement, {
      opened: (self) => {
        this.#lastId += 1;
        const liveId = `live-${this.#lastId}`;
        this.#byLiveId.set(liveId, self);
        this.#byStatement.set(key, self);
        return liveId;
      },
      closed: (liveId) => {
        this.#byLiveId.delete(liveId);
        if (this.#byStatement.get(key) === live) this.#byStatement.delete(key);
      },
    });
    this.#byStatement.set(key, live);
    return live;
  }
}

function nameOf({ sql, parameters }: Statement): string {
  return `${keyText(parameters)} ${sql}`;
}

interface Registry {
  opened(live: SharedLive): string;
  closed(liveId: string): void;
}

/** One live result, for all who asked for it. */
class SharedLive {
  readonly holder: Holder;
  readonly changed = new Emitter<void>();
  snapshot: Snapshot = NOTHING_YET;
  readonly #options: LiveQueriesOptions;
  readonly #statement: Statement;
  readonly #registry: Registry;
  #liveId: string | null = null;
  #rows: LiveRows | null = null;
  #tables: readonly string[] | null = null;
  /** Deltas that came before the answer that tells the tables: shown together with it. */
  #early: LiveDelta[] = [];

  constructor(options: LiveQueriesOptions, statement: Statement, registry: Registry) {
    this.#options = options;
    this.#statement = statement;
    this.#registry = registry;
    this.holder = new Holder(options.runtime, { open: () => this.#open(), close: () => this.#close() });
  }

  apply(liveId: string, delta: LiveDelta): void {
    if (liveId !== this.#liveId) return;
    if (!this.#tables) {
      this.#early.push(delta);
      return;
    }
    try {
      const next = applyDelta(this.#options.schema, this.#rows, delta);
      // Told anew, as after a change of leader: rows that are equal stay the same objects.
      const rows = delta.version === 1 ? shareRows(this.snapshot.rows ?? [], next.rows) : next.rows;
      this.#rows = { ...next, rows };
      this.#show({ rows, error: null, tables: this.#tables });
    } catch (error) {
      if (!(error instanceof SyncError && error.kind === 'protocol')) throw error;
      this.#close();
      this.#open();
    }
  }

  fail(error: Error): void {
    this.#show({ ...this.snapshot, error });
  }

  /** Resolves with the first rows; rejects when the query fails before it has any. */
  async firstRows(): Promise<readonly AppRow[]> {
    const release = this.holder.hold();
    try {
      return await new Promise((resolve, reject) => {
        const look = () => {
          const { rows, error } = this.snapshot;
          if (rows) resolve(rows);
          else if (error) reject(error);
          return rows !== undefined || error !== null;
        };
        if (look()) return;
        const stop = this.changed.subscribe(() => {
          if (look()) stop();
        });
      });
    } finally {
      release();
    }
  }

  #open(): void {
    const liveId = this.#registry.opened(this);
    this.#liveId = liveId;
    this.#rows = null;
    this.#tables = null;
    this.#early = [];
    this.#options.methods.openLive(liveId, this.#statement).then(
      (info) => {
        if (this.#liveId !== liveId) return;
        this.#tables = info.tablesRead;
        for (const delta of this.#early.splice(0)) this.apply(liveId, delta);
      },
      (error: unknown) => {
        if (this.#liveId === liveId) this.fail(SyncError.from(error, 'storage', 'The live query failed'));
      },
    );
  }

  #close(): void {
    const liveId = this.#liveId;
    this.#liveId = null;
    if (liveId === null) return;
    this.#registry.closed(liveId);
    this.#options.methods.closeLive(liveId).catch(() => {});
  }

  #show(next: Snapshot): void {
    const { rows, error, tables } = this.snapshot;
    if (next.rows === rows && next.error === error && next.tables === tables) return;
    this.snapshot = next;
    this.changed.emit();
  }
}

function liveHandle(live: SharedLive): LiveQuery<AppRow> {
  const releases = new Set<() => void>();
  let ready: Promise<readonly AppRow[]> | null = null;
  live.holder.touch();
  return {
    subscribe(listener) {
      const stop = live.changed.subscribe(listener);
      const release = live.holder.hold();
      const end = () => {
        releases.delete(end);
        stop();
        release();
      };
      releases.add(end);
      return end;
    },
    getSnapshot() {
      live.holder.touch();
      return live.snapshot;
    },
    get ready() {
      // Whoever waits for rows means to go on with them: kept until the handle is closed.
      if (!ready) {
        releases.add(live.holder.hold());
        ready = live.firstRows();
        ready.catch(() => {});
      }
      return ready;
    },
    close() {
      for (const release of [...releases]) release();
      releases.clear();
    },
  };
}
