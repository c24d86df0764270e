/** Work that waits and does not move on is noticed, told of, and recovered from. */
import { expect, test } from 'vitest';
import { PULSE_MS } from '../../../../src/client/loop/pulse.ts';
import { device } from './support/harness.ts';

test('X3: a push that is never answered is given up, told of as a stall, and sent again', async () => {
  const { server, start, runtime, phase, write, eventsOf, loop } = device();
  await start();
  const push = server.push.bind(server);
  server.push = () => new Promise(() => {});
  write();
  await runtime.advance(180_000);
  expect(eventsOf('stalled')).toMatchObject([{ what: 'round', error: { kind: 'timeout' } }]);
  expect(loop.status()).toMatchObject({ phase: 'error', pendingCount: 1, error: { kind: 'timeout' } });
  server.push = push;
  await runtime.advance(2_000);
  expect(phase()).toBe('synced');
  expect(server.outcomes.size).toBe(1);
});

test.each([
  ['goes in circles', (page: number) => String(page % 3)],
  ['never ends and brings nothing', (page: number) => `page ${page}`],
])('X4: a chain of pages that %s is an error with back-off', async (_, resumeOf) => {
  const { server, start, runtime, loop } = device();
  const pull = server.pull.bind(server);
  let page = 0;
  server.pull = async (request, signal) => {
    page += 1;
    return { ...(await pull(request, signal)), transactions: [], cursor: null, resume: resumeOf(page) };
  };
  await start();
  await runtime.advance(600_000);
  expect(loop.status()).toMatchObject({ phase: 'error', error: { kind: 'protocol' } });
  expect(page).toBeLessThan(20_000);
  server.pull = pull;
  await runtime.advance(30_000);
  expect(loop.status().phase).toBe('synced');
});

test('X5: a server that tells of commits it does not have is asked ever more rarely, and told of', async () => {
  const { server, start, runtime, eventsOf, loop } = device();
  await start();
  const pull = server.pull.bind(server);
  server.pull = async (request, signal) => ({ ...(await pull(request, signal)), head: 1_000 });
  await Promise.all([loop.run('sync'), runtime.advance(0)]);
  const before = server.calls('pull');
  await runtime.advance(3_600_000);
  expect(server.calls('pull') - before).toBeLessThan(60);
  expect(eventsOf('stalled')).toMatchObject([{ what: 'cursor', error: { kind: 'server' } }]);
  expect(loop.status().phase).toBe('pending');
});

test('X6: a timer that was lost with a frozen page is made up for when the page is seen again', async () => {
  const { server, start, runtime, phase, loop } = device();
  server.isDown = true;
  const setTimer = runtime.setTimer.bind(runtime);
  // As of a page that was thawed without its timers.
  runtime.setTimer = () => () => {};
  await start();
  await runtime.advance(60_000);
  runtime.setTimer = setTimer;
  server.isDown = false;
  await runtime.advance(60_000);
  expect(phase()).toBe('offline');
  loop.attend(true);
  await runtime.advance(0);
  expect(phase()).toBe('synced');
});

test('X7: a timer that was lost on a page that stays visible is noticed by a pulse, told of, and made up for', async () => {
  const { server, start, runtime, phase, eventsOf } = device();
  await start();
  server.isDown = true;
  const setTimer = runtime.setTimer.bind(runtime);
  await runtime.advance(300_000 - 1_000);
  // The poll fails now, and the timer of its retry is lost: the beats of the pulse are not.
  runtime.setTimer = (ms, run) => (ms === PULSE_MS ? setTimer(ms, run) : () => {});
  await runtime.advance(5_000);
  expect(phase()).toBe('offline');
  server.isDown = false;
  await runtime.advance(PULSE_MS + 5_000);
  expect(phase()).toBe('synced');
  expect(eventsOf('stalled')).toMatchObject([{ what: 'timer', error: { kind: 'timeout' } }]);
});

test('X7: a pulse finds nothing to tell of where all is well, and ends with the loop', async () => {
  const { start, runtime, eventsOf, loop, write } = device();
  await start();
  for (let turn = 0; turn < 20; turn += 1) {
    write();
    await runtime.advance(PULSE_MS - 1_000);
    runtime.holdUp(7_000);
  }
  expect(eventsOf('stalled')).toEqual([]);
  loop.pause('hidden');
  await runtime.advance(0);
  expect(runtime.timerCount).toBe(0);
});
