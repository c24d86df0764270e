import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { device } from './support/harness.ts';

describe('pace', () => {
  test('P1: the first write goes at once; those that come while it is on its way share requests', async () => {
    const { server, start, runtime, write } = device();
    await start();
    const push = server.push.bind(server);
    server.push = async (request, signal) => {
      await new Promise<void>((resolve) => runtime.setTimer(20, resolve));
      return push(request, signal);
    };
    await runtime.advance(1_000);
    for (let count = 0; count < 100; count += 1) {
      write();
      await runtime.advance(1);
    }
    await runtime.advance(200);
    const sizes = server.pushes.map(({ mutations }) => mutations.length);
    expect(sizes[0]).toBe(1);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
    expect(sizes.length).toBeLessThanOrEqual(5);
  });

  test('a lone write over a channel does not wait for company, however recent the last push', async () => {
    const { server, start, runtime, write } = device();
    await start();
    await runtime.advance(1_000);
    const since = runtime.elapsed();
    for (let count = 0; count < 5; count += 1) {
      write();
      await runtime.advance(10);
    }
    const pushedAt = server.log.filter(({ method }) => method === 'push').map(({ at }) => at - since);
    expect(pushedAt).toEqual([0, 10, 20, 30, 40]);
  });

  test('a burst over a channel shares requests, even where each is answered at once', async () => {
    const { server, start, runtime, write } = device();
    await start();
    await runtime.advance(1_000);
    for (let count = 0; count < 100; count += 1) {
      write();
      await runtime.advance(1);
    }
    await runtime.advance(100);
    expect(server.outcomes.size).toBe(100);
    expect(server.calls('push')).toBeLessThanOrEqual(5);
  });

  test('without a channel, writes that come one by one share requests', async () => {
    const { server, start, runtime, write } = device();
    server.hasRealtime = false;
    await start();
    await runtime.advance(1_000);
    for (let count = 0; count < 100; count += 1) {
      write();
      await runtime.advance(1);
    }
    await runtime.advance(100);
    expect(server.outcomes.size).toBe(100);
    expect(server.calls('push')).toBeLessThanOrEqual(4);
  });

  test('100,000 pending mutations drain in requests within the limit', async () => {
    const { server, start, store, loop, phase } = device();
    for (let count = 0; count < 100_000; count += 1) store.write(200);
    await start();
    expect(server.outcomes.size).toBe(100_000);
    expect(phase()).toBe('synced');
    const [round] = loop.history();
    expect(round?.pushedCount).toBe(100_000);
    expect(round?.sentBytes).toBe(100_000 * 200);
    expect(server.calls('push')).toBe(Math.ceil((100_000 * 200) / LIMITS.maxRequestBytes));
  });

  test('a mutation larger than a request goes in parts', async () => {
    const { server, start, store, runtime, phase } = device();
    store.write(100);
    store.write(LIMITS.maxRequestBytes * 2.5);
    store.write(100);
    await start();
    await runtime.advance(100);
    expect(server.pushes.map(({ part }) => part?.index ?? null)).toEqual([null, 0, 1, 2, null]);
    expect(store.outcomes()).toEqual(['applied', 'applied', 'applied']);
    expect(phase()).toBe('synced');
  });

  test('an upload that was cut begins again and ends', async () => {
    const { server, start, store, runtime, phase } = device();
    store.write(LIMITS.maxRequestBytes * 2.5);
    server.checkPush = ({ part }) => {
      if (part?.index !== 1 || server.calls('push') > 2) return;
      throw new SyncError('network', 'cut');
    };
    await start();
    await runtime.advance(1_000);
    expect(server.pushes.map(({ part }) => part?.index)).toEqual([0, 1, 0, 1, 2]);
    expect(phase()).toBe('synced');
  });
});

describe('exactly once', () => {
  test('P2: an acknowledgement that was lost is asked for again, and counts once', async () => {
    const { server, start, write, runtime, settled } = device();
    await start();
    const push = server.push.bind(server);
    server.push = async (request, signal) => {
      await push(request, signal);
      server.push = push;
      throw new SyncError('network', 'the answer was lost');
    };
    await runtime.advance(100);
    write();
    await runtime.advance(2_000);
    expect(server.pushes).toHaveLength(2);
    expect(server.head).toBe(1);
    expect(settled.map(({ outcome }) => outcome)).toEqual(['applied']);
  });

  test('P3: a push cut by close is sent again by the next loop', async () => {
    const { server, start, store, write, runtime, loop } = device();
    await start();
    await runtime.advance(100);
    server.hang();
    write();
    await runtime.advance(0);
    expect(store.states()).toEqual(['sent']);
    await loop.close();
    await runtime.advance(0);
    expect(store.states()).toEqual(['pending']);
  });

  test('an answer that leaves mutations out is a failure, and they are sent again', async () => {
    const { server, start, store, write, runtime, phase } = device();
    await start();
    await runtime.advance(100);
    const push = server.push.bind(server);
    server.push = async (request, signal) => {
      server.push = push;
      return { ...(await push(request, signal)), outcomes: [] };
    };
    write();
    await runtime.advance(5_000);
    expect(store.outcomes()).toEqual(['applied']);
    expect(phase()).toBe('synced');
  });
});

