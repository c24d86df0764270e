import type { Resolution } from '../../core/policy.ts';
import type { Schema } from '../../core/schema.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { Instruments } from '../lab/instruments.ts';
import type { LiveRegistry } from '../live/live-registry.ts';
import type { ImportedMutation, ImportedMutations, LocalStore, WriteResult } from '../local-store.ts';
import type { SyncLoop } from '../loop/sync-loop.ts';
import type { ConflictFilter } from '../types.ts';
import type { AskDesk } from './ask-desk.ts';
import type { RowWatch } from './row-watch.ts';
import type { StateFeed } from './state-feed.ts';
import type { WriteDesk } from './write-desk.ts';

/** What every session of one engine shares. */
export interface EngineContext {
  readonly schema: Schema;
  readonly database: LocalDatabase;
  readonly store: LocalStore;
  readonly loop: SyncLoop;
  readonly writes: WriteDesk;
  readonly live: LiveRegistry;
  readonly rows: RowWatch;
  readonly asks: AskDesk;
  readonly feed: StateFeed;
  readonly instruments: Instruments;

  /** Runs `read` on committed data only: waits while a session has a transaction open. */
  whenCommitted<T>(read: () => T): Promise<T>;
  /**
   * The same, where the data may be shown.
   *
   * @throws SyncError `forbidden` while somebody else than its owner is signed in.
   */
  whenUnlocked<T>(read: () => T): Promise<T>;
  /** Asks the app for its token: another one may be another person's, so a handshake comes before anything else. */
  checkToken(): Promise<void>;
  /** @throws SyncError `forbidden`, as `whenUnlocked`. */
  assertUnlocked(): void;
  /** A transaction of this device was committed: tells everybody whom it concerns. */
  committed(result: WriteResult): void;
  /** Changes the outbox or the conflicts by hand. */
  change(fn: (store: LocalStore, now: number) => WriteResult): Promise<{ mutationId: number | null }>;
  /** Whether this device follows a scope, from the next pull on. */
  followScope(scope: string, isFollowed: boolean): Promise<void>;
  retryMutations(mutationIds: readonly number[]): Promise<number>;
  /** Takes over mutations of a file. */
  importMutations(imported: readonly ImportedMutation[]): Promise<ImportedMutations>;
  resolveConflict(id: string, resolution: Resolution): Promise<{ mutationId: number | null }>;
  /** Answers all open conflicts alike, or each by the later side; resolves with how many they were. */
  resolveConflicts(resolution: 'local' | 'remote' | 'later', filter: Omit<ConflictFilter, 'state'>): Promise<number>;
  /** Deletes all local data. Sync is held meanwhile, so that nothing under way is applied afterwards. See `EngineMethods`. */
  wipe(dealtWith?: readonly number[]): Promise<void>;
  /** A page was hidden or shown. */
  attended(): void;
}
