import { expect, test } from 'vitest';
import { device } from './support/harness.ts';

test('the first round pulls, and the channel opens where it ended', async () => {
  const { server, start, phase, loop, store } = device();
  server.head = 7;
  await start();
  expect(store.cursor).toEqual({ epoch: 'epoch-1', seq: 7 });
  expect(loop.status()).toMatchObject({
    phase: 'synced',
    connection: 'open',
    isOnline: true,
    hasSynced: true,
    error: null,
  });
  expect(server.channels[0]?.subscribed).toEqual({ epoch: 'epoch-1', seq: 7 });
  expect(phase()).toBe('synced');
});

test('a write goes up at once, and its echo comes down by the channel without a pull', async () => {
  const { server, start, write, runtime, settled, phase, store } = device();
  await start();
  const pulls = server.calls('pull');
  await runtime.advance(60);
  write();
  await runtime.advance(0);
  expect(settled).toEqual([{ mutationId: 1, outcome: 'applied', seq: 1, reason: null }]);
  expect(store.cursor?.seq).toBe(1);
  expect(server.calls('pull')).toBe(pulls);
  expect(phase()).toBe('synced');
});