describe('poison', () => {
  const poisoned = (bad: ReadonlySet<number>, error: SyncError) => {
    const made = device();
    made.server.checkPush = ({ mutations }) => {
      if (mutations.some(({ mutationId }) => bad.has(mutationId))) throw error;
    };
    return made;
  };

  test('P4: one bad mutation among a thousand is found and parked in the same round', async () => {
    const { store, start, server, loop, settled } = poisoned(
      new Set([637]),
      new SyncError('protocol', 'not a mutation'),
    );
    for (let count = 0; count < 1_000; count += 1) store.write();
    await start();
    expect(loop.history()).toHaveLength(1);
    expect(store.outcomes().filter((outcome) => outcome === 'applied')).toHaveLength(999);
    expect(settled.find(({ mutationId }) => mutationId === 637)).toEqual({
      mutationId: 637,
      outcome: 'rejected',
      seq: null,
      reason: { code: 'protocol', message: 'not a mutation' },
    });
    expect(server.calls('push')).toBeLessThan(40);
    expect(loop.status().phase).toBe('blocked');
  });

  test('several bad ones do not hold up the rest', async () => {
    const bad = new Set([1, 2, 50, 99, 100]);
    const { store, start, runtime } = poisoned(bad, new SyncError('too-large', 'too much'));
    for (let count = 0; count < 100; count += 1) store.write();
    await start();
    await runtime.advance(1_000);
    const rejected = store.mutations
      .filter(({ outcome }) => outcome === 'rejected')
      .map(({ mutationId }) => mutationId);
    expect(rejected).toEqual([...bad]);
    expect(store.counts().pendingCount).toBe(0);
  });

  test('P5: when the server refuses every push, no mutation is blamed', async () => {
    const { store, server, start, runtime, phase } = device();
    server.checkPush = () => {
      throw new SyncError('protocol', 'this is not a sync server');
    };
    for (let count = 0; count < 10; count += 1) store.write();
    await start();
    await runtime.advance(120_000);
    expect(phase()).toBe('error');
    expect(store.counts()).toMatchObject({ pendingCount: 10, rejectedCount: 0 });
    server.checkPush = () => {};
    await runtime.advance(30_000);
    expect(phase()).toBe('synced');
  });

  test('P6: a mutation that makes the server fail is parked after some tries; others go before', async () => {
    const { store, start, runtime } = poisoned(new Set([5]), new SyncError('server', 'unexpected'));
    for (let count = 0; count < 10; count += 1) store.write();
    await start();
    await runtime.advance(120_000);
    expect(store.outcomes()).toEqual([...Array(4).fill('applied'), 'rejected', ...Array(5).fill('applied')]);
  });

  test('P7: a server that fails at every write blames nobody, however long it lasts', async () => {
    const { store, server, start, runtime, phase } = device();
    server.checkPush = ({ mutations }) => {
      if (mutations.length > 0) throw new SyncError('server', 'the disk is full');
    };
    for (let count = 0; count < 10; count += 1) store.write();
    await start();
    await runtime.advance(3_600_000);
    expect(store.counts()).toMatchObject({ pendingCount: 10, rejectedCount: 0 });
    server.checkPush = () => {};
    await runtime.advance(30_000);
    expect(phase()).toBe('synced');
  });

  test('a server that fails for a while makes no mutation suspect', async () => {
    const { store, server, start, runtime, phase } = device();
    server.fail('push', 'server', { times: 12 });
    store.write();
    await start();
    await runtime.advance(300_000);
    expect(store.outcomes()).toEqual(['applied']);
    expect(phase()).toBe('synced');
  });

  test('a part that is refused parks its mutation', async () => {
    const { store, server, start, phase } = device();
    store.write(LIMITS.maxRequestBytes * 2);
    store.write();
    server.checkPush = ({ part }) => {
      if (part) throw new SyncError('too-large', 'larger than the server takes');
    };
    await start();
    expect(store.outcomes()).toEqual(['rejected', 'applied']);
    expect(phase()).toBe('blocked');
  });
});

test('a rejected mutation is told with its reason, and the others are not delayed', async () => {
  const { store, server, start, settled } = device();
  server.verdict = (mutationId) => (mutationId === 2 ? 'rejected' : 'applied');
  for (let count = 0; count < 3; count += 1) store.write();
  await start();
  expect(settled.map(({ outcome }) => outcome)).toEqual(['applied', 'rejected', 'applied']);
  expect(server.calls('push')).toBe(1);
});
