import { describe, expect, test } from 'vitest';
import { nextStep } from '../../../../src/client/loop/next-step.ts';
import {
  type LoopEvent,
  type LoopEventName,
  type LoopState,
  type LoopStateName,
  transition,
} from '../../../../src/client/loop/round-machine.ts';
import { SyncError } from '../../../../src/shared/error.ts';

const error = new SyncError('network', 'down').toJSON();
const trouble = { failures: 2, phase: 'offline' as const, error, retryAt: 1_000 };
const step = nextStep(new SyncError('network', 'down'));

const states: { readonly [S in LoopStateName]: LoopState<S> } = {
  new: { name: 'new', trouble: null },
  idle: { name: 'idle', trouble: null },
  running: { name: 'running', round: 5, trouble },
  waiting: { name: 'waiting', trouble },
  paused: { name: 'paused', trouble },
  closed: { name: 'closed', trouble },
};

const events: { readonly [E in LoopEventName]: LoopEvent<E> } = {
  wake: { name: 'wake', round: 6, urgent: false },
  start: { name: 'start' },
  succeeded: { name: 'succeeded', round: 5 },
  failed: { name: 'failed', round: 5, error, step, random: 0.5, isAttended: true, now: 0 },
  aborted: { name: 'aborted', round: 5 },
  pause: { name: 'pause' },
  resume: { name: 'resume' },
  close: { name: 'close' },
};

/** Where each event leads from each state. Every cell of the machine stands here. */
const expected: { readonly [S in LoopStateName]: { readonly [E in LoopEventName]: LoopStateName } } = {
  new: {
    wake: 'new',
    start: 'idle',
    succeeded: 'new',
    failed: 'new',
    aborted: 'new',
    pause: 'paused',
    resume: 'new',
    close: 'closed',
  },
  idle: {
    wake: 'running',
    start: 'idle',
    succeeded: 'idle',
    failed: 'idle',
    aborted: 'idle',
    pause: 'paused',
    resume: 'idle',
    close: 'closed',
  },
  running: {
    wake: 'running',
    start: 'running',
    succeeded: 'idle',
    failed: 'waiting',
    aborted: 'waiting',
    pause: 'paused',
    resume: 'running',
    close: 'closed',
  },
  waiting: {
    wake: 'waiting',
    start: 'waiting',
    succeeded: 'waiting',
    failed: 'waiting',
    aborted: 'waiting',
    pause: 'paused',
    resume: 'waiting',
    close: 'closed',
  },
  paused: {
    wake: 'paused',
    start: 'paused',
    succeeded: 'paused',
    failed: 'paused',
    aborted: 'paused',
    pause: 'paused',
    resume: 'idle',
    close: 'closed',
  },
  closed: {
    wake: 'closed',
    start: 'closed',
    succeeded: 'closed',
    failed: 'closed',
    aborted: 'closed',
    pause: 'closed',
    resume: 'closed',
    close: 'closed',
  },
};

const stateNames = Object.keys(states) as LoopStateName[];
const eventNames = Object.keys(events) as LoopEventName[];
const cells = stateNames.flatMap((state) => eventNames.map((event) => [state, event, expected[state][event]] as const));

test.each(cells)('L1: from %s, %s leads to %s', (state, event, to) => {
  expect(transition(states[state], events[event]).name).toBe(to);
});

describe('failures', () => {
  const fail = (state: LoopState, random: number) => transition(state, { ...events.failed, random });

  test('L2: add up over failed rounds, and are forgotten by a good one', () => {
    const waiting = fail(states.running, 0.5);
    expect(waiting.trouble?.failures).toBe(3);
    const again = transition(waiting, { name: 'wake', round: 7, urgent: true });
    expect(again.trouble?.failures).toBe(3);
    expect(transition(again, { name: 'succeeded', round: 7 })).toEqual({ name: 'idle', trouble: null });
  });

  test('L3: set a delay between nothing and a bound that doubles', () => {
    const delays = (kind: 'network' | 'server' | 'protocol', random: number, isAttended = true) =>
      [0, 1, 2, 3, 4, 5, 6, 20].map((failures) => {
        const before: LoopState = {
          name: 'running',
          round: 5,
          trouble: failures === 0 ? null : { ...trouble, failures },
        };
        const step = nextStep(new SyncError(kind, 'scripted'));
        return transition(before, { ...events.failed, step, random, isAttended }).trouble?.retryAt;
      });
    expect(delays('network', 0.999_999)).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000]);
    expect(delays('network', 0.999_999, false).at(-1)).toBe(30_000);
    expect(delays('server', 0.999_999)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000]);
    expect(delays('server', 0.999_999, false).at(-1)).toBe(30_000);
    expect(delays('protocol', 0.999_999)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(new Set(delays('server', 0))).toEqual(new Set([0]));
  });

  test('L4: an aborted round is neither good nor bad, and the wait before it goes on', () => {
    const aborted = transition(states.running, events.aborted);
    expect(aborted).toEqual({ name: 'waiting', trouble });
    const clean = transition({ name: 'running', round: 5, trouble: null }, events.aborted);
    expect(clean).toEqual({ name: 'idle', trouble: null });
  });
});

test('L5: the report of a round that is not the running one changes nothing', () => {
  for (const name of ['succeeded', 'failed', 'aborted'] as const) {
    expect(transition(states.running, { ...events[name], round: 4 })).toBe(states.running);
  }
});

test('L6: waiting is cut short by those who ask out of urgency, and by nobody else', () => {
  expect(transition(states.waiting, { name: 'wake', round: 6, urgent: false })).toBe(states.waiting);
  expect(transition(states.waiting, { name: 'wake', round: 6, urgent: true })).toEqual({
    name: 'running',
    round: 6,
    trouble,
  });
});
