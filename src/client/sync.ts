import type { StoreApi } from 'zustand/vanilla';
import type { Change } from '../core/change.ts';
import type { ConflictPolicy, Resolution, Resolver } from '../core/policy.ts';
import type { InferInsert, InferRow, Schema } from '../core/schema.ts';
import type { InferQueryRow, QueryInput } from '../core/sql.ts';
import type { TableInfo } from './engine-api.ts';
import type { LabConditions, LiveQueryInfo, RowsPage, RowsRequest, WireFrames } from './inspection.ts';
import type {
  Conflict,
  ConflictFilter,
  CursorInfo,
  DeviceInfo,
  MutationOutcome,
  OutboxCallOptions,
  OutboxEntry,
  OutboxFilter,
  OutboxImport,
  OutboxQuery,
  RowStatus,
  ScopeInfo,
  SyncEvent,
  SyncProgress,
  SyncRound,
  SyncState,
  SyncStats,
} from './types.ts';

/** How `createSync` is called. */
export interface SyncOptions<S extends Schema = Schema> {
  readonly schema: S;
  /** Omit it and the app is fully local. */
  readonly server?: ServerOptions;
  /** Default: OPFS in a browser, memory elsewhere. Two databases of one origin differ by `name`. */
  readonly storage?: { readonly kind: 'opfs' | 'memory'; readonly name?: string };
  /** App code that decides conflicts, by table. A function alone is `custom(fn)`. */
  readonly resolvers?: { readonly [N in keyof S['tables']]?: ConflictPolicy | Resolver };
  readonly autoSync?: AutoSyncOptions | false;
  /** SQL of this device alone, run whenever the database opens: FTS tables, views, triggers. Write `IF NOT EXISTS`. */
  readonly localSchema?: readonly string[];
  /** A name for the device list. */
  readonly deviceName?: string;
  /** Makes the database worker, for apps with rules of their own about worker URLs. */
  readonly worker?: () => Worker;
}

export interface ServerOptions {
  /** Where the sync server is; relative to the page. */
  readonly url: string;
  /**
   * The bearer token, or null when nobody is signed in. Called again with `refresh` after the server refused one: once per
   * try. When there is none to be had, the status is `needs-auth`: nothing is lost, and it is tried again a few times a
   * minute, when the person comes back to a tab, and at once with `sync.sync()`. May stay pending while a person signs in;
   * what it gives in the end counts. `sync.sync()` calls it once more beside a call that is still pending: the first token
   * counts, so that one that waits on a dead connection keeps nobody out. What it throws means the same as null, unless it is what `fetch` throws without a
   * network (a `TypeError`), or a `SyncError` of kind `network`.
   */
  readonly auth?: (options: { refresh: boolean }) => string | null | Promise<string | null>;
}

export interface AutoSyncOptions {
  /** How often to pull when no realtime channel is open. Default 30,000 ms. */
  readonly intervalMs?: number;
  /** A lone write goes at once; a burst of writes shares a push at most this often. Default 50 ms. */
  readonly debounceMs?: number;
}

/** A key: the value of a one-column key, or an object (or array in key order) for composite ones. */
export type KeyInput = string | number | bigint | Uint8Array | readonly unknown[] | Readonly<Record<string, unknown>>;

type TableName<S extends Schema> = keyof S['tables'] & string;

/** Inside `write()`. Every call runs in the same transaction; all or nothing is kept. */
export interface WriteTransaction<S extends Schema = Schema> {
  /** Runs SQL that writes. Returns the number of rows it changed. */
  run(query: QueryInput): Promise<number>;
  /** The first row, or undefined. Sees what this transaction has written. */
  get<Q extends QueryInput>(query: Q): Promise<InferQueryRow<Q> | undefined>;
  all<Q extends QueryInput>(query: Q): Promise<InferQueryRow<Q>[]>;
  insert<N extends TableName<S>>(table: N, row: InferInsert<S, N>): Promise<void>;
  /** Many rows at once: one call to the worker. */
  insertMany<N extends TableName<S>>(table: N, rows: readonly InferInsert<S, N>[]): Promise<void>;
  /** Returns whether the row exists. */
  update<N extends TableName<S>>(table: N, key: KeyInput, values: Partial<InferRow<S, N>>): Promise<boolean>;
  /** Returns whether the row existed. */
  delete<N extends TableName<S>>(table: N, key: KeyInput): Promise<boolean>;
}

