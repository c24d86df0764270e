import type { Change } from '../core/change.ts';
import type { ConflictInput, Resolution } from '../core/policy.ts';
import type { Statement } from '../core/sql.ts';
import type { WireValue } from '../protocol/codec.ts';
import type { Cell, RowKey } from '../shared/cell.ts';
import type { SyncErrorJson } from '../shared/error.ts';
import type { ReadColumn, ReadResult } from '../storage/local-database.ts';
import type { LabConditions, LiveQueryInfo, RowsPage, RowsRequest, WireFrames } from './inspection.ts';
import type { ImportedMutation, ImportedMutations } from './local-store.ts';
import type {
  Conflict,
  ConflictFilter,
  DeviceInfo,
  MutationOutcome,
  OutboxEntry,
  OutboxFilter,
  OutboxQuery,
  RowStatus,
  ScopeInfo,
  SyncProgress,
  SyncRound,
  SyncState,
  SyncStats,
} from './types.ts';

/**
 * The engine as one tab (a *session*) sees it. The engine runs in the leader's worker, or in this thread when there is
 * no worker; everything here can be cloned between threads. Errors are `SyncError`s on both sides.
 */
export interface EngineMethods {
  // ── writing: the first call with a new writeId opens the transaction when its turn has come. `clientId` is that of the local database
  //    the write is meant for, where the page knows it: `aborted`, when that one has been wiped meanwhile ──
  writeRun(writeId: string, statement: Statement, clientId?: string | null): Promise<number>;
  writeRead(writeId: string, statement: Statement, clientId?: string | null): Promise<ReadResult>;
  /** A whole transaction of one statement: opened, run and committed in one call, or nothing of it. */
  writeOnce(
    writeId: string,
    statement: Statement,
    clientId?: string | null,
  ): Promise<CommittedWrite & { rowCount: number }>;
  /** Resolves once durable. `mutationId` is null when nothing changed, or without a server. */
  writeCommit(writeId: string): Promise<CommittedWrite>;
  writeRollback(writeId: string): Promise<void>;
  /** After a change of leader: whether the write was committed. */
  findWrite(writeId: string): Promise<CommittedWrite | null>;

  // ── reading ──
  query(statement: Statement): Promise<ReadResult>;
  /** Deltas arrive as pushes `live` under this id, the first one with the whole result. Opening again replaces. */
  openLive(liveId: string, statement: Statement): Promise<LiveInfo>;
  closeLive(liveId: string): Promise<void>;
  /** Statuses arrive as pushes `row-status`, the first at once. */
  watchRow(watchId: string, table: string, key: RowKey): Promise<void>;
  unwatchRow(watchId: string): Promise<void>;

  // ── sync ──
  /** Progress arrives as pushes `progress` under this id. */
  runSync(callId: string, kind: SyncKind, options: { tables?: readonly string[] }): Promise<SyncRound>;
  abortSync(callId: string): Promise<void>;
  pause(reason: string): Promise<void>;
  resume(reason: string): Promise<void>;
  /** Whether this device follows a scope that it may read; from the next pull on. */
  followScope(scope: string, isFollowed: boolean): Promise<void>;
  /** Whether somebody can see this session's page: at first it is taken for granted. */
  attend(isAttended: boolean): Promise<void>;

  listOutbox(options?: OutboxQuery): Promise<OutboxEntry[]>;
  countOutbox(filter?: OutboxFilter): Promise<number>;
  /** The first outcomes of these mutations, as far as they have one. */
  outcomesOf(mutationIds: readonly number[]): Promise<MutationOutcome[]>;
  retryMutation(mutationId: number): Promise<{ mutationId: number | null }>;
  /** Retries those of these that are rejected, in one transaction; resolves with how many they were. */
  retryMutations(mutationIds: readonly number[]): Promise<number>;
  discardMutation(mutationId: number): Promise<void>;
  editMutation(mutationId: number, changes: readonly Change[]): Promise<{ mutationId: number | null }>;
  /** Takes over mutations of a file, each once per `importId`: all that this device takes, in one transaction. */
  importMutations(imported: readonly ImportedMutation[]): Promise<ImportedMutations>;
  listConflicts(filter?: ConflictFilter): Promise<Conflict[]>;
  resolveConflict(id: string, resolution: Resolution): Promise<{ mutationId: number | null }>;
  /** Answers all open conflicts alike, or each by the later side; resolves with how many they were. */
  resolveConflicts(resolution: 'local' | 'remote' | 'later', filter?: Omit<ConflictFilter, 'state'>): Promise<number>;
  listDevices(): Promise<DeviceInfo[]>;
  renameDevice(name: string): Promise<void>;
  revokeDevice(deviceId: string): Promise<void>;
  stats(): Promise<SyncStats>;
  history(): Promise<SyncRound[]>;

