import type { Change, Cursor } from '../core/change.ts';
import type { Resolution } from '../core/policy.ts';
import type { IdSpan, PullPage } from '../protocol/messages/pull.ts';
import type { MutationPart, PushRequest, PushResponse } from '../protocol/messages/push.ts';
import type { Cell, RowKey } from '../shared/cell.ts';
import type { SyncErrorJson } from '../shared/error.ts';
import type { ReadResult } from '../storage/local-database.ts';
import type { RowsPage, RowsRequest } from './inspection.ts';
import type {
  Conflict,
  ConflictFilter,
  MutationOutcome,
  OutboxEntry,
  OutboxFilter,
  OutboxQuery,
  RowStatus,
  ScopeInfo,
} from './types.ts';

/** A mutation of a file. */
export interface ImportedMutation {
  /** What it is known by, in whichever file it stands. */
  readonly importId: string;
  readonly changes: readonly Change[];
  readonly seen: SeenBefore;
}

/** What became of mutations of a file. */
export interface ImportedMutations {
  /** In their order. */
  readonly takenOver: readonly TakenOver[];
  /** The history that this device is in. */
  readonly epoch: string | null;
}

export interface TakenOver {
  readonly mutationId: number | null;
  /** It had been taken over before. */
  readonly isRepeated: boolean;
  /** Why this device does not take it. */
  readonly refusal?: SyncErrorJson;
}

/** What became of many retries. */
export interface RetriedMutations extends Omit<WriteResult, 'mutationId'> {
  readonly count: number;
  /** The new ids. */
  readonly mutationIds: readonly number[];
}

/** What the writer of a mutation had seen: of which history, and up to where. */
export interface SeenBefore {
  readonly epoch: string;
  readonly base: number;
}

/**
 * Everything this device knows, durably: the user's tables, the outbox, confirmed images, cursors and conflicts.
 * The sync loop decides *when*; this decides *what*. Synchronous: each method is one SQLite transaction
 * (`beginWrite` … `commitWrite` excepted), and after it the promises C1, C4, C5 and C6 of the contract hold again.
 */
export interface LocalStore {
  readonly clientId: string;
  /** Whom local data belongs to, as the first handshake told; null before. */
  readonly subject: string | null;
  bindSubject(subject: string): void;
  /** Why nothing of this database is shown: somebody else than its owner is signed in. Null: it is open. Outlives restarts. */
  readonly locked: SyncErrorJson | null;
  setLocked(locked: SyncErrorJson | null): void;

  // ── writing ─────────────────────────────────────────────────────────────────────────────────────────
  /** One write transaction at a time; the caller queues. */
  beginWrite(): void;
  runWrite(sql: string, parameters: readonly Cell[]): number;
  readWrite(sql: string, parameters: readonly Cell[]): ReadResult;
  /**
   * Captures, records the outbox entry and commits. `mutationId` is null when nothing changed, or when there is no server.
   * `writeId` names the write: a later `findWrite` tells whether it was committed.
   */
  commitWrite(options: { writeId: string; now: number }): WriteResult;
  rollbackWrite(): void;
  /** Whether this write was committed (kept for the last few thousand): for tabs whose leader died under them. */
  findWrite(writeId: string): { mutationId: number | null } | null;

  // ── pushing ─────────────────────────────────────────────────────────────────────────────────────────
  /** The next request, at most `maxBytes` encoded, in order, leaving out what waits; null when nothing can go. Marks it sent. */
  nextPush(maxBytes: number): OutgoingPush | null;
  /** A sent request that failed: its mutations wait again. */
  unsend(mutationIds: readonly number[]): void;
  /** Records the outcomes: acks, parks, rolls back, stores conflicts. All in one transaction. */
  settle(response: PushResponse, now: number): SettleResult;

  // ── pulling ─────────────────────────────────────────────────────────────────────────────────────────
  readonly cursor: Cursor | null;
  readonly scopes: readonly string[];
  /** Those left out when `cursor` was reached: of `*` in `scopes`, what is not here. Ascending. */
  readonly lacks: readonly string[];
  /** Scopes that this device does not want, though it may read them: from the next pull on. Ascending; outlives restarts. */
  readonly without: readonly string[];
  /** Wants a scope or not. Tells whether that is new. */
  want(scope: string, isWanted: boolean): boolean;
  /** True once a first chain has been applied completely. */
  readonly hasSynced: boolean;
  readonly lastSyncedAt: number | null;
  /**
   * Between which ids lie the mutations that have no answer in the history of this epoch, sent or not: a snapshot of it may
   * hold them. Ascending, by the clientId they were sent under; empty when every answer has come.
   */
  unanswered(epoch: string): IdSpan[];
  /** The chain that was interrupted, to go on with it; null when none is staged. */
  stagedChain(): { resume: string; rowsDone: number; rowsTotal: number } | null;
  /** Keeps a page that is not the last of its chain. */
  stagePage(page: PullPage): void;
  /**
   * Applies the staged pages and this last one, rebases pending mutations, moves the cursor, and settles mutations that the
   * chain is told to hold already: one transaction.
   */
  applyChain(last: PullPage, now: number): ApplyResult;
  dropStagedChain(): void;
  /** Before a full resync: forgets cursor and scopes, keeps rows (until replaced), outbox and conflicts. */
  resetCursor(): void;

