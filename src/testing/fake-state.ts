import type { OutboxEntry, SyncPhase, SyncState, SyncStatus } from '../client/types.ts';

/** Any part of the state of a fake; the rest is that of a device in that phase, and phase and counts follow from the lists. */
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

/** What else is true in a phase. */
const IN_PHASE: Partial<Readonly<Record<SyncPhase, Partial<SyncStatus>>>> = {
  local: { connection: 'closed', hasSynced: false, lastSyncedAt: null },
  starting: { connection: 'closed' },
  paused: { connection: 'closed' },
  offline: { connection: 'closed', isOnline: false },
  'needs-auth': { connection: 'closed' },
};

/** The phases of a device that has nothing under way and no trouble: which one it is follows from what waits. */
const QUIET: readonly SyncPhase[] = ['synced', 'pending', 'blocked'];

export function isQuiet(phase: SyncPhase): boolean {
  return QUIET.includes(phase);
}

/** A whole state from the parts that matter. Whoever has synced did so just now. */
export function fakeState({ status, ...parts }: FakeState = {}, now: number = Date.now()): SyncState {
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
  const phase = status?.phase ?? REST.phase;
  const lastSyncedAt = status?.hasSynced === false ? null : now;
  const rest = { ...REST, lastSyncedAt, ...IN_PHASE[phase], ...status };
  return { ...state, status: followed(rest, state, status) };
}

/** The status with its counts, and the phase of a device at rest, taken from the lists, where they are not given. */
export function followed(
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
  const next = { ...status, ...counted, ...given };
  const phase = given.phase ?? (isQuiet(status.phase) ? quietPhase(next, outbox) : status.phase);
  return { ...next, phase };
}

/** As in the real one: what can be sent comes before what a person has to decide. */
export function quietPhase(
  { hasSynced, pendingCount, rejectedCount, conflictCount }: SyncStatus,
  outbox: SyncState['outbox'],
): SyncPhase {
  if (!hasSynced || outbox.some(({ state }) => state === 'pending' || state === 'sent')) return 'pending';
  if (rejectedCount + conflictCount > 0) return 'blocked';
  return pendingCount > 0 ? 'pending' : 'synced';
}

/** Without an outcome yet. */
export function isWaiting({ state }: OutboxEntry): boolean {
  return state === 'pending' || state === 'sent' || state === 'parked';
}
