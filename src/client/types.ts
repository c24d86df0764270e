import type { Change, Cursor } from '../core/change.ts';
import type { ConflictInput, NamedPolicy } from '../core/policy.ts';
import type { SyncErrorJson } from '../shared/error.ts';
import type { LabConditions } from './inspection.ts';

/** The public data of the client: plain, serialisable, the same on every tab. Instants are epoch milliseconds. */

/**
 * Where the engine stands:
 * - `local`: no server. `starting`: the database is opening. `paused`: held by `pausedBy`.
 * - `syncing`: a round is running. `pending`: local writes wait, or the server is known to be ahead.
 * - `synced`: every local write is on the server and every change known to the server is here.
 * - `blocked`: nothing waits but conflicts or rejected mutations that a person must decide.
 * - `offline`, `needs-auth`, `error`: why it cannot go on now; retried by a timer, or by `sync()`.
 */
export type SyncPhase =
  | 'local'
  | 'starting'
  | 'paused'
  | 'syncing'
  | 'pending'
  | 'synced'
  | 'blocked'
  | 'offline'
  | 'needs-auth'
  | 'error';

/** The realtime channel: `open` (WebSocket), `connecting`, `polling` (HTTP by timer), `closed` (paused, offline or local). */
export type ConnectionState = 'open' | 'connecting' | 'polling' | 'closed';

/** Progress of a long step. `total` is null where it is not known. */
export interface SyncProgress {
  readonly step: 'push' | 'pull' | 'snapshot' | 'seed';
  /** Mutations for `push`, rows for the others. */
  readonly done: number;
  readonly total: number | null;
}

/** What `useSyncStatus` returns. */
export interface SyncStatus {
  readonly phase: SyncPhase;
  readonly connection: ConnectionState;
  /** Whether the last request reached the server (before the first: what the browser says). */
  readonly isOnline: boolean;
  /** Mutations without an outcome yet. */
  readonly pendingCount: number;
  /** Open conflicts. */
  readonly conflictCount: number;
  readonly rejectedCount: number;
  /** When the oldest of the pending mutations was written. */
  readonly oldestPendingAt: number | null;
  readonly isPushing: boolean;
  readonly isPulling: boolean;
  /** Whether a first full sync has ever been completed on this device. */
  readonly hasSynced: boolean;
  readonly lastSyncedAt: number | null;
  readonly progress: SyncProgress | null;
  /** Reasons given to `pause()`. */
  readonly pausedBy: readonly string[];
  /** Whether local data outlives the browser process (false: private window or memory). */
  readonly persisted: boolean;
  /** Why the last round failed; null after a good one. */
  readonly error: SyncErrorJson | null;
  /** When the next automatic try will be made. */
  readonly nextRetryAt: number | null;
}

/**
 * `pending`: waits for its turn. `sent`: on its way, no outcome yet. `accepted`: has its outcome, and its echo has not been
 * applied yet. `parked`: waits behind a conflicted or rejected mutation on the same row.
 */
export type MutationState = 'pending' | 'sent' | 'accepted' | 'parked' | 'conflicted' | 'rejected';

/** One mutation in the outbox. */
export interface OutboxEntry {
  readonly mutationId: number;
  readonly state: MutationState;
  readonly hlc: string;
  /** The seq its writer had seen. */
  readonly base: number;
  /** The history that `base` counts in; null, or left out, where this device has pulled none yet. */
  readonly epoch?: string | null;
  readonly createdAt: number;
  readonly attempts: number;
  readonly sizeBytes: number;
  readonly changeCount: number;
  /** The tables it touches. */
  readonly tables: readonly string[];
  readonly changes: readonly Change[];
  /** Why it was rejected. */
  readonly reason: { readonly code: string; readonly message: string } | null;
  /** The parked mutation it waits for. */
  readonly waitsFor: number | null;
  /** Its place in the queue: counts up, and stays with what is retried, edited or decided. Left out by the engine of an older release in another tab. */
  readonly position?: number;
}

/** Which mutations of the outbox are wanted: those for which every condition given holds. */
export interface OutboxFilter {
  readonly states?: readonly MutationState[];
  readonly table?: string;
  /** Text in the key of a row that the mutation touches; upper and lower case are the same. */
  readonly row?: string;
}