/** What `write()` resolves to: the change is durable on this device. */
export interface WriteReceipt<T = void> {
  /** Null when nothing changed or the app is fully local. */
  readonly mutationId: number | null;
  /** What the callback returned. */
  readonly result: T;
  /** Resolves when the server has answered (`local` at once without a server). Never rejects because of the server. */
  readonly settled: Promise<MutationOutcome>;
}

export interface SyncCallOptions {
  /** Names checked against the schema. A round always carries everything: order is never broken for a table. */
  readonly tables?: readonly string[];
  readonly onProgress?: (progress: SyncProgress) => void;
  readonly signal?: AbortSignal;
}

/** A live result. `getSnapshot` is stable until the next change: made for `useSyncExternalStore`. */
export interface LiveQuery<Row> {
  subscribe(listener: () => void): () => void;
  getSnapshot(): LiveSnapshot<Row>;
  /** Resolves with the first rows. */
  readonly ready: Promise<readonly Row[]>;
  close(): void;
}

export interface LiveSnapshot<Row> {
  /** Undefined until the first result. Unchanged rows are the same objects as before. */
  readonly rows: readonly Row[] | undefined;
  readonly error: Error | null;
  /** Tables the query reads. */
  readonly tables: readonly string[];
}

/**
 * The handle of one local database and its sync: made by `createSync`, given to `SyncProvider`.
 */
export interface Sync<S extends Schema = Schema> {
  readonly schema: S;
  /** Resolves when the database is open; rejects when it cannot be opened. Every other call waits for it by itself. */
  readonly ready: Promise<void>;
  /**
   * One transaction, one mutation. Resolves when it is durable on this device.
   * When the leading tab dies before the commit, `run` is called again from the start: keep other effects out of it.
   * @throws SyncError `invalid-value`, `invalid-query`, `too-large`, `quota`, `storage`, `interrupted`, `closed`; whatever
   *   `run` throws. Nothing is written then.
   */
  write<T = void>(run: (tx: WriteTransaction<S>) => Promise<T> | T): Promise<WriteReceipt<T>>;
  query<Q extends QueryInput>(query: Q): Promise<InferQueryRow<Q>[]>;
  liveQuery<Q extends QueryInput>(query: Q): LiveQuery<InferQueryRow<Q>>;
  rowStatus(table: string, key: KeyInput): { subscribe(listener: () => void): () => void; getSnapshot(): RowStatus };

  /** Push, then pull, until both sides have nothing for each other. */
  sync(options?: SyncCallOptions): Promise<SyncRound>;
  push(options?: SyncCallOptions): Promise<SyncRound>;
  pull(options?: SyncCallOptions): Promise<SyncRound>;
  /** Sends every local row of these tables that the server was never told of. */
  seed(tables?: readonly string[], options?: Omit<SyncCallOptions, 'tables'>): Promise<SyncRound>;
  /** Fetches these tables anew from the server. */
  hydrate(tables?: readonly string[], options?: Omit<SyncCallOptions, 'tables'>): Promise<SyncRound>;
  pause(reason: string): Promise<void>;
  resume(reason: string): Promise<void>;

