import { describe, expect, test } from 'vitest';
import type { SyncProgress } from '../../../../src/client/types.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { device } from './support/harness.ts';

describe('calls by hand', () => {
  test('sync resolves with its own round, in which both directions are at rest', async () => {
    const { server, start, runtime, loop, store, write } = device({ autoSync: false });
    await start();
    write();
    server.head = 4;
    const [round] = await Promise.all([loop.run('sync'), runtime.advance(0)]);
    expect(round).toMatchObject({
      trigger: 'manual',
      outcome: 'ok',
      pushedCount: 1,
      pulledChangeCount: 5,
      error: null,
    });
    expect(store.cursor?.seq).toBe(5);
  });

  test('push only pushes, pull only pulls', async () => {
    const { server, start, runtime, loop, write } = device({ autoSync: false });
    await start();
    write();
    await Promise.all([loop.run('push'), runtime.advance(0)]);
    expect([server.calls('push'), server.calls('pull')]).toEqual([1, 0]);
    write();
    await Promise.all([loop.run('pull'), runtime.advance(0)]);
    expect([server.calls('push'), server.calls('pull')]).toEqual([1, 1]);
  });

  test('seed records what was never sent, and sends it', async () => {
    const { start, runtime, loop, store, eventsOf } = device({ autoSync: false });
    await start();
    const [round] = await Promise.all([loop.run('seed', { tables: ['issue', 'note'] }), runtime.advance(0)]);
    expect(round.pushedCount).toBe(2);
    expect(store.outcomes()).toEqual(['applied', 'applied']);
    expect(eventsOf('progress')[0]?.progress).toEqual({ step: 'seed', done: 2, total: 2 });
  });

  test('a call tells its progress', async () => {
    const { server, start, runtime, loop } = device({ autoSync: false });
    server.snapshotPages = 2;
    await start();
    const seen: SyncProgress[] = [];
    await Promise.all([loop.run('pull', { onProgress: (progress) => seen.push(progress) }), runtime.advance(0)]);
    expect(seen.map(({ step, done, total }) => `${step} ${done}/${total}`)).toEqual([
      'snapshot 1/2',
      'snapshot 2/2',
      'snapshot 2/2',
    ]);
  });

  test('calls made while a round runs share the next one', async () => {
    const { server, start, runtime, loop } = device();
    const go = server.hang();
    await start();
    const both = Promise.all([loop.run('sync'), loop.run('sync')]);
    go();
    await runtime.advance(0);
    const [first, second] = await both;
    expect(first).toBe(second);
    expect(loop.history().map(({ trigger }) => trigger)).toEqual(['start', 'manual']);
  });

  test('a call rejects with what its round failed with', async () => {
    const { server, start, runtime, loop, phase } = device({ autoSync: false });
    await start();
    server.isDown = true;
    const call = loop.run('sync');
    await Promise.all([expect(call).rejects.toMatchObject({ kind: 'network' }), runtime.advance(0)]);
    expect(phase()).toBe('offline');
    expect(loop.status().nextRetryAt).toBeNull();
  });

  test('a table that is not in the schema is refused', async () => {
    const { start, loop } = device();
    await start();
    await expect(loop.run('sync', { tables: ['isue'] })).rejects.toMatchObject({ kind: 'not-found' });
  });
});

