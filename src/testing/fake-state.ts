import type { OutboxEntry, SyncState, SyncStatus } from '../client/types.ts';

/** Any part of the state of a fake; the rest is that of a device at rest, and counts follow from the lists. */
export type FakeState = Partial<Omit<SyncState, 'status'>> & { readonly status?: Partial<SyncStatus> };

const REST: SyncStatus = {
  phase: 'synced',
  connection: 'open',
  isOnline: true,
  pendingCount: 0,
  conflictCount: 0,
  rejectedCount: 0,
  oldestPendingAt: null,
  isPushing: false,
  isPulling: false,
  hasSynced: true,
  lastSyncedAt: null,
  progress: null,
  pausedBy: [],
  persisted: true,
  error: null,
  nextRetryAt: null,
};

/** A whole state from the parts that matter. */
export function fakeState({ status, ...parts }: FakeState = {}): SyncState {
  const state = {
    outbox: [],
    cursors: [],
    conflicts: [],
    devices: [],
    events: [],
    clientId: 'fake-client',
    sessionId: 'fake-session',
    isLeader: true,
    lab: null,
    ...parts,
  };
  return { ...state, status: withCounts({ ...REST, ...status }, state, status) };
}

/** The status with its counts taken from the lists, where they are not given. */
export function withCounts(
  status: SyncStatus,
  { outbox, conflicts }: Pick<SyncState, 'outbox' | 'conflicts'>,
  given: Partial<SyncStatus> = {},
): SyncStatus {
  const waiting = outbox.filter(isWaiting);
  const counted = {
    pendingCount: waiting.length,
    rejectedCount: outbox.filter((entry) => entry.state === 'rejected').length,
    conflictCount: conflicts.filter((one) => one.state === 'open').length,
    oldestPendingAt: waiting.length === 0 ? null : Math.min(...waiting.map((entry) => entry.createdAt)),
  };
  return { ...status, ...counted, ...given };
}

/** Without an outcome yet. */
export function isWaiting({ state }: OutboxEntry): boolean {
  return state === 'pending' || state === 'sent' || state === 'parked';
}