/** One page of the outbox. */
export interface OutboxQuery extends OutboxFilter {
  readonly limit?: number;
  readonly offset?: number;
  /** Only those behind this `position`: a queue that moves is read page by page with nothing left out and nothing twice. */
  readonly after?: number;
  /** The page ends where its changes have this size, with one mutation at least. Default: no such end. */
  readonly maxBytes?: number;
}

/** How far a call has come that goes through many mutations. */
export interface OutboxProgress {
  readonly doneCount: number;
  readonly totalCount: number;
}

/** For calls that go through many mutations, one after the other. */
export interface OutboxCallOptions {
  /** Told after every few mutations, and of the last one. */
  readonly onProgress?: (progress: OutboxProgress) => void;
  /** Stops between two mutations. What was done stays done, and the call resolves with it. */
  readonly signal?: AbortSignal;
}

/** What became of a file given to `outbox.import`. */
export interface OutboxImport {
  /** Mutations written again, under ids of this device. */
  readonly writtenCount: number;
  /**
   * What their writer had seen, and so what they meet as a conflict:
   * - `same`: it is told, of the history that this device is in. Whatever others wrote since is met.
   * - `other`: it is told of another history: a server that was restored, another database, or none pulled here yet. Nothing of this one counts as
   *   seen: at worst the policies decide, or a person is asked, about what the writer had in view. Nothing is overwritten unseen.
   * - `untold`: the file is from an older version, or from a device that had pulled nothing. They are written over what this device has now.
   */
  readonly history: 'same' | 'other' | 'untold';
  /** Those that were not, by the id they have in the file. */
  readonly skipped: readonly { readonly mutationId: number; readonly reason: string }[];
}

/** What this device holds of one scope. `scope` is null for rows whose parent is not here. */
export interface ScopeInfo {
  readonly scope: string | null;
  readonly rowCount: number;
}

/** The position in one scope. */
export interface CursorInfo {
  readonly scope: string;
  readonly cursor: Cursor | null;
  /** The newest seq the server has told of. */
  readonly head: number | null;
  /** Commits between. */
  readonly lag: number | null;
  readonly isComplete: boolean;
  /** False: left out on this device by choice (`sync.scopes.unsubscribe`). Its rows are here only until the next pull. */
  readonly isFollowed: boolean;
}

/** A conflict as durable data: kept until resolved, and in the history afterwards. */
export interface Conflict extends ConflictInput {
  readonly id: string;
  readonly mutationId: number;
  readonly state: 'open' | 'resolved';
  /** The columns in conflict: keys of `fields`. */
  readonly columns: readonly string[];
  readonly detectedAt: number;
  /** Who wrote the remote side: a clientId, or null for a write in the server's database, or where that is not known any more. */
  readonly remoteClientId: string | null;
  /** Null for a deletion that is older than what the server remembers: nobody can tell when, or whose, it was. */
  readonly remoteAt: number | null;
  readonly localAt: number;
  readonly remoteSeq: number;
  /** How it was decided: by a person or `resolvers`, or by which policies. Null while open. */
  readonly resolution: ConflictResolution | null;
}

export interface ConflictResolution {
  readonly by: 'person' | 'resolver' | 'policy';
  readonly choice: 'local' | 'remote' | 'merged';
  /** Per column, for decisions by policy. */
  readonly policies: Readonly<Record<string, { readonly policy: NamedPolicy; readonly winner: 'local' | 'remote' }>>;
  /** The values that were written, or null when the row ended deleted. */
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly at: number;
}

export interface ConflictFilter {
  readonly table?: string;
  readonly state?: 'open' | 'resolved';
}

export interface DeviceInfo {
  readonly deviceId: string;
  readonly name: string | null;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly revoked: boolean;
  readonly isThisDevice: boolean;
}

export type { RowStatus } from './row-status.ts';

/** One round of sync, for the history. */
export interface SyncRound {
  readonly startedAt: number;
  readonly durationMs: number;
  readonly trigger: SyncTrigger;
  readonly pushedCount: number;
  readonly pulledChangeCount: number;
  readonly sentBytes: number;
  readonly outcome: 'ok' | 'failed' | 'aborted';
  readonly error: SyncErrorJson | null;
}

export type SyncTrigger =
  | 'start'
  | 'write'
  | 'interval'
  | 'poke'
  | 'changes'
  | 'retry'
  | 'online'
  | 'manual'
  | 'resume';