  // ── outbox, by hand ─────────────────────────────────────────────────────────────────────────────────
  outbox(options?: OutboxQuery): OutboxEntry[];
  countOutbox(filter?: OutboxFilter): number;
  /** The first outcome of a mutation of this device, also of one that has left the outbox; null while it has none. */
  outcomeOf(mutationId: number): MutationOutcome | null;
  counts(): OutboxCounts;
  /** Sends a rejected (or conflicted) mutation again under a new id, in its place. Returns the new id. */
  retry(mutationId: number, now: number): WriteResult;
  /** The same with those of these that are rejected, in one transaction: others were dealt with meanwhile. */
  retryMany(mutationIds: readonly number[], now: number): RetriedMutations;
  /** Throws the mutation away and restores its rows to image + what is left. */
  discard(mutationId: number, now: number): WriteResult;
  /** Replaces the changes (cells) and sends it again under a new id, in its place. */
  edit(mutationId: number, changes: readonly Change[], now: number): WriteResult;
  /** Takes over mutations that were written elsewhere, each once per `importId` in one history. */
  importMutations(
    imported: readonly ImportedMutation[],
    now: number,
  ): ImportedMutations & { readonly changed: ChangedRows };
  /** Records every row of the tables that was never sent as new mutations of at most `rowsEach` rows. */
  seed(tables: readonly string[], options: { now: number; rowsEach: number }): { rowCount: number };

  // ── conflicts ───────────────────────────────────────────────────────────────────────────────────────
  conflicts(filter?: ConflictFilter & { limit?: number }): Conflict[];
  /** Answers an open conflict; when it was the last open one of its mutation, the answer becomes a new mutation. */
  resolveConflict(id: string, resolution: Resolution, options: ResolveOptions): WriteResult;
  /** One of the conflicts; null when it is not known. */
  conflict(id: string): Conflict | null;
  /** Answers all of these that are open, alike or each by the later side, in one transaction. */
  resolveConflicts(ids: readonly string[], resolution: 'local' | 'remote' | 'later', now: number): ResolvedConflicts;

  rowStatus(table: string, key: RowKey): RowStatus;
  /** Counts the rows of a user table. */
  rowCount(table: string): number;
  /** Counts the rows of all user tables by scope, as they are shown. Reads them all: for people who ask. */
  scopeRows(): ScopeInfo[];
  /** A part of a table, for the panel: with the confirmed side of rows that have changes under way. */
  rows(request: RowsRequest): RowsPage;
  /** Wipes all local data. The caller has dealt with unsent work. */
  wipe(): void;
}

/** Which rows changed, so that live queries can tell whether they care. `*`: assume every row. */
export type ChangedRows = ReadonlyMap<string, ReadonlySet<string> | '*'>;

export interface WriteResult {
  readonly mutationId: number | null;
  readonly changed: ChangedRows;
  readonly settled: readonly MutationOutcome[];
}

/** Who answers a conflict. `policy`: nobody was asked, since the row was to be written anew (`client-wins`). */
export interface ResolveOptions {
  readonly by: 'person' | 'resolver' | 'policy';
  readonly now: number;
}

export interface ResolvedConflicts {
  readonly resolved: readonly Pick<Conflict, 'id' | 'table'>[];
  /** The mutations that the answers became. */
  readonly mutationIds: readonly number[];
  readonly changed: ChangedRows;
  readonly settled: readonly MutationOutcome[];
}

export interface OutgoingPush {
  /** Whom all of it belongs to. */
  readonly clientId: string;
  /** Without `decides`: the loop adds it. */
  readonly mutations: PushRequest['mutations'];
  readonly part: MutationPart | undefined;
  /** The mutations this request settles when it is answered (empty for a part that is not the last). */
  readonly mutationIds: readonly number[];
  readonly sizeBytes: number;
}

export interface SettleResult {
  /** This database turned out to be a copy of another: it has an id of its own from here on. */
  readonly isRenewed: boolean;
  readonly settled: readonly MutationOutcome[];
  readonly openConflicts: readonly Conflict[];
  /** Conflicts the server's policies decided: recorded in the history. */
  readonly decidedConflicts: readonly Conflict[];
  readonly changed: ChangedRows;
}

export interface ApplyResult {
  readonly changed: ChangedRows;
  readonly changeCount: number;
  readonly tables: readonly string[];
  readonly droppedScopes: readonly string[];
  /** Mutations whose echo came with this chain. */
  readonly echoed: readonly number[];
  /** What became of mutations whose answer had been lost, where the chain told. Its `changed` is part of the one above. */
  readonly answered: SettleResult | null;
}

export interface OutboxCounts {
  /** Without an outcome: pending, sent and parked. */
  readonly pendingCount: number;
  readonly acceptedCount: number;
  readonly conflictedCount: number;
  readonly rejectedCount: number;
  readonly openConflictCount: number;
  readonly oldestPendingAt: number | null;
  /** Whether `nextPush` would give something now. */
  readonly hasSendable: boolean;
}
