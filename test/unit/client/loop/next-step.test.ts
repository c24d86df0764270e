import { expect, test } from 'vitest';
import { retryDelayMs } from '../../../../src/client/loop/backoff.ts';
import { nextStep } from '../../../../src/client/loop/next-step.ts';
import { SyncError, type SyncErrorKind } from '../../../../src/shared/error.ts';

const stepOf = (kind: SyncErrorKind, details = {}) => nextStep(new SyncError(kind, 'scripted', { details }));

test.each([
  ['network', 'offline', 'reconnect', 'keep'],
  ['timeout', 'offline', 'reconnect', 'shrink'],
  ['server', 'error', 'recover', 'shrink'],
  ['rate-limited', 'error', 'recover', 'keep'],
  ['needs-auth', 'needs-auth', 'sign-in', 'keep'],
  ['forbidden', 'error', 'slow', 'keep'],
  ['version', 'error', 'rare', 'keep'],
  ['protocol', 'error', 'backoff', 'isolate'],
  ['too-large', 'error', 'backoff', 'isolate'],
  ['rejected', 'error', 'backoff', 'isolate'],
  ['invalid-value', 'error', 'backoff', 'isolate'],
  ['storage', 'error', 'reconnect', 'keep'],
  ['quota', 'error', 'recover', 'keep'],
] as const)('%s shows as %s, is retried at the pace %s, and a push with it: %s', (kind, phase, retry, push) => {
  expect(stepOf(kind)).toMatchObject({ phase, retry, push });
});

test('only another history and a log that is too short make the loop start over', () => {
  expect(stepOf('epoch').startsOver).toBe(true);
  expect(stepOf('resync').startsOver).toBe(true);
  expect(stepOf('protocol').startsOver).toBe(false);
});

test('the moment the server names is a lower bound, with a spread behind it', () => {
  const { retryAfterMs } = stepOf('rate-limited', { retryAfterMs: 7_000 });
  const delay = (random: number) => retryDelayMs('backoff', { failures: 1, retryAfterMs, random, isAttended: true });
  expect(delay(0)).toBe(7_000);
  expect(delay(0.9)).toBe(7_450);
});

test('a server that asks for a day is asked again after five minutes', () => {
  expect(stepOf('rate-limited', { retryAfterMs: 60_000 }).retryAfterMs).toBe(60_000);
  expect(stepOf('server', { retryAfterMs: 86_400_000 }).retryAfterMs).toBe(300_000);
});

test.each([
  ['needs-auth', true, 8_000],
  ['needs-auth', false, 20_000],
  ['rate-limited', true, 8_000],
  ['rate-limited', false, 30_000],
  ['server', true, 8_000],
  ['network', true, 4_000],
  ['epoch', true, 8_000],
  ['resync', true, 8_000],
  ['quota', true, 8_000],
] as const)(
  'after %s (somebody looks: %s) the next try comes within %i ms, however often it failed',
  (kind, isAttended, withinMs) => {
    const { retry } = stepOf(kind);
    const delays = [1, 5, 50].map((failures) =>
      retryDelayMs(retry, { failures, retryAfterMs: 0, random: 0.999_999, isAttended }),
    );
    expect(Math.max(...delays)).toBe(withinMs);
  },
);

test('a strange retryAfterMs counts as none', () => {
  expect(stepOf('rate-limited', { retryAfterMs: -1 }).retryAfterMs).toBe(0);
  expect(stepOf('rate-limited', { retryAfterMs: 'soon' }).retryAfterMs).toBe(0);
});

test('where only a person can help, it is tried between every half minute and every minute', () => {
  const delay = (random: number) => retryDelayMs('slow', { failures: 9, retryAfterMs: 0, random, isAttended: true });
  expect([delay(0), delay(0.999_999)]).toEqual([30_000, 60_000]);
});