/** Totals since the engine was opened, by whichever tab leads. */
export interface SyncStats {
  readonly roundCount: number;
  readonly failedRoundCount: number;
  readonly pushedMutationCount: number;
  readonly pulledChangeCount: number;
  readonly conflictCount: number;
  readonly rejectedCount: number;
  readonly storageBytes: number;
}

/** What `receipt.settled` resolves to. */
export interface MutationOutcome {
  readonly mutationId: number;
  /** `discarded`: a person threw it away after a rejection or conflict. `local`: there is no server. */
  readonly outcome: 'applied' | 'merged' | 'conflict' | 'rejected' | 'discarded' | 'local';
  readonly seq: number | null;
  readonly reason: { readonly code: string; readonly message: string } | null;
}

/** What `sync.subscribe` delivers. `at` is epoch milliseconds. */
export type SyncEvent = { readonly at: number } & (
  | { readonly type: 'sync-started'; readonly trigger: SyncTrigger }
  | { readonly type: 'progress'; readonly progress: SyncProgress }
  | { readonly type: 'sync-finished'; readonly round: SyncRound }
  | { readonly type: 'sync-failed'; readonly round: SyncRound; readonly error: SyncErrorJson }
  | { readonly type: 'mutation-written'; readonly mutationId: number; readonly tables: readonly string[] }
  | { readonly type: 'mutation-settled'; readonly outcome: MutationOutcome }
  | { readonly type: 'conflict-detected'; readonly conflictId: string; readonly table: string }
  | { readonly type: 'conflict-resolved'; readonly conflictId: string; readonly table: string }
  /**
   * Work that waits did not move on, and the watchdog has stepped in. `round`: nothing in a round had moved for minutes, and it
   * is tried again. `cursor`: the server tells of commits that no pull brings; it is asked ever more rarely. `timer`: a round was
   * overdue with nothing to begin it; it begins now. `write`: a `write()` kept the database without doing anything, and was
   * rolled back. `page`: a tab did not answer what only a page knows; the next one is asked. `worker`: the worker of this page gives no
   * sign of life; calls wait for it, and the status says so until it does.
   */
  | {
      readonly type: 'stalled';
      readonly what: 'round' | 'cursor' | 'timer' | 'write' | 'page' | 'worker';
      readonly error: SyncErrorJson;
    }
  /** The app's resolver threw or did not answer: the conflict stays open for a person. */
  | {
      readonly type: 'resolver-failed';
      readonly conflictId: string;
      readonly table: string;
      readonly error: SyncErrorJson;
    }
  | {
      readonly type: 'changes-applied';
      readonly seq: number;
      readonly changeCount: number;
      readonly tables: readonly string[];
    }
  | { readonly type: 'connection-changed'; readonly connection: ConnectionState }
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'resumed'; readonly reason: string }
  | { readonly type: 'resync'; readonly reason: string }
  /** The local database turned out to be a copy of another, and has an id of its own from here on. */
  | { readonly type: 'client-renewed'; readonly clientId: string; readonly formerClientId: string }
  | { readonly type: 'leader-changed'; readonly isLeader: boolean }
  | { readonly type: 'schema-migrated'; readonly from: number; readonly to: number }
);

/** What all tabs mirror: the content of the Zustand store. */
export interface SyncState {
  readonly status: SyncStatus;
  /** The first {@link OUTBOX_MIRROR_LIMIT} entries, in order; `status` has the counts. */
  readonly outbox: readonly OutboxEntry[];
  readonly cursors: readonly CursorInfo[];
  /** Open conflicts, and the newest resolved ones (together at most {@link CONFLICT_MIRROR_LIMIT}). */
  readonly conflicts: readonly Conflict[];
  readonly devices: readonly DeviceInfo[];
  /** The newest events, oldest first. */
  readonly events: readonly SyncEvent[];
  readonly clientId: string | null;
  readonly sessionId: string;
  /** Whether this tab's worker owns the database. */
  readonly isLeader: boolean;
  /** What the lab of the devtools does to sync at the moment, set from whichever tab; null when it does nothing. */
  readonly lab: LabConditions | null;
}

export const OUTBOX_MIRROR_LIMIT = 1_000;
export const CONFLICT_MIRROR_LIMIT = 1_000;
export const EVENT_MIRROR_LIMIT = 500;
