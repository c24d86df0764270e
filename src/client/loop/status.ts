import type { OutboxCounts } from '../local-store.ts';
import type { ConnectionState, CursorInfo, SyncPhase, SyncProgress, SyncStatus } from '../types.ts';
import { type ChannelState, FAILURES_BEFORE_POLLING } from './channel-machine.ts';
import type { LoopState } from './round-machine.ts';

/** All that the status is made of, as plain values. */
export interface StatusInput {
  readonly hasServer: boolean;
  readonly autoSync: boolean;
  readonly loop: LoopState;
  readonly channel: ChannelState;
  /** Whether the server has a realtime channel; null before it has told. */
  readonly offersChannel: boolean | null;
  /** Whether the running round has heard from the server. */
  readonly hasReached: boolean;
  readonly counts: OutboxCounts;
  readonly position: Position;
  readonly isOnline: boolean;
  readonly isPushing: boolean;
  readonly isPulling: boolean;
  readonly hasSynced: boolean;
  readonly lastSyncedAt: number | null;
  readonly progress: SyncProgress | null;
  readonly pausedBy: readonly string[];
  readonly persisted: boolean;
  readonly nextRetryAt: number | null;
}

/** Where this device stands in the server's log, and how far the log is known to go. Null: not known. */
export interface Position {
  readonly seq: number | null;
  readonly head: number | null;
}

export function statusOf(input: StatusInput): SyncStatus {
  const { counts } = input;
  return {
    phase: phaseOf(input),
    connection: connectionOf(input),
    isOnline: input.isOnline,
    pendingCount: counts.pendingCount,
    conflictCount: counts.openConflictCount,
    rejectedCount: counts.rejectedCount,
    oldestPendingAt: counts.oldestPendingAt,
    isPushing: input.isPushing,
    isPulling: input.isPulling,
    hasSynced: input.hasSynced,
    lastSyncedAt: input.lastSyncedAt,
    progress: input.progress,
    pausedBy: input.pausedBy,
    persisted: input.persisted,
    error: input.loop.trouble?.error ?? null,
    nextRetryAt: input.nextRetryAt,
  };
}

export function phaseOf(input: StatusInput): SyncPhase {
  if (!input.hasServer) return 'local';
  const { loop } = input;
  if (loop.name === 'new') return 'starting';
  if (loop.name === 'paused') return 'paused';
  // A retry that has not come through yet would only make the badge flicker.
  if (loop.name === 'running' && (!loop.trouble || input.hasReached)) return 'syncing';
  return loop.trouble?.phase ?? quietPhase(input);
}

function quietPhase({ counts, position, hasSynced }: StatusInput): SyncPhase {
  if (!hasSynced || isBehind(position) || counts.hasSendable) return 'pending';
  const decisions = counts.rejectedCount + counts.conflictedCount + counts.openConflictCount;
  if (decisions > 0) return 'blocked';
  return counts.pendingCount > 0 ? 'pending' : 'synced';
}

/** Whether something is known to wait on the server, or nothing is known of it at all. */
export function isBehind({ seq, head }: Position): boolean {
  return head === null || seq === null || seq < head;
}

export function connectionOf({ hasServer, autoSync, loop, channel, offersChannel }: StatusInput): ConnectionState {
  const isOff = !hasServer || !autoSync || loop.name === 'new' || loop.name === 'paused' || loop.name === 'closed';
  if (isOff) return 'closed';
  if (channel.name === 'open') return 'open';
  if (loop.trouble) return 'closed';
  const isUnavailable = offersChannel === false || channel.failures >= FAILURES_BEFORE_POLLING;
  return isUnavailable ? 'polling' : 'connecting';
}

/** One entry per scope that is held, per scope that was granted and has not come yet, and per scope that is left out. */
export function cursorInfos(input: {
  readonly cursor: CursorInfo['cursor'];
  readonly head: number | null;
  readonly held: readonly string[];
  readonly granted: readonly string[];
  readonly without: readonly string[];
  readonly hasSynced: boolean;
}): CursorInfo[] {
  const { cursor, head, held, granted, without, hasSynced } = input;
  const lag = cursor && head !== null ? Math.max(0, head - cursor.seq) : null;
  const isComplete = hasSynced && cursor !== null;
  const isFollowed = (scope: string) => !without.includes(scope);
  const here = held.map((scope) => ({ scope, cursor, head, lag, isComplete, isFollowed: isFollowed(scope) }));
  const elsewhere = [...new Set([...granted, ...without])]
    .filter((scope) => !held.includes(scope))
    .map((scope) => ({ scope, cursor: null, head, lag: null, isComplete: false, isFollowed: isFollowed(scope) }));
  return [...here, ...elsewhere];
}
