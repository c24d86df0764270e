import { RateLimiterMemory } from 'rate-limiter-flexible';
import { expect, test } from 'vitest';
import { InsuredLimiter } from '../../../../src/server/edge/insured-limiter.ts';
import type { RateLimiter } from '../../../../src/server/edge/limiter.ts';
import { manualRuntime } from '../../../../src/testing/manual-runtime.ts';

/** A store that does what the test says, and what it is asked and the log is told. */
function setUp({ points = 2 } = {}) {
  const runtime = manualRuntime();
  const log: string[] = [];
  const note = (_: object, message: string) => void log.push(message);
  let answer: () => Promise<unknown> = async () => undefined;
  let asked = 0;
  const store: RateLimiter = {
    consume: () => {
      asked += 1;
      return answer();
    },
  };
  const insurance = new RateLimiterMemory({ points, duration: 60 });
  const limiter = new InsuredLimiter({
    name: 'identity',
    store,
    insurance,
    runtime,
    logger: { info: note, warn: note, error: note },
  });
  return {
    limiter,
    runtime,
    log,
    asked: () => asked,
    answers: (next: () => Promise<unknown>) => {
      answer = next;
    },
  };
}

const fails = () => Promise.reject(new Error('connection refused'));

test('a refusal of the store is a refusal', async () => {
  const { limiter, answers, log } = setUp();
  answers(() => Promise.reject({ msBeforeNext: 5 }));
  await expect(limiter.consume('ana')).rejects.toEqual({ msBeforeNext: 5 });
  expect(log).toEqual([]);
});

test('while the store is down calls are counted here, and it is asked again now and then', async () => {
  const { limiter, answers, log, asked, runtime } = setUp();
  answers(fails);
  await limiter.consume('ana');
  await limiter.consume('ana');
  await expect(limiter.consume('ana')).rejects.toMatchObject({ msBeforeNext: expect.any(Number) });
  await limiter.consume('ben');
  expect(asked()).toBe(1);
  await runtime.advance(1_000);
  await limiter.consume('cai');
  expect(asked()).toBe(2);
  expect(log).toEqual(['the store of rate limits is down']);
});

test('a store that is back counts again', async () => {
  const { limiter, answers, log, asked, runtime } = setUp();
  answers(fails);
  await limiter.consume('ana');
  answers(async () => undefined);
  await runtime.advance(1_000);
  for (let n = 0; n < 5; n += 1) await limiter.consume('ana');
  expect(asked()).toBe(6);
  expect(log).toEqual(['the store of rate limits is down', 'the store of rate limits is back']);
});

test('a store that hangs holds a call up for half a second, and the next not at all', async () => {
  const { limiter, answers, runtime, asked } = setUp();
  answers(() => new Promise(() => undefined));
  const held = limiter.consume('ana');
  await runtime.advance(500);
  await held;
  await limiter.consume('ana');
  expect(asked()).toBe(1);
});
