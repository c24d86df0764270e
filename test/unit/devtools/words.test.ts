import { expect, test } from 'vitest';
import { ageWords, durationWords } from '../../../devtools/data/time.ts';
import { countWords, formatBytes, progressWords, statusWords } from '../../../devtools/data/words.ts';
import type { SyncStatus } from '../../../src/client/types.ts';
import { fakeState } from '../../../src/testing/fake-state.ts';

const now = new Date('2026-05-04T09:42:00').getTime();
const words = (status: Partial<SyncStatus>) =>
  statusWords(fakeState({ status: { lastSyncedAt: null, ...status } }).status, now);

test('the status says what waits, since when, and when it was synced last', () => {
  const lastSyncedAt = new Date('2026-05-04T09:41:00').getTime();
  expect(words({ phase: 'pending', pendingCount: 3, oldestPendingAt: now - 12_000, lastSyncedAt })).toEqual({
    tone: 'busy',
    headline: '3 changes waiting',
    details: ['oldest 12 s', 'last synced 09:41'],
  });
});

test('offline says so first, and then what waits and when it tries again', () => {
  const status = {
    phase: 'offline',
    pendingCount: 1,
    oldestPendingAt: now - 61_000,
    nextRetryAt: now + 5_000,
  } as const;
  expect(words(status)).toEqual({
    tone: 'warn',
    headline: 'Offline',
    details: ['1 change waiting', 'oldest 1 min', 'never synced', 'next try in 5 s'],
  });
});

test('a pause names its reasons', () => {
  expect(words({ phase: 'paused', pausedBy: ['devtools', 'metered'] }).headline).toBe('Paused by devtools, metered');
});

test('data that does not outlive the tab is said to be not persisted', () => {
  expect(words({ persisted: false }).details).toContain('not persisted');
});

test('large counts are written as people read them', () => {
  const { details } = words({ phase: 'blocked', conflictCount: 1_000, rejectedCount: 90_550, pendingCount: 100_000 });
  expect(details).toEqual(expect.arrayContaining(['1,000 open conflicts', '90,550 rejected']));
  expect(details.join()).toContain('100,000 changes waiting');
});

test('open conflicts and rejected mutations colour even a synced status', () => {
  expect(words({ phase: 'syncing', conflictCount: 1, rejectedCount: 2 })).toMatchObject({
    tone: 'warn',
    details: ['1 open conflict', '2 rejected', 'never synced'],
  });
  expect(words({ phase: 'error', conflictCount: 1 }).tone).toBe('bad');
});

test('an app without server was not "never synced"', () => {
  expect(words({ phase: 'local', hasSynced: false }).details).toEqual([]);
});

test('news of the server are no waiting changes', () => {
  expect(words({ phase: 'pending' }).headline).toBe('The server has news');
});

test('progress has a total where it is known', () => {
  expect(progressWords({ step: 'push', done: 2, total: 40 })).toBe('Sending 2 of 40 changes');
  expect(progressWords({ step: 'snapshot', done: 1_200, total: null })).toBe('Loading 1,200 rows');
});

test('durations and ages take their largest unit, and a clock that stepped back makes no negative age', () => {
  expect([90_000_000, 7_200_000, 61_000, 1_500, 20, 0].map(durationWords)).toEqual([
    '1 d',
    '2 h',
    '1 min',
    '1 s',
    '20 ms',
    '0 s',
  ]);
  expect(ageWords(now + 5_000, now)).toBe('now');
});

test('counts and sizes are readable', () => {
  expect(countWords(1, 'row')).toBe('1 row');
  expect(countWords(12_345, 'row')).toBe('12,345 rows');
  expect([512, 1_536, 3_145_728].map(formatBytes)).toEqual(['512 B', '1.5 KiB', '3.0 MiB']);
});
