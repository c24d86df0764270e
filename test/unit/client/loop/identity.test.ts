import { expect, test } from 'vitest';
import { device } from './support/harness.ts';

test('the first handshake binds the local data to its user', async () => {
  const { store, start } = device();
  await start();
  expect(store.subject).toBe('ada');
});

test('I2: nothing goes up or down under another user than the one the data belongs to', async () => {
  const { store, server, start, runtime, phase, write, loop } = device();
  store.subject = 'bob';
  write();
  await start();
  await runtime.advance(600_000);
  expect(phase()).toBe('error');
  expect(loop.status().error).toMatchObject({
    kind: 'forbidden',
    details: { localSubject: 'bob', serverSubject: 'ada' },
  });
  expect([server.calls('push'), server.calls('pull')]).toEqual([0, 0]);
  expect(store.counts().pendingCount).toBe(1);
  server.subject = 'bob';
  loop.tokenChanged();
  await runtime.advance(0);
  expect(phase()).toBe('synced');
});

test('I5: who is calling is told at each handshake', async () => {
  const told: (string | null)[] = [];
  const { server, start, runtime, loop } = device({
    onCaller: (stranger) => told.push(stranger && String(stranger.details.serverSubject)),
  });
  await start();
  expect(told.length).toBeGreaterThan(0);
  expect(new Set(told)).toEqual(new Set([null]));
  server.subject = 'eve';
  loop.tokenChanged();
  await Promise.allSettled([loop.run('sync'), runtime.advance(0)]);
  expect(told.at(-1)).toBe('eve');
  server.subject = 'ada';
  loop.tokenChanged();
  await runtime.advance(0);
  expect(told.at(-1)).toBe(null);
});

test('I3: after a change of token nothing is sent before a handshake has told who it is', async () => {
  const { server, start, runtime, write, loop, phase } = device();
  await start();
  await runtime.advance(60);
  server.subject = 'eve';
  loop.tokenChanged();
  write();
  await runtime.advance(0);
  expect(server.calls('push')).toBe(0);
  expect(phase()).toBe('error');
});

test('a channel that is welcomed as another user brings nothing', async () => {
  const { server, start, runtime, store } = device();
  await start();
  const handshake = server.handshake.bind(server);
  server.handshake = async (request, signal) => ({ ...(await handshake(request, signal)), subject: 'ada' });
  server.subject = 'eve';
  server.channels[0]?.cut();
  await runtime.advance(10_000);
  expect(server.channels.length).toBeGreaterThan(1);
  expect(server.channels.slice(1).every(({ subscribed }) => subscribed === null)).toBe(true);
  server.subject = 'ada';
  await runtime.advance(30_000);
  expect(server.channels.at(-1)?.subscribed).toEqual(store.cursor);
});

test('H1: another epoch in the handshake is a resync: cursor reset, everything anew, the outbox kept', async () => {
  const { store, server, start, runtime, phase, write, eventsOf } = device();
  await start();
  server.isDown = true;
  server.restore('epoch-2', 3);
  write();
  await runtime.advance(10_000);
  server.isDown = false;
  await runtime.advance(30_000);
  expect(eventsOf('resync')).toHaveLength(1);
  expect(store.resetCount).toBe(1);
  expect(store.cursor).toEqual({ epoch: 'epoch-2', seq: 4 });
  expect(server.outcomes.size).toBe(1);
  expect(phase()).toBe('synced');
});

test('H1: the new history is not taken to be as long as the old one was', async () => {
  const { server, start, runtime, phase, loop } = device();
  await start();
  server.commit(50);
  await runtime.advance(0);
  server.restore('epoch-2', 3);
  await runtime.advance(10_000);
  expect(loop.cursors()).toMatchObject([{ head: 3, lag: 0 }]);
  expect(phase()).toBe('synced');
});

test('H1: in the answer to a push, too, also where a channel is open and says nothing', async () => {
  const { store, server, start, runtime, write, eventsOf } = device();
  await start();
  server.tells = false;
  server.epoch = 'epoch-2';
  write();
  await runtime.advance(0);
  expect(eventsOf('resync')).toHaveLength(1);
  expect(store.cursor).toEqual({ epoch: 'epoch-2', seq: 1 });
});

test('H1: in a first page, too: no page is applied under a handshake of another history', async () => {
  const { store, server, start, eventsOf } = device();
  server.checkPull = () => {
    if (server.calls('pull') === 1) server.epoch = 'epoch-2';
  };
  await start();
  expect(eventsOf('resync')).toHaveLength(1);
  expect(server.calls('handshake')).toBe(2);
  expect(store.cursor).toEqual({ epoch: 'epoch-2', seq: 0 });
});

test('H2: after a change of history the new one is pulled before anything is pushed on top of it', async () => {
  const { server, start, runtime, write, loop } = device();
  await start();
  loop.pause('test');
  server.restore('epoch-2', 3);
  write();
  server.log.length = 0;
  loop.resume('test');
  await runtime.advance(0);
  const order = server.log.map(({ method }) => method).filter((method) => method === 'pull' || method === 'push');
  expect(order[0]).toBe('pull');
  expect(order).toContain('push');
});

test('a cursor older than the log starts over too', async () => {
  const { store, server, start, runtime, phase, loop, eventsOf } = device();
  await start();
  server.fail('pull', 'resync');
  await Promise.all([loop.run('sync'), runtime.advance(0)]);
  expect(store.resetCount).toBe(1);
  expect(eventsOf('resync')).toHaveLength(1);
  expect(phase()).toBe('synced');
});

test('H3: a server that asks to start over again and again is met with back-off', async () => {
  const { server, store, start, runtime, phase } = device();
  server.fail('pull', 'resync', { times: 1_000 });
  store.cursor = { epoch: 'epoch-1', seq: 0 };
  await start();
  expect(phase()).toBe('error');
  await runtime.advance(60_000);
  expect(server.calls('pull')).toBeLessThan(40);
});
