import { expect, test } from 'vitest';
import { BRIEF_MS, Patience } from '../../../src/transport/patience.ts';

test('where nothing is known, the first sign of an answer has to come within seconds', () => {
  const patience = new Patience(30_000);
  expect([patience.briefMs, patience.workMs]).toEqual([BRIEF_MS, BRIEF_MS]);
});

test('a server that takes its time gets it, and the next time too', () => {
  const patience = new Patience(30_000);
  patience.worked(5_000, 100);
  expect([patience.briefMs, patience.workMs]).toEqual([BRIEF_MS, 15_000]);
});

test('one time-out may be the fault of the connection; each further one doubles the time, up to the longest', () => {
  const patience = new Patience(30_000);
  const times = [0, 1, 2, 3, 4, 5].map(() => {
    patience.timedOut();
    return patience.workMs;
  });
  expect(times).toEqual([4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  patience.worked(10, 100);
  expect(patience.workMs).toBe(BRIEF_MS);
});

test('time-outs do not make the wait for a handshake longer: a server that is back is found soon', () => {
  const patience = new Patience(30_000);
  for (let count = 0; count < 9; count += 1) patience.timedOut();
  expect(patience.briefMs).toBe(BRIEF_MS);
});

test('a slow line gets more time for everything, within a bound', () => {
  const patience = new Patience(30_000);
  patience.answered(2_000);
  expect([patience.briefMs, patience.workMs]).toEqual([6_000, 6_000]);
  patience.answered(60_000);
  expect(patience.briefMs).toBe(10_000);
});

test('uploads get the time that they took before, and that of a slow line while nothing is known', () => {
  const patience = new Patience(30_000);
  expect(patience.uploadMs(1_048_576)).toBe(65_536);
  patience.worked(1_000, 1_048_576);
  expect(patience.uploadMs(1_048_576)).toBe(3_000);
  patience.timedOut();
  expect(patience.uploadMs(1_048_576)).toBe(65_536);
});

test('a line that has become slower is not taken for dead again and again: after one death uploads get their time', () => {
  const patience = new Patience(30_000);
  patience.uploaded(1_000, 1_048_576);
  expect(patience.uploadMs(1_048_576)).toBe(3_000);
  patience.pathDied();
  expect(patience.uploadMs(1_048_576)).toBe(65_536);
  patience.uploaded(1, 100);
  expect(patience.uploadMs(1_048_576)).toBe(65_536);
});

test('what the app allows at most is never exceeded', () => {
  const patience = new Patience(1_000);
  expect([patience.briefMs, patience.workMs]).toEqual([1_000, 1_000]);
});

test('when one connection has turned out to be dead, the next request gives up on its own sooner', () => {
  const patience = new Patience(30_000);
  patience.pathDied();
  expect([patience.silenceMs('work'), patience.silenceMs('work')]).toEqual([2_000, BRIEF_MS]);
});
