import { describe, expect, test } from 'vitest';
import type { OutboxCounts } from '../../../../src/client/local-store.ts';
import { connectionOf, cursorInfos, phaseOf, type StatusInput, statusOf } from '../../../../src/client/loop/status.ts';
import { SyncError } from '../../../../src/shared/error.ts';

const none: OutboxCounts = {
  pendingCount: 0,
  acceptedCount: 0,
  conflictedCount: 0,
  rejectedCount: 0,
  openConflictCount: 0,
  oldestPendingAt: null,
  hasSendable: false,
};
const waiting = { ...none, pendingCount: 1, hasSendable: true };
const trouble = (phase: 'offline' | 'needs-auth' | 'error') => ({
  failures: 1,
  retryAt: 1,
  phase,
  error: new SyncError('network', 'scripted').toJSON(),
});

const quiet: StatusInput = {
  hasServer: true,
  autoSync: true,
  loop: { name: 'idle', trouble: null },
  channel: { name: 'open', failures: 0 },
  offersChannel: true,
  hasReached: false,
  counts: none,
  position: { seq: 7, head: 7 },
  isOnline: true,
  isPushing: false,
  isPulling: false,
  hasSynced: true,
  lastSyncedAt: 1,
  progress: null,
  pausedBy: [],
  persisted: true,
  nextRetryAt: null,
};

const running = (before: StatusInput['loop']['trouble'] = null): StatusInput['loop'] => ({
  name: 'running',
  round: 1,
  trouble: before,
});
const failed = (phase: 'offline' | 'needs-auth' | 'error'): StatusInput['loop'] => ({
  name: 'waiting',
  trouble: trouble(phase),
});

const phases: [string, Partial<StatusInput>, string][] = [
  ['nothing waits on either side', {}, 'synced'],
  ['there is no server', { hasServer: false }, 'local'],
  ['it has not begun', { loop: { name: 'new', trouble: null } }, 'starting'],
  ['it is held', { loop: { name: 'paused', trouble: null } }, 'paused'],
  ['a round runs', { loop: running() }, 'syncing'],
  ['a round runs after a failure and has not come through', { loop: running(trouble('offline')) }, 'offline'],
  [
    'a round runs after a failure and has come through',
    { loop: running(trouble('offline')), hasReached: true },
    'syncing',
  ],
  ['the server could not be reached', { loop: failed('offline') }, 'offline'],
  ['the token was refused', { loop: failed('needs-auth') }, 'needs-auth'],
  ['something else failed', { loop: failed('error') }, 'error'],
  ['a write waits', { counts: waiting }, 'pending'],
  ['a write is on its way', { counts: { ...none, pendingCount: 1 } }, 'pending'],
  ['the server is ahead', { position: { seq: 7, head: 8 } }, 'pending'],
  ['the server has not been heard of yet', { position: { seq: 7, head: null } }, 'pending'],
  ['nothing was ever pulled', { hasSynced: false, position: { seq: null, head: 0 } }, 'pending'],
  ['a conflict waits for a person', { counts: { ...none, conflictedCount: 1, openConflictCount: 1 } }, 'blocked'],
  ['a mutation was rejected', { counts: { ...none, rejectedCount: 1 } }, 'blocked'],
  ['a write waits behind a rejected one', { counts: { ...none, rejectedCount: 1, pendingCount: 1 } }, 'blocked'],
  ['a write can go beside a rejected one', { counts: { ...waiting, rejectedCount: 1 } }, 'pending'],
];

test.each(phases)('S1: when %s, the phase is told', (_when, difference, phase) => {
  expect(phaseOf({ ...quiet, ...difference })).toBe(phase);
});

const connections: [string, Partial<StatusInput>, string][] = [
  ['the channel is open', {}, 'open'],
  ['the channel is being opened', { channel: { name: 'connecting', failures: 0 } }, 'connecting'],
  [
    'the channel was lost once',
    { channel: { name: 'resting', failures: 1, delayMs: 1, isAsked: false } },
    'connecting',
  ],
  [
    'the channel will not stay up',
    { channel: { name: 'resting', failures: 3, delayMs: 1, isAsked: false } },
    'polling',
  ],
  ['it tries the channel again while polling', { channel: { name: 'connecting', failures: 3 } }, 'polling'],
  ['the server has no channel', { offersChannel: false, channel: { name: 'closed', failures: 0 } }, 'polling'],
  ['the app is local', { hasServer: false }, 'closed'],
  ['it is held', { loop: { name: 'paused', trouble: null }, channel: { name: 'closed', failures: 0 } }, 'closed'],
  [
    'it is offline',
    { loop: failed('offline'), channel: { name: 'resting', failures: 1, delayMs: 1, isAsked: false } },
    'closed',
  ],
  ['nothing runs by itself', { autoSync: false, channel: { name: 'closed', failures: 0 } }, 'closed'],
];

test.each(connections)('S2: when %s, the connection is told', (_when, difference, connection) => {
  expect(connectionOf({ ...quiet, ...difference })).toBe(connection);
});

test('S3: the error stays until a round has ended well', () => {
  expect(statusOf({ ...quiet, loop: running(trouble('error')) }).error).toMatchObject({ kind: 'network' });
  expect(statusOf({ ...quiet, loop: running() }).error).toBeNull();
});

describe('cursors', () => {
  const cursor = { epoch: 'e', seq: 7 };

  test('show each held scope against the head', () => {
    const infos = cursorInfos({ cursor, head: 9, held: ['a', 'b'], granted: ['a', 'b'], without: [], hasSynced: true });
    expect(infos).toEqual(
      ['a', 'b'].map((scope) => ({ scope, cursor, head: 9, lag: 2, isComplete: true, isFollowed: true })),
    );
  });

  test('show a scope that was granted and has not come yet', () => {
    const infos = cursorInfos({ cursor, head: 9, held: ['a'], granted: ['a', 'b'], without: [], hasSynced: true });
    expect(infos[1]).toEqual({ scope: 'b', cursor: null, head: 9, lag: null, isComplete: false, isFollowed: true });
  });

  test('show what is left out: on its way out, gone, and not known to the server yet', () => {
    const without = ['b', 'c', 'd'];
    const infos = cursorInfos({
      cursor,
      head: 9,
      held: ['a', 'b'],
      granted: ['a', 'b', 'c'],
      without,
      hasSynced: true,
    });
    expect(infos.map(({ scope, isFollowed, cursor: at }) => [scope, isFollowed, at !== null])).toEqual([
      ['a', true, true],
      ['b', false, true],
      ['c', false, false],
      ['d', false, false],
    ]);
  });
});
