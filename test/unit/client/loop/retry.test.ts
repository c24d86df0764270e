import { expect, test } from 'vitest';
import { SyncError } from '../../../../src/shared/error.ts';
import { device } from './support/harness.ts';

test('L7: a failed round is tried again by a timer, and by nothing else', async () => {
  const { server, start, runtime, phase, loop } = device();
  server.fail('pull', 'network', { times: 2 });
  await start();
  expect(phase()).toBe('offline');
  expect(loop.status()).toMatchObject({ isOnline: false, connection: 'closed', error: { kind: 'network' } });
  expect(loop.status().nextRetryAt).not.toBeNull();
  await runtime.advance(5_000);
  expect(phase()).toBe('synced');
  expect(loop.history().map(({ trigger, outcome }) => [trigger, outcome])).toEqual([
    ['start', 'failed'],
    ['retry', 'failed'],
    ['retry', 'ok'],
  ]);
});

test('a server that is down is tried again and again, at least every 4 s, and found when it is back', async () => {
  const { server, start, runtime, phase } = device();
  server.isDown = true;
  await start();
  await runtime.advance(3_600_000);
  const tries = server.log.map(({ at }) => at);
  const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(4_000);
  expect(tries.length).toBeLessThan(2_000);
  server.isDown = false;
  await runtime.advance(30_000);
  expect(phase()).toBe('synced');
});

test('a call by hand that is given up neither shortens nor lengthens the wait', async () => {
  const { server, start, runtime, loop } = device();
  server.fail('handshake', 'rate-limited', { retryAfterMs: 20_000 });
  await start();
  const { nextRetryAt } = loop.status();
  const release = server.hang();
  const giveUp = new AbortController();
  const call = loop.run('sync', { signal: giveUp.signal });
  await runtime.advance(100);
  giveUp.abort();
  await expect(call).rejects.toMatchObject({ kind: 'aborted' });
  await runtime.advance(0);
  release();
  expect(loop.status()).toMatchObject({ phase: 'error', nextRetryAt });
  await runtime.advance(20_500);
  expect(loop.status().phase).toBe('synced');
});

test('while nobody looks it is tried less often, and at once when somebody comes back', async () => {
  const { server, start, runtime, phase, loop } = device();
  server.isDown = true;
  loop.attend(false);
  await start();
  await runtime.advance(3_600_000);
  expect(server.log.length).toBeLessThan(300);
  server.isDown = false;
  loop.attend(true);
  await runtime.advance(0);
  expect(phase()).toBe('synced');
});

test('L8: a handshake that is stuck on a dead connection is left behind when the channel opens', async () => {
  const { server, start, runtime, phase, write } = device();
  await start();
  const handshake = server.handshake.bind(server);
  server.handshake = () => new Promise(() => {});
  server.channels[0]?.cut();
  write();
  await runtime.advance(2_000);
  server.handshake = handshake;
  expect(server.outcomes.size).toBe(1);
  expect(phase()).toBe('synced');
});

test('writes made while it waits do not shorten the wait', async () => {
  const { server, start, runtime, write } = device();
  server.fail('handshake', 'rate-limited', { retryAfterMs: 20_000 });
  await start();
  await runtime.advance(1_000);
  for (let count = 0; count < 10; count += 1) write();
  await runtime.advance(18_999);
  expect(server.calls('handshake')).toBe(1);
  await runtime.advance(1_000);
  expect(server.outcomes.size).toBe(10);
});

test('the platform saying "online" brings an immediate try; "offline" stops nothing', async () => {
  const { server, start, runtime, phase, online } = device({ seed: 3 });
  server.isDown = true;
  await start();
  await runtime.advance(60_000);
  server.isDown = false;
  online.emit(false);
  online.emit(true);
  await runtime.advance(0);
  expect(phase()).toBe('synced');
  online.emit(false);
  await runtime.advance(0);
  server.commit();
  await runtime.advance(0);
  expect(phase()).toBe('synced');
});

test('the platform saying "offline" is looked into at once, and not believed', async () => {
  const { server, start, runtime, phase, loop, online } = device();
  await start();
  online.emit(false);
  await runtime.advance(0);
  expect(loop.status()).toMatchObject({ phase: 'synced', connection: 'open', isOnline: true });
  server.isDown = true;
  online.emit(false);
  await runtime.advance(0);
  expect(phase()).toBe('offline');
});

test('"online" does not break into the wait the server asked for', async () => {
  const { server, start, runtime, online } = device();
  server.fail('handshake', 'rate-limited', { retryAfterMs: 20_000 });
  await start();
  online.emit(true);
  await runtime.advance(10_000);
  expect(server.calls('handshake')).toBe(1);
});

test('I1: needs-auth keeps the work, and a new token, a call, or a timer goes on with it', async () => {
  const { server, start, runtime, phase, write, loop, store } = device();
  server.fail('handshake', 'needs-auth', { times: 1_000 });
  write();
  await start();
  expect(phase()).toBe('needs-auth');
  await expect(loop.run('sync')).rejects.toMatchObject({ kind: 'needs-auth' });
  expect(store.counts().pendingCount).toBe(1);
  await runtime.advance(60_000);
  expect(server.calls('handshake')).toBeGreaterThanOrEqual(9);
  expect(server.calls('handshake')).toBeLessThanOrEqual(17);
  server.heal();
  loop.tokenChanged();
  await runtime.advance(0);
  expect(phase()).toBe('synced');
  expect(server.outcomes.size).toBe(1);
});

test('a version the server does not accept is an error, tried again rarely', async () => {
  const { server, start, runtime, phase, loop } = device();
  server.fail('handshake', 'version', { times: 1_000 });
  await start();
  expect(phase()).toBe('error');
  expect(loop.status().error?.kind).toBe('version');
  await runtime.advance(600_000);
  expect(server.calls('handshake')).toBeLessThanOrEqual(5);
});

test('a full disk is an error that passes when there is room again', async () => {
  const { store, server, start, runtime, phase } = device();
  const { SyncError } = await import('../../../../src/shared/error.ts');
  const apply = store.applyChain.bind(store);
  store.applyChain = () => {
    throw new SyncError('quota', 'the disk is full');
  };
  server.head = 3;
  await start();
  expect(phase()).toBe('error');
  store.applyChain = apply;
  await runtime.advance(60_000);
  expect(phase()).toBe('synced');
});

test('R13: no request is made before the server wants one, also while a mutation at fault is looked for; a call by hand goes before', async () => {
  const { server, start, runtime, write, phase, loop } = device();
  await start();
  const push = server.push.bind(server);
  let askedCount = 0;
  let isBad = true;
  server.push = async (request, signal) => {
    const [first] = request.mutations;
    if (!isBad || !first) return push(request, signal);
    if (askedCount > 0) askedCount += 1;
    // It fails over the first one, and has had enough when another is tried instead.
    if (request.mutations.length > 1 || first.mutationId === 1) throw new SyncError('server', 'It failed over this.');
    askedCount += 1;
    throw new SyncError('rate-limited', 'Enough.', { details: { retryAfterMs: 20_000 } });
  };
  loop.pause('offline');
  for (let count = 0; count < 8; count += 1) write();
  loop.resume('offline');
  await runtime.advance(19_000);
  expect(askedCount).toBe(1);
  expect(loop.status().nextRetryAt).toBeGreaterThanOrEqual(runtime.now() + 1_000);
  isBad = false;
  await Promise.all([loop.run('sync'), runtime.advance(0)]);
  expect(phase()).toBe('synced');
});
