import { beforeEach, expect, test } from 'vitest';
import { SyncError } from '../../../src/shared/error.ts';
import { type ManualRuntime, manualRuntime } from '../../../src/testing/manual-runtime.ts';
import { hedged } from '../../../src/transport/hedge.ts';

const AFTER_MS = 4_000;

let runtime: ManualRuntime;
let calls: { answer(value: string): void; fail(error: Error): void; readonly signal: AbortSignal }[];
let controller: AbortController;

beforeEach(() => {
  runtime = manualRuntime();
  calls = [];
  controller = new AbortController();
});

const begin = () =>
  hedged(
    { runtime, afterMs: AFTER_MS, signal: controller.signal },
    (signal) => new Promise<string>((answer, fail) => calls.push({ answer, fail, signal })),
  ).catch((error: unknown) => error);

test('a call that is answered in time is made once', async () => {
  const ended = begin();
  calls[0]?.answer('first');
  expect(await ended).toBe('first');
  await runtime.advance(60_000);
  expect([calls.length, runtime.timerCount]).toEqual([1, 0]);
});

test('one that is silent is made a second time, and no more often; the first answer counts, and ends the other', async () => {
  const ended = begin();
  await runtime.advance(60_000);
  expect(calls).toHaveLength(2);
  calls[1]?.answer('second');
  expect(await ended).toBe('second');
  expect(calls[0]?.signal.aborted).toBe(true);
});

test('one that is only slow still counts', async () => {
  const ended = begin();
  await runtime.advance(AFTER_MS);
  calls[0]?.answer('first');
  expect(await ended).toBe('first');
});

test('a failure counts once no other is under way', async () => {
  const ended = begin();
  await runtime.advance(AFTER_MS);
  calls[0]?.fail(new Error('one'));
  calls[1]?.fail(new Error('two'));
  expect(await ended).toMatchObject({ message: 'two' });
  const other = begin();
  calls[2]?.fail(new Error('alone'));
  expect(await other).toMatchObject({ message: 'alone' });
  expect(runtime.timerCount).toBe(0);
});

test('whoever gives up ends all of them, with the reason', async () => {
  const ended = begin();
  await runtime.advance(AFTER_MS);
  controller.abort(new SyncError('closed', 'over'));
  for (const { fail, signal } of calls) fail(signal.reason);
  expect(await ended).toMatchObject({ kind: 'closed' });
});