describe('signals', () => {
  test('C1: a call that is aborted rejects at once, and its round ends', async () => {
    const { server, start, runtime, loop, write, store } = device({ autoSync: false });
    await start();
    write();
    server.hang();
    const controller = new AbortController();
    const call = loop.run('sync', { signal: controller.signal });
    await runtime.advance(0);
    controller.abort();
    await expect(call).rejects.toMatchObject({ kind: 'aborted' });
    await runtime.advance(0);
    expect(loop.history().at(-1)?.outcome).toBe('aborted');
    expect(loop.status()).toMatchObject({ phase: 'pending', error: null });
    expect(store.states()).toEqual(['pending']);
  });

  test('C2: a round that others wait for goes on when one of them gives up', async () => {
    const { server, start, runtime, loop } = device({ autoSync: false });
    await start();
    const controller = new AbortController();
    const go = server.hang();
    const first = loop.run('sync', { signal: controller.signal });
    const second = loop.run('sync');
    await runtime.advance(0);
    controller.abort();
    await expect(first).rejects.toMatchObject({ kind: 'aborted' });
    go();
    await runtime.advance(0);
    await expect(second).resolves.toMatchObject({ outcome: 'ok' });
  });

  test('a signal that was aborted before refuses the call', async () => {
    const { start, loop } = device();
    await start();
    await expect(loop.run('sync', { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' });
  });

  test('C3: an abort in the moment a batch is taken gives it back', async () => {
    const { start, runtime, loop, write, store } = device({ autoSync: false });
    await start();
    await Promise.all([loop.run('sync'), runtime.advance(0)]);
    write();
    const controller = new AbortController();
    const nextPush = store.nextPush.bind(store);
    store.nextPush = (maxBytes) => {
      const batch = nextPush(maxBytes);
      controller.abort();
      return batch;
    };
    const call = loop.run('push', { signal: controller.signal });
    await Promise.all([expect(call).rejects.toMatchObject({ kind: 'aborted' }), runtime.advance(0)]);
    store.nextPush = nextPush;
    expect(store.states()).toEqual(['pending']);
    await Promise.all([loop.run('push'), runtime.advance(0)]);
    expect(store.outcomes()).toEqual(['applied']);
  });

  test('C3: between taking a batch and sending it, an abort leaves nothing behind that counts as sent', async () => {
    const { start, runtime, loop, write, gate, store } = device({ autoSync: false });
    await start();
    await Promise.all([loop.run('sync'), runtime.advance(0)]);
    write();
    const release = gate.hold();
    const controller = new AbortController();
    const call = loop.run('push', { signal: controller.signal });
    await runtime.advance(0);
    controller.abort();
    await expect(call).rejects.toMatchObject({ kind: 'aborted' });
    release();
    await runtime.advance(0);
    expect(store.counts()).toMatchObject({ hasSendable: true });
    await Promise.all([loop.run('push'), runtime.advance(0)]);
    expect(store.outcomes()).toEqual(['applied']);
  });
});

describe('pausing', () => {
  test('W1: one reason holds everything: no request, no channel, until each is taken back', async () => {
    const { server, start, runtime, loop, write, phase } = device();
    await start();
    loop.pause('settings');
    loop.pause('metered');
    server.log.length = 0;
    write();
    server.commit();
    await runtime.advance(3_600_000);
    expect(server.log).toEqual([]);
    expect(loop.status()).toMatchObject({ phase: 'paused', connection: 'closed', pausedBy: ['settings', 'metered'] });
    loop.resume('settings');
    await runtime.advance(60_000);
    expect(phase()).toBe('paused');
    loop.resume('metered');
    await runtime.advance(0);
    expect(phase()).toBe('synced');
    expect(loop.history().at(-1)?.trigger).toBe('resume');
  });

  test('W2: a call while paused is refused, naming the reasons', async () => {
    const { start, loop } = device();
    await start();
    loop.pause('settings');
    await expect(loop.run('sync')).rejects.toMatchObject({ kind: 'aborted', details: { pausedBy: 'settings' } });
    await expect(loop.devices.list()).rejects.toMatchObject({ kind: 'aborted' });
  });

  test('W3: pausing ends the running round; resuming at once begins a new one after it', async () => {
    const { server, start, runtime, loop, write, store, phase } = device();
    await start();
    await runtime.advance(100);
    const go = server.hang();
    write();
    await runtime.advance(0);
    loop.pause('flicker');
    loop.resume('flicker');
    go();
    await runtime.advance(1_000);
    expect(store.outcomes()).toEqual(['applied']);
    expect(loop.history().map(({ outcome }) => outcome)).toEqual(['ok', 'aborted', 'ok']);
    expect(phase()).toBe('synced');
  });

  test('paused before the start, it begins when it is resumed', async () => {
    const { server, start, runtime, loop, phase } = device();
    loop.pause('later');
    await start();
    expect([server.log.length, phase()]).toEqual([0, 'paused']);
    loop.resume('later');
    await runtime.advance(0);
    expect(phase()).toBe('synced');
  });

  test('resumed before the start, it does not begin', async () => {
    const { server, runtime, loop, phase } = device();
    loop.pause('later');
    loop.resume('later');
    await runtime.advance(60_000);
    expect([server.log.length, phase()]).toEqual([0, 'starting']);
  });
});

describe('autoSync: false', () => {
  test('W4: nothing runs by itself', async () => {
    const { server, start, runtime, loop, write, phase, online } = device({ autoSync: false });
    await start();
    write();
    online.emit(true);
    await runtime.advance(3_600_000);
    expect(server.log).toEqual([]);
    expect(phase()).toBe('pending');
    await Promise.all([loop.run('sync'), runtime.advance(0)]);
    expect(loop.status()).toMatchObject({ phase: 'synced', connection: 'closed' });
    expect(server.calls('connect')).toBe(0);
  });

  test('the first handshake and pull come with the first call', async () => {
    const { server, start, runtime, loop } = device({ autoSync: false });
    await start();
    await Promise.all([loop.run('pull'), runtime.advance(0)]);
    expect(server.log.map(({ method }) => method)).toEqual(['handshake', 'pull']);
  });
});

describe('without a server', () => {
  test('every call throws no-server, and the phase is local', async () => {
    const { loop } = device({ transport: null });
    loop.start();
    for (const kind of ['sync', 'push', 'pull', 'seed', 'hydrate'] as const) {
      await expect(loop.run(kind)).rejects.toMatchObject({ kind: 'no-server' });
    }
    await expect(loop.devices.list()).rejects.toMatchObject({ kind: 'no-server' });
    expect(loop.status()).toMatchObject({ phase: 'local', connection: 'closed' });
    expect(loop.cursors()).toEqual([]);
    await loop.close();
  });
});

describe('devices', () => {
  test('are listed with this one marked, renamed and revoked', async () => {
    const { start, loop } = device();
    await start();
    expect((await loop.devices.list()).map(({ deviceId, isThisDevice }) => [deviceId, isThisDevice])).toEqual([
      ['device-1', true],
      ['device-2', false],
    ]);
    await loop.devices.rename('kitchen');
    await loop.devices.revoke('device-2');
  });
});

describe('closing', () => {
  test('E1: leaves no timer, no channel and no caller waiting', async () => {
    const { server, start, runtime, loop, write } = device();
    await start();
    server.hang();
    write();
    const call = loop.run('sync');
    await runtime.advance(0);
    const refused = expect(call).rejects.toMatchObject({ kind: 'closed' });
    await loop.close();
    await refused;
    expect(runtime.timerCount).toBe(0);
    expect(server.channels.every(({ state }) => state === 'closed')).toBe(true);
    server.log.length = 0;
    await runtime.advance(3_600_000);
    expect(server.log).toEqual([]);
    await expect(loop.run('sync')).rejects.toMatchObject({ kind: 'closed' });
  });

  test.each(['handshake', 'pull', 'push'] as const)('E2: while a %s is under way', async (method) => {
    const { server, runtime, loop, store } = device();
    store.write();
    const reach = server[method].bind(server) as (request: never, signal?: AbortSignal) => Promise<never>;
    const hang = () => new Promise<never>(() => {});
    Object.assign(server, { [method]: hang });
    loop.start();
    await runtime.advance(0);
    await loop.close();
    expect(runtime.timerCount).toBe(0);
    expect(reach).toBeDefined();
  });

  test('E3: while the app holds a transaction', async () => {
    const { runtime, loop, gate, start } = device();
    const release = gate.hold();
    await start();
    await loop.close();
    expect(runtime.timerCount).toBe(0);
    release();
    await runtime.advance(0);
  });

  test('twice is once', async () => {
    const { start, loop } = device();
    await start();
    await loop.close();
    await loop.close();
  });
});

describe('watchdog', () => {
  test('X1: a round in which nothing moves is given up as a failure and tried again', async () => {
    const { server, start, runtime, phase, eventsOf } = device();
    const handshake = server.handshake.bind(server);
    server.handshake = () => new Promise(() => {});
    await start();
    await runtime.advance(179_000);
    server.handshake = handshake;
    expect(phase()).toBe('syncing');
    await runtime.advance(3_000);
    expect(eventsOf('sync-failed')).toMatchObject([{ error: { kind: 'timeout' } }]);
    expect(eventsOf('stalled')).toMatchObject([{ what: 'round' }]);
    expect(phase()).toBe('synced');
  });

  test('X2: a long round in which something moves is left alone', async () => {
    const { server, start, runtime, loop } = device();
    server.snapshotPages = 20;
    const pull = server.pull.bind(server);
    server.pull = async (request, signal) => {
      await new Promise<void>((resolve) => runtime.setTimer(120_000, resolve));
      return pull(request, signal);
    };
    await start();
    await runtime.advance(44 * 60_000);
    expect(loop.history()).toMatchObject([{ outcome: 'ok' }]);
  });

  test('an app that holds its transaction for ever is told, and recovered from', async () => {
    const { start, runtime, gate, phase, loop } = device();
    const release = gate.hold();
    await start();
    await runtime.advance(190_000);
    expect(loop.history()[0]?.error?.kind).toBe('timeout');
    release();
    await runtime.advance(60_000);
    expect(phase()).toBe('synced');
  });
});

test('a store that fails under a frame is seen by the pull that follows', async () => {
  const { server, start, runtime, store, loop, phase } = device();
  await start();
  const apply = store.applyChain.bind(store);
  store.applyChain = () => {
    throw new SyncError('storage', 'disk i/o error');
  };
  server.commit();
  await runtime.advance(0);
  expect(loop.status()).toMatchObject({ phase: 'error', error: { kind: 'storage' } });
  store.applyChain = apply;
  await runtime.advance(30_000);
  expect(phase()).toBe('synced');
});
