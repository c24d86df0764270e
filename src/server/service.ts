import type { Change } from '../core/change.ts';
import type { DevicesRequest, DevicesResponse } from '../protocol/messages/devices.ts';
import type { HandshakeRequest, HandshakeResponse } from '../protocol/messages/handshake.ts';
import type { PullPage, PullRequest } from '../protocol/messages/pull.ts';
import type { PushRequest, PushResponse } from '../protocol/messages/push.ts';

/** Who calls, as `auth` told. */
export interface Identity {
  /** The subject that local data belongs to: 1 to 200 characters. */
  readonly id: string;
  /** When it ends, in epoch milliseconds: a socket is asked for a new token then. Left out, it holds until asked for anew. */
  readonly expiresAt?: number;
  readonly [claim: string]: unknown;
}

/** Totals since the start, for `/v1/stats`. */
export interface ServerStats {
  readonly epoch: string;
  readonly head: number;
  readonly pushedMutationCount: number;
  readonly outcomes: Readonly<Record<'applied' | 'merged' | 'conflict' | 'rejected', number>>;
  readonly pulledChangeCount: number;
  readonly snapshotRowCount: number;
}

/**
 * The server without its edge: every call is authenticated by then. Errors are `SyncError`s.
 *
 * A push that resolved is durable: its commit has been synced to disk. Listeners of `onCommit` hear of it after that.
 */
export interface SyncService {
  handshake(identity: Identity, request: HandshakeRequest): Promise<HandshakeResponse>;
  push(identity: Identity, request: PushRequest): Promise<PushResponse>;
  pull(identity: Identity, request: PullRequest): Promise<PullPage>;
  /** The scopes somebody may read now; `*` stands for all. */
  scopes(identity: Identity): Promise<readonly string[]>;
  devices(identity: Identity, request: DevicesRequest): Promise<DevicesResponse>;
  /**
   * Writes changes directly (seeds, imports, jobs), as one commit without a device. With an identity, its access and
   * `validate` hold; null is the server itself. Resolves, durable, with the seq (null: no effect).
   *
   * @throws SyncError with the reason, when the changes do not apply; nothing is written then.
   */
  mutate(identity: Identity | null, changes: readonly Change[]): Promise<{ seq: number | null }>;
  /** Drops what retention no longer keeps, now instead of by and by. Returns the number of commits. */
  prune(): Promise<number>;
  /** To be called once after the database was restored or cloned: cursors of the old history are refused from then on. */
  renewEpoch(): Promise<string>;
  stats(): ServerStats;
  /** Reads from the storage: rejects where it cannot be read. */
  check(): Promise<void>;
  /** Calls `listener` with the new head after each durable commit (several commits may be told at once). */
  onCommit(listener: (head: number) => void): () => void;
  /** Calls `listener` with the clientId of each device that was revoked, on whichever node. */
  onRevoke(listener: (clientId: string) => void): () => void;
  /** What `access` says has changed, for one subject or for everyone. Resolves once all nodes can hear of it. */
  accessChanged(subject?: string): Promise<void>;
  /** Calls `listener` with each subject whose access has changed, as told to whichever node; null for everyone. */
  onAccessChange(listener: (subject: string | null) => void): () => void;
  /** Lets running calls end, then closes the storage. Later calls throw `closed`. */
  close(): Promise<void>;
}