  readonly outbox: {
    list(options?: OutboxQuery): Promise<OutboxEntry[]>;
    count(filter?: OutboxFilter): Promise<number>;
    retry(mutationId: number): Promise<void>;
    discard(mutationId: number): Promise<void>;
    edit(mutationId: number, changes: readonly Change[]): Promise<void>;
    /**
     * The unsent work as JSON text, to keep as a file: the whole of it, or none where it is stopped.
     * @throws SyncError `aborted` when `options.signal` stops it.
     */
    export(options?: OutboxCallOptions): Promise<string>;
    /** Retries every rejected mutation that the filter wants. Returns how many. */
    retryAll(filter?: Omit<OutboxFilter, 'states'>, options?: OutboxCallOptions): Promise<number>;
    /**
     * Writes the unsent work of such a text again: one mutation for each, under ids of this device, on top of the rows as
     * they are now. Left out, and named: what still waits here, what this device has taken over before (so an import that did not come to
     * its end is begun again with the same text), what this database does not take, and what was not reached when it was stopped.
     * @throws SyncError `invalid-value` when the text is no such file.
     */
    import(text: string, options?: OutboxCallOptions): Promise<OutboxImport>;
  };
  readonly conflicts: {
    list(filter?: ConflictFilter): Promise<Conflict[]>;
    resolve(id: string, resolution: Resolution): Promise<void>;
    /** Answers all that are open alike; `later`: each by the side that wrote later. Resolves with how many there were. */
    resolveAll(resolution: 'local' | 'remote' | 'later', filter?: Omit<ConflictFilter, 'state'>): Promise<number>;
  };
  /**
   * Which of the scopes that it may read this device follows: all, unless it is told otherwise. `useCursors()` has them. Kept
   * across restarts; takes effect with the next pull, which follows at once when the server can be reached.
   * @throws SyncError `no-server`, `invalid-value` for what is no name of a scope.
   */
  readonly scopes: {
    /** Follows a scope again: its rows come with the next pull. */
    subscribe(scope: string): Promise<void>;
    /**
     * Leaves a scope out: its rows leave this device with the next pull. Unsent work on them stays in the
     * outbox and goes up like any other. `*` stands for everything, where everything may be read.
     */
    unsubscribe(scope: string): Promise<void>;
  };
  readonly devices: {
    list(): Promise<DeviceInfo[]>;
    rename(name: string): Promise<void>;
    revoke(deviceId: string): Promise<void>;
  };
  stats(): Promise<SyncStats>;
  history(): Promise<SyncRound[]>;
  subscribe(listener: (event: SyncEvent) => void): () => void;
  readonly store: StoreApi<SyncState>;
  readonly inspect: SyncInspector;
  close(): Promise<void>;
  /**
   * Deletes all local data, in one transaction: all of it, or nothing where the disk refuses. `refuse` throws `unsent-work` when mutations would be
   * lost; `export` returns them as text. A `write()` that was under way in any tab is rejected as `aborted`: it belongs to who leaves.
   *
   * Sign out first, so that `auth` gives no token or the next person's: the empty database belongs to whoever makes its first handshake,
   * and that is begun at once.
   */
  wipe(options: { unsent: 'refuse' | 'export' | 'discard' }): Promise<string | null>;
}

/**
 * Changes the conditions under which the real engine syncs, to see what the app makes of them. What is set stands in the
 * state (`lab`), in every tab. Local data and unsent work are never touched.
 */
export interface SyncLab {
  /** Whether this build has it: a production build does not, unless it is forced. */
  readonly isAvailable: boolean;
  /**
   * Sets these conditions; the others stay. They end when this tab closes, at the latest.
   * @param options `force`: in a production build, too.
   * @throws SyncError `misuse` in a production build, and for values out of range.
   */
  set(conditions: Partial<LabConditions>, options?: LabOptions): Promise<void>;
  /** Everything as it is. */
  clear(): Promise<void>;
  /**
   * The leading tab lets go of the database as if it had died, and the next in line takes over. A lone tab leads anew.
   * @throws SyncError `misuse` in a production build, and where tabs share nothing.
   */
  endLeadership(options?: LabOptions): Promise<void>;
}

export interface LabOptions {
  readonly force?: boolean;
}

/** The read-only feed of devtools. */
export interface SyncInspector {
  readonly store: StoreApi<SyncState>;
  cursors(): readonly CursorInfo[];
  tables(): Promise<TableInfo[]>;
  /** Rows by scope. Counts them all: ask when a person looks. */
  scopes(): Promise<ScopeInfo[]>;
  /** A part of a table with the state of each row, page by page. */
  rows(request: RowsRequest): Promise<RowsPage>;
  /** The live queries of all tabs. */
  liveQueries(): Promise<LiveQueryInfo[]>;
  /**
   * The messages that passed between this device and the server after this frame (default: all that are kept, at most
   * 1,000). They are recorded while somebody asks: from the first call until three seconds after the last one.
   */
  frames(afterId?: number): Promise<WireFrames>;
  /** What a recorded message carried, decoded; tokens are left out. Null when it is not kept any more. */
  frameContent(frameId: number): Promise<unknown>;
  /** Bad networks and bad luck, made to order. */
  readonly lab: SyncLab;
  integrityCheck(): Promise<string[]>;
  exportDatabase(): Promise<Uint8Array>;
}
