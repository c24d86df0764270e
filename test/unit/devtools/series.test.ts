import { expect, test } from 'vitest';
import { connectionSpans, niceMax, quantile, throughputOf } from '../../../devtools/data/series.ts';
import type { SyncEvent, SyncRound } from '../../../src/client/types.ts';

const at = (time: number, connection: 'open' | 'closed'): SyncEvent => ({
  at: time,
  type: 'connection-changed',
  connection,
});

test('the states of the connection follow from the events', () => {
  const events = [at(1, 'open'), { at: 2, type: 'resync', reason: '' } as const, at(3, 'open'), at(5, 'closed')];
  expect(connectionSpans(events)).toEqual([
    { connection: 'open', from: 1, to: 5 },
    { connection: 'closed', from: 5, to: null },
  ]);
  expect(connectionSpans([])).toEqual([]);
});

test('throughput counts both directions, and no round is shorter than a millisecond', () => {
  const round = { pushedCount: 3, pulledChangeCount: 7, durationMs: 0 } as SyncRound;
  expect(throughputOf(round)).toBe(10_000);
  expect(throughputOf({ ...round, durationMs: 500 })).toBe(20);
});

test('quantiles go by rank', () => {
  expect(quantile([], 0.95)).toBe(0);
  expect(quantile([5, 1, 3], 0.5)).toBe(3);
  expect(
    quantile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      0.95,
    ),
  ).toBe(95);
});

test.each([
  [0, 1],
  [0.3, 0.5],
  [1, 1],
  [11, 20],
  [420, 500],
  [51, 100],
])('an axis up to %d ends with %d', (value, end) => {
  expect(niceMax(value)).toBeCloseTo(end);
});
