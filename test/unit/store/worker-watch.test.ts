import { expect, test } from 'vitest';
import type { SyncErrorJson } from '../../../src/shared/error.ts';
import { WorkerWatch } from '../../../src/store/worker-watch.ts';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';

function watched() {
  const runtime = manualRuntime();
  const told: (SyncErrorJson['kind'] | null)[] = [];
  const worker = { openCount: 0, pingCount: 0, isThere: true };
  const watch = new WorkerWatch({
    runtime,
    isWaiting: () => worker.openCount > 0,
    ping: () => {
      worker.pingCount += 1;
      if (worker.isThere) runtime.setTimer(1, () => watch.heard());
    },
    onStall: (error) => told.push(error?.kind ?? null),
  });
  watch.heard();
  return { runtime, told, worker, watch };
}

test('a worker without a sign of life is told of once, and when it is back', async () => {
  const { runtime, told, worker, watch } = watched();
  worker.isThere = false;
  worker.openCount = 1;
  watch.called();
  await runtime.advance(14_999);
  expect(told).toEqual([]);
  await runtime.advance(1);
  expect(told).toEqual(['timeout']);
  watch.called();
  await runtime.advance(600_000);
  expect([told, worker.pingCount]).toEqual([['timeout'], 1]);
  watch.heard();
  expect(told).toEqual(['timeout', null]);
  await runtime.advance(15_000);
  expect(told).toEqual(['timeout', null, 'timeout']);
});

test('a call that takes its time on a worker that answers is left alone', async () => {
  const { runtime, told, worker, watch } = watched();
  worker.openCount = 1;
  watch.called();
  await runtime.advance(3_600_000);
  expect(told).toEqual([]);
  expect(worker.pingCount).toBeGreaterThan(100);
});

test('nothing is asked while nobody waits', async () => {
  const { runtime, told, worker, watch } = watched();
  watch.called();
  await runtime.advance(3_600_000);
  expect([told, worker.pingCount, runtime.timerCount]).toEqual([[], 0, 0]);
});

test('a page that was frozen asks again before it tells', async () => {
  const { runtime, told, worker, watch } = watched();
  worker.isThere = false;
  worker.openCount = 1;
  watch.called();
  await runtime.advance(5_000);
  runtime.holdUp(3_600_000);
  worker.isThere = true;
  await runtime.advance(10_000);
  expect([told, worker.pingCount > 1]).toEqual([[], true]);
});

test('a worker that is still being fetched is given a minute', async () => {
  const runtime = manualRuntime();
  const told: (string | null)[] = [];
  const watch = new WorkerWatch({
    runtime,
    isWaiting: () => true,
    ping: () => {},
    onStall: (error) => told.push(error?.kind ?? null),
  });
  watch.called();
  await runtime.advance(64_000);
  expect(told).toEqual([]);
  await runtime.advance(1_000);
  expect(told).toEqual(['timeout']);
});
