import { describe, expect, test } from 'vitest';
import { mergeWishes, nextRound, type ScheduleInput, type Wish } from '../../../../src/client/loop/schedule.ts';
import { SyncError } from '../../../../src/shared/error.ts';

const NOW = 100_000;
const trouble = {
  failures: 1,
  phase: 'offline' as const,
  error: new SyncError('network', 'down').toJSON(),
  retryAt: NOW + 400,
};
const waiting: ScheduleInput['state'] = { name: 'waiting', trouble };
const wish: Wish = { at: NOW + 10, trigger: 'poke', pulls: true, isUrgent: false };

const quiet: ScheduleInput = {
  state: { name: 'idle', trouble: null },
  autoSync: { intervalMs: 30_000, debounceMs: 50 },
  now: NOW,
  hasCalls: false,
  wish: null,
  retryAt: null,
  lastPushAt: NOW - 5_000,
  lastRoundAt: NOW - 1_000,
  hasSendable: false,
  isLone: false,
  behindSince: null,
  fruitlessCount: 0,
  asksUntil: 0,
  isLive: false,
  isBereft: false,
};

const next = (difference: Partial<ScheduleInput>) => {
  const found = nextRound({ ...quiet, ...difference });
  return found && [found.trigger, found.at - NOW, found.pulls ? 'whole' : 'push'];
};

describe('T1: at rest, the next round is', () => {
  test.each<[string, Partial<ScheduleInput>, ReturnType<typeof next>]>([
    ['the poll of the interval', {}, ['interval', 29_000, 'whole']],
    ['a rare poll where the channel tells', { isLive: true }, ['interval', 299_000, 'whole']],
    ['a poll within seconds where the channel cannot be had', { isBereft: true }, ['interval', 4_000, 'whole']],
    [
      'no rarer poll than the app wants, for that',
      { isBereft: true, autoSync: { intervalMs: 1_500, debounceMs: 50 } },
      ['interval', 500, 'whole'],
    ],
    ['a push at once', { hasSendable: true }, ['write', 0, 'push']],
    ['a push after a moment, right after another', { hasSendable: true, lastPushAt: NOW - 20 }, ['write', 30, 'push']],
    ['a push after a moment, right after a round', { hasSendable: true, lastRoundAt: NOW }, ['write', 50, 'push']],
    [
      'a push at once for a lone write over a channel',
      { hasSendable: true, isLone: true, isLive: true, lastPushAt: NOW },
      ['write', 0, 'push'],
    ],
    [
      'a push after a moment for a lone write by HTTP',
      { hasSendable: true, isLone: true, lastPushAt: NOW },
      ['write', 50, 'push'],
    ],
    ['what was wished for', { wish }, ['poke', 10, 'whole']],
    ['a pull of what does not come', { behindSince: NOW - 500, isLive: true }, ['changes', 1_500, 'whole']],
    ['not again at once what a round did not bring', { behindSince: 0, lastRoundAt: NOW }, ['changes', 2_000, 'whole']],
    ['a call before everything', { hasCalls: true, wish, hasSendable: true }, ['manual', 0, 'whole']],
    ['a wish that is due before what is overdue', { wish: { ...wish, at: NOW }, lastRoundAt: 0 }, ['poke', 0, 'whole']],
  ])('%s', (_what, difference, expected) => {
    expect(next(difference)).toEqual(expected);
  });
});

describe('T2: after a failure, the next round is', () => {
  test.each<[string, Partial<ScheduleInput>, ReturnType<typeof next>]>([
    ['the retry', {}, ['retry', 400, 'whole']],
    ['not a write', { hasSendable: true }, ['retry', 400, 'whole']],
    ['not a poke', { wish }, ['retry', 400, 'whole']],
    ['an urgent wish', { wish: { ...wish, trigger: 'online', isUrgent: true } }, ['online', 10, 'whole']],
    ['a call', { hasCalls: true }, ['manual', 0, 'whole']],
  ])('%s', (_what, difference, expected) => {
    expect(next({ state: waiting, retryAt: NOW + 400, ...difference })).toEqual(expected);
  });
});

test.each([
  ['running', { name: 'running', round: 1, trouble: null }],
  ['paused', { name: 'paused', trouble: null }],
  ['closed', { name: 'closed', trouble: null }],
  ['not started', { name: 'new', trouble: null }],
] as const)('T3: %s, no round begins, not even by a call', (_name, state) => {
  expect(next({ state, hasCalls: true, hasSendable: true, wish })).toBeNull();
});

test('T4: with autoSync off, rounds begin by calls alone', () => {
  const off = { autoSync: false, hasSendable: true, wish, behindSince: 0 } as const;
  expect(next(off)).toBeNull();
  expect(next({ ...off, state: waiting, retryAt: NOW })).toBeNull();
  expect(next({ ...off, hasCalls: true })).toEqual(['manual', 0, 'whole']);
});

test('T5: with autoSync on, there is always a next round', () => {
  for (const state of [quiet.state, waiting]) {
    for (const isLive of [true, false]) expect(nextRound({ ...quiet, state, isLive, retryAt: NOW })).not.toBeNull();
  }
});

test('two wishes become one: as soon as the sooner, as much as the greater', () => {
  const push: Wish = { at: 5, trigger: 'write', pulls: false, isUrgent: false };
  const online: Wish = { at: 9, trigger: 'online', pulls: true, isUrgent: true };
  expect(mergeWishes(null, push)).toBe(push);
  expect(mergeWishes(push, online)).toEqual({ at: 5, trigger: 'online', pulls: true, isUrgent: true });
  expect(mergeWishes(online, push)).toEqual({ at: 5, trigger: 'online', pulls: true, isUrgent: true });
});
