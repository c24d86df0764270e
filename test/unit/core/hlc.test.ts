import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  boundHlc,
  hlcAfter,
  hlcMs,
  isBoundHlc,
  makeHlc,
  nextHlc,
  observeHlc,
  ZERO_HLC,
} from '../../../src/core/hlc.ts';

const clock = fc.oneof(
  fc.constantFrom(0, -5, Date.UTC(1970, 0, 1), Date.UTC(2106, 1, 7), 2 ** 48),
  fc.integer({ min: 0, max: 2 ** 47 }),
);

test('a stamp sorts after the one before it, however the clock jumps', () => {
  fc.assert(
    fc.property(fc.array(clock, { minLength: 2, maxLength: 50 }), (times) => {
      let last = ZERO_HLC;
      for (const now of times) {
        const next = nextHlc(last, now);
        expect(next > last).toBe(true);
        expect(next).toMatch(/^[0-9a-f]{16}$/);
        last = next;
      }
    }),
  );
});

test('a full counter goes over to the next millisecond', () => {
  expect(nextHlc(makeHlc(5, 0xffff), 5)).toBe(makeHlc(6, 0));
});

test('a stamp shows the wall clock it was made at', () => {
  expect(hlcMs(nextHlc(ZERO_HLC, 1_700_000_000_000))).toBe(1_700_000_000_000);
});

test('a device goes on from the greatest stamp it has seen', () => {
  const [low, high] = [makeHlc(5, 0), makeHlc(9, 3)];
  expect(observeHlc(low, high)).toBe(high);
  expect(observeHlc(high, low)).toBe(high);
  expect(nextHlc(observeHlc(low, high), 5)).toBe(makeHlc(9, 4));
});

test('a stamp far ahead is bounded, one in the past is not', () => {
  const year2106 = makeHlc(Date.UTC(2106, 0, 1), 7);
  expect(hlcMs(boundHlc(year2106, 1_000, 60_000))).toBe(61_000);
  expect(boundHlc(makeHlc(5, 1), 1_000, 60_000)).toBe(makeHlc(5, 1));
});

test('a stamp that was set back is known again by its counter, and no other is', () => {
  const [mine, others] = [makeHlc(200_000, 0x1a2b), makeHlc(200_000, 0x1a2c)];
  const stored = boundHlc(mine, 1_000, 60_000);
  expect([isBoundHlc(stored, mine), isBoundHlc(stored, others)]).toEqual([true, false]);
  expect([isBoundHlc(mine, mine), isBoundHlc(mine, stored)]).toEqual([true, false]);
  expect(isBoundHlc(makeHlc(61_000, 0), mine)).toBe(true);
});

test('equal stamps are told apart by their devices, the same way everywhere', () => {
  const stamp = makeHlc(5, 0);
  expect(hlcAfter(stamp, 'b', stamp, 'a')).toBe(true);
  expect(hlcAfter(stamp, 'a', stamp, 'b')).toBe(false);
  expect(hlcAfter(makeHlc(6, 0), 'a', stamp, 'b')).toBe(true);
});
