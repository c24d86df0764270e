import type { ConflictInput, Resolution } from '../../core/policy.ts';
import type { Schema } from '../../core/schema.ts';
import type { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { Transport } from '../../transport/transport.ts';
import type { SyncKind } from '../engine-api.ts';
import type { ChangedRows, LocalStore } from '../local-store.ts';
import type {
  CursorInfo,
  DeviceInfo,
  MutationOutcome,
  SyncEvent,
  SyncProgress,
  SyncRound,
  SyncStats,
  SyncStatus,
} from '../types.ts';

/**
 * Decides *when* to push, pull, connect and try again; the store decides *what*. Nothing here outlives `close()`:
 * no timer, no request, no channel. `SPEC.md` has the invariants.
 */
export interface SyncLoop {
  /** Begins to sync by itself (unless `autoSync` is false). Before it, the phase is `starting`. */
  start(): void;
  /** A local write was committed: there may be something to push. Also after retry, discard, edit or a person's answer. */
  written(): void;
  /**
   * One round asked for by hand. Resolves with it when it has ended well. Before `start()` it waits for that.
   *
   * @throws SyncError `no-server`, `closed`; `not-found` for an unknown table; `aborted` by the signal, or at once while
   *   paused (the message names the reasons); otherwise whatever the round failed with.
   */
  run(kind: SyncKind, options?: RunOptions): Promise<SyncRound>;
  /** No requests and no channel until every reason has been taken back. Given twice, a reason counts once. */
  pause(reason: string): void;
  resume(reason: string): void;
  /** The store was wiped and begins anew, while the loop was paused: what is remembered of mutations and conflicts by number is of others. */
  wiped(): void;
  /** The app has a new token, or a person signed in: tries at once when that was what it waited for. */
  tokenChanged(): void;
  /** This device wants other scopes than before: a round is due. */
  scopesChosen(): void;
  /**
   * Whether somebody looks at the app; taken for granted at first. Then dead connections are found out, and tries repeated,
   * within seconds; otherwise with little traffic. Whoever comes back finds an immediate try.
   */
  attend(isAttended: boolean): void;

  status(): SyncStatus;
  cursors(): CursorInfo[];
  /** The last rounds, oldest first. */
  history(): SyncRound[];
  /** Counted since this loop was made: the store has no place for totals. */
  totals(): Omit<SyncStats, 'storageBytes'>;
  readonly devices: {
    list(signal?: AbortSignal): Promise<DeviceInfo[]>;
    rename(name: string, signal?: AbortSignal): Promise<void>;
    revoke(deviceId: string, signal?: AbortSignal): Promise<void>;
  };
  /** Aborts what is under way and resolves when nothing of it is left. */
  close(): Promise<void>;
}

export interface RunOptions {
  /** For `seed` and `hydrate`: which (default: all). For the others the names are only checked: a round carries everything. */
  readonly tables?: readonly string[];
  readonly onProgress?: (progress: SyncProgress) => void;
  readonly signal?: AbortSignal;
}

/** Runs `fn` when no write transaction of the app is open on the connection. First come, first served. */
export type Exclusive = <T>(fn: () => T | Promise<T>) => Promise<T>;

/** What the platform believes about its network. A hint: requests know better. */
export interface OnlineHint {
  get(): boolean;
  subscribe(listener: (online: boolean) => void): () => void;
}

export interface SyncLoopOptions {
  readonly runtime: Runtime;
  readonly schema: Schema;
  readonly store: LocalStore;
  /** Null: the app is fully local. */
  readonly transport: Transport | null;
  readonly exclusive: Exclusive;
  readonly autoSync: { readonly intervalMs: number; readonly debounceMs: number } | false;
  /** Whether local data outlives this process; only told on in the status. */
  readonly persisted: boolean;
  readonly deviceName?: string | undefined;
  readonly onlineHint?: OnlineHint;
  /** Tables whose conflicts app code decides: goes with each push, and their open conflicts go to `resolve`. */
  readonly decides: readonly string[];
  /** Asks the app. Null: the conflict stays open for a person. */
  readonly resolve: (conflict: ConflictInput) => Promise<Resolution | null>;

  /**
   * The server has told who is calling: the owner of the local data (null), or somebody else, with the error that says so. Told at each
   * handshake.
   */
  readonly onCaller?: (stranger: SyncError | null) => void;
  readonly onEvent: (event: SyncEvent) => void;
  readonly onChanged: (changed: ChangedRows) => void;
  readonly onSettled: (outcomes: readonly MutationOutcome[]) => void;
  /** Status, cursors, outbox or conflicts may differ now. */
  readonly onStateChanged: () => void;
}
