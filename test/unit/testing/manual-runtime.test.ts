import { expect, test } from 'vitest';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';

test('time stands still until it is moved', async () => {
  const runtime = manualRuntime({ startAt: 1_000 });
  await runtime.advance(0);
  expect([runtime.now(), runtime.elapsed()]).toEqual([1_000, 0]);
  await runtime.advance(250);
  expect([runtime.now(), runtime.elapsed()]).toEqual([1_250, 250]);
});

test('timers run in order, each at its own time', async () => {
  const runtime = manualRuntime({ startAt: 0 });
  const seen: [string, number][] = [];
  const note = (name: string) => () => seen.push([name, runtime.elapsed()]);
  runtime.setTimer(20, note('later'));
  runtime.setTimer(10, note('first'));
  runtime.setTimer(10, note('second'));
  expect([runtime.timerCount, runtime.nextTimerMs]).toEqual([3, 10]);
  await runtime.advance(30);
  expect(seen).toEqual([
    ['first', 10],
    ['second', 10],
    ['later', 20],
  ]);
  expect([runtime.timerCount, runtime.nextTimerMs]).toEqual([0, null]);
});

test('a timer set while time moves falls due within the same move', async () => {
  const runtime = manualRuntime();
  const ticks: number[] = [];
  const tick = () => {
    ticks.push(runtime.elapsed());
    runtime.setTimer(10, tick);
  };
  runtime.setTimer(10, tick);
  await runtime.advance(35);
  expect(ticks).toEqual([10, 20, 30]);
});

test('what a timer sets going goes on before the next timer', async () => {
  const runtime = manualRuntime();
  const seen: string[] = [];
  runtime.setTimer(10, () => void Promise.resolve().then(() => seen.push('after the first')));
  runtime.setTimer(11, () => seen.push('second'));
  await runtime.advance(20);
  expect(seen).toEqual(['after the first', 'second']);
});

test('a cancelled timer never runs', async () => {
  const runtime = manualRuntime();
  const cancel = runtime.setTimer(10, () => {
    throw new Error('it ran');
  });
  cancel();
  await runtime.advance(100);
  expect(runtime.timerCount).toBe(0);
});

test('the wall clock can be shifted without the monotonic one', async () => {
  const runtime = manualRuntime({ startAt: 1_000 });
  runtime.shiftWallClock(-500);
  expect([runtime.now(), runtime.elapsed()]).toEqual([500, 0]);
});

test('the wall clock shows whole milliseconds', async () => {
  const runtime = manualRuntime({ startAt: 0 });
  await runtime.advance(1.5);
  expect(runtime.now()).toBe(1);
});

test('the same seed gives the same chance, another seed another', () => {
  const draw = (seed: number) => {
    const runtime = manualRuntime({ seed });
    return [runtime.random(), runtime.random(), runtime.uuid()];
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7)[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