  // ── inspection and upkeep ──
  inspectTables(): Promise<TableInfo[]>;
  inspectScopes(): Promise<ScopeInfo[]>;
  inspectRows(request: RowsRequest): Promise<RowsPage>;
  /** Each query once, with the tabs that follow it. */
  liveQueries(): Promise<LiveQueryRecord[]>;
  /** Frames newer than this one. Asking records them from now on, for a few seconds. */
  frames(afterId: number): Promise<WireFrames>;
  frameContent(frameId: number): Promise<WireValue>;
  /** Sets these conditions of the lab; they end with this session at the latest. */
  setLab(conditions: Partial<LabConditions>): Promise<void>;
  integrityCheck(): Promise<string[]>;
  exportDatabase(): Promise<Uint8Array>;
  /**
   * Deletes all local data. The caller has dealt with these unsent mutations; when others have come meanwhile, nothing is
   * deleted and it throws `unsent-work`. Without a list everything goes.
   */
  wipe(dealtWith?: readonly number[]): Promise<void>;

  // ── answers to `ask` pushes ──
  answer(askId: string, answer: AskAnswer): Promise<void>;
}

export type SyncKind = 'sync' | 'push' | 'pull' | 'seed' | 'hydrate';

/** What the engine sends a session on its own. */
export type EnginePush =
  /** Parts of the state that changed; the first one is whole. `sessionId` and `isLeader` are the session's own affair. */
  | { readonly type: 'state'; readonly state: Partial<Omit<SyncState, 'sessionId' | 'isLeader'>> }
  | { readonly type: 'settled'; readonly outcome: MutationOutcome }
  | { readonly type: 'live'; readonly liveId: string; readonly delta: LiveDelta }
  | { readonly type: 'live-error'; readonly liveId: string; readonly error: SyncErrorJson }
  | { readonly type: 'row-status'; readonly watchId: string; readonly status: RowStatus }
  | { readonly type: 'progress'; readonly callId: string; readonly progress: SyncProgress }
  /** The engine needs what only a page has: the app's token, or the app's resolver. One session is asked at a time. */
  | { readonly type: 'ask'; readonly askId: string; readonly question: AskQuestion };

export type AskQuestion =
  | { readonly type: 'token'; readonly refresh: boolean }
  | { readonly type: 'resolve'; readonly conflict: ConflictInput };

export type AskAnswer =
  | { readonly type: 'token'; readonly token: string | null }
  | { readonly type: 'resolve'; readonly resolution: Resolution | null }
  /** `isOffline`: for want of a network, as far as the app's code tells. */
  | { readonly type: 'failed'; readonly message: string; readonly isOffline?: boolean };

/**
 * A new result told in terms of the last one: the new rows, in order, are runs of old rows and fresh rows. A row that
 * did not change is never sent again and keeps its identity on the page.
 */
export interface LiveDelta {
  /** Counts up from 1 per live query; a session that misses one opens the query anew. */
  readonly version: number;
  /** Only when they changed (always in version 1). */
  readonly columns?: readonly ReadColumn[];
  readonly runs: readonly LiveRun[];
}

export type LiveRun =
  | { readonly from: number; readonly count: number }
  | { readonly rows: readonly (readonly Cell[])[] };

export interface LiveInfo {
  readonly liveId: string;
  readonly tablesRead: readonly string[];
}

/** What an engine knows of a live query; listeners are counted by each tab. */
export type LiveQueryRecord = Omit<LiveQueryInfo, 'subscriberCount'>;

export interface TableInfo {
  readonly table: string;
  readonly rowCount: number;
}

/** A write that is durable. */
export interface CommittedWrite {
  /** Null: it changed nothing. */
  readonly mutationId: number | null;
  /** Of the local database that has it. Left out by the engine of an older release in another tab. */
  readonly clientId?: string;
}

/** A session's line to the engine, wherever it runs. */
export interface EngineConnection {
  readonly methods: EngineMethods;
  /** The id of this session. */
  readonly sessionId: string;
  onPush(listener: (push: EnginePush) => void): () => void;
  /** Ends the session: its live queries, watches and open write go. */
  close(): Promise<void>;
}
