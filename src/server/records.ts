import type { ChangeOp } from '../core/change.ts';
import type { Outcome } from '../protocol/messages/push.ts';
import type { Cells, RowKey } from '../shared/cell.ts';

/** What the storages keep beside the rows. */

/** Where the log stands. */
export interface Position {
  readonly epoch: string;
  /** The newest commit; 0 before the first. */
  readonly head: number;
  /** Commits up to this one have been pruned: a cursor before it needs a resync. */
  readonly prunedTo: number;
  /** The last commit that was taken over from the epoch before; null in the first one. */
  readonly epochFrom: number | null;
}

/** A place inside the log: after entry `n` of commit `seq`. */
export interface LogPosition {
  readonly seq: number;
  readonly n: number;
}

/** After the last entry of a commit. */
export const COMMIT_END = Number.MAX_SAFE_INTEGER;

/** One commit: one mutation, or one write made directly on the server. */
export interface Commit {
  readonly seq: number;
  /** null (with `mutationId`) for a write made directly. */
  readonly clientId: string | null;
  readonly mutationId: number | null;
  readonly hlc: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** One row-level effect in the log. A row that changes scope has two: a delete in the old, a put in the new one. */
export interface LogEntry {
  readonly commit: Commit;
  /** Counts up inside the commit, from 0. */
  readonly n: number;
  readonly scope: string;
  readonly table: string;
  readonly key: RowKey;
  readonly op: ChangeOp;
  readonly columns: Cells;
}

export interface OutcomeRecord {
  readonly clientId: string;
  /** The stamp of the mutation, as sent: it tells a mutation that comes again from another one under the same id. */
  readonly hlc: string;
  readonly outcome: Outcome;
}

export interface PartRecord {
  readonly clientId: string;
  readonly mutationId: number;
  readonly index: number;
  readonly count: number;
  readonly sizeBytes: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What one node tells the others over the same database, besides commits. */
export type Signal =
  | { readonly kind: 'revoked'; readonly clientId: string }
  /** What a subject may see could have changed; null for everybody. */
  | { readonly kind: 'access'; readonly subject: string | null };

export interface DeviceRecord {
  readonly clientId: string;
  readonly subject: string;
  readonly name: string | null;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly isRevoked: boolean;
}
