import { expect, test } from 'vitest';
import { SyncError } from '../../../../src/shared/error.ts';
import { device } from './support/harness.ts';

test('R3: what others commit comes by the channel at once, without a pull', async () => {
  const { server, start, store, runtime, eventsOf, phase } = device();
  await start();
  const pulls = server.calls('pull');
  server.commit(3);
  await runtime.advance(0);
  expect(store.cursor?.seq).toBe(3);
  expect(server.calls('pull')).toBe(pulls);
  expect(eventsOf('changes-applied')).toMatchObject([{ seq: 3, changeCount: 3 }]);
  expect(phase()).toBe('synced');
});

test('R4: a frame that does not start where the device stands is not applied but pulled', async () => {
  const { server, start, store, runtime } = device();
  await start();
  server.head = 5;
  const [channel] = server.channels;
  channel?.send({ type: 'changes', page: server.changesAfter(3) });
  await runtime.advance(0);
  expect(store.applied.map(({ from }) => from)).toEqual([0, 0]);
  expect(store.cursor?.seq).toBe(5);
  expect(channel?.subscribed?.seq).toBe(5);
});

test('a frame that was known already changes nothing', async () => {
  const { server, start, store, runtime } = device();
  server.head = 5;
  await start();
  const applied = store.applied.length;
  server.channels[0]?.send({ type: 'changes', page: server.changesAfter(3) });
  await runtime.advance(0);
  expect(store.applied).toHaveLength(applied);
  expect(store.cursor?.seq).toBe(5);
});

test('R5: a poke is answered by a pull and a new subscription', async () => {
  const { server, start, store, runtime } = device();
  await start();
  server.head = 4;
  const [channel] = server.channels;
  channel?.send({ type: 'poke', head: 4 });
  await runtime.advance(0);
  expect(store.cursor?.seq).toBe(4);
  expect(channel?.subscribed?.seq).toBe(4);
});

test('R14: pokes that bring nothing, one after the other, are answered with back-off', async () => {
  const { server, start, store, runtime } = device();
  await start();
  const [channel] = server.channels;
  if (!channel) throw new Error('There is no channel.');
  const before = server.calls('pull');
  /** A server that finds each subscription wanting, and says so at once. */
  const nag = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      if (channel.subscribed) channel.send({ type: 'poke', head: server.head });
      channel.subscribed = null;
      await runtime.advance(10);
    }
  };
  await nag(60_000);
  expect(server.calls('pull') - before).toBeGreaterThan(5);
  expect(server.calls('pull') - before).toBeLessThan(60);

  server.head = 3;
  await runtime.advance(5_000);
  expect(store.cursor?.seq).toBe(3);
  server.head = 4;
  channel.send({ type: 'poke', head: 4 });
  await runtime.advance(0);
  expect(store.cursor?.seq).toBe(4);
});

test('R6: frames that come while a chain is pulled do not move the cursor under it', async () => {
  const { server, start, store, runtime, loop, phase } = device();
  await start();
  server.snapshotPages = 0;
  const go = server.hang();
  const round = loop.run('pull');
  await runtime.advance(0);
  server.commit();
  await runtime.advance(0);
  expect(store.cursor?.seq).toBe(0);
  go();
  await Promise.all([round, runtime.advance(0)]);
  expect(store.cursor?.seq).toBe(1);
  expect(store.applied.map(({ from, cursor }) => [from, cursor?.seq])).toEqual([
    [0, 0],
    [0, 1],
  ]);
  expect(phase()).toBe('synced');
});

test('R7: what is known to be on the server and does not come is pulled after two seconds', async () => {
  const { server, start, write, runtime, phase, store } = device();
  await start();
  server.tells = false;
  await runtime.advance(1_000);
  write();
  await runtime.advance(0);
  expect(phase()).toBe('pending');
  await runtime.advance(2_000);
  expect(phase()).toBe('synced');
  expect(store.cursor?.seq).toBe(1);
});

test('R7: what the welcome tells of is known to be on the server, too', async () => {
  const { server, start, runtime, store, phase } = device();
  server.tells = false;
  const connect = server.connect.bind(server);
  server.connect = (...args) => {
    // Somebody else, between the first round and the welcome.
    server.commit();
    return connect(...args);
  };
  await start();
  expect([store.cursor?.seq, phase()]).toEqual([0, 'pending']);
  await runtime.advance(2_000);
  expect([store.cursor?.seq, phase()]).toEqual([1, 'synced']);
});

test('R8: a server that forgets to tell is noticed by a rare poll', async () => {
  const { server, start, runtime, store } = device();
  await start();
  server.tells = false;
  server.commit();
  await runtime.advance(299_000);
  expect(store.cursor?.seq).toBe(0);
  await runtime.advance(1_000);
  expect(store.cursor?.seq).toBe(1);
});

test('R9: a channel that is cut is opened again, and nothing is missed', async () => {
  const { server, start, runtime, store, phase, loop } = device();
  await start();
  server.channels[0]?.cut();
  server.commit(2);
  await runtime.advance(0);
  expect(loop.status().connection).toBe('connecting');
  await runtime.advance(2_000);
  expect(loop.status().connection).toBe('open');
  expect(store.cursor?.seq).toBe(2);
  expect(phase()).toBe('synced');
});

test('R10: a channel that will not open is replaced by polling, and tried again', async () => {
  const { server, start, runtime, store, loop } = device();
  server.fail('connect', 'network', { times: 1_000 });
  await start();
  await runtime.advance(20_000);
  expect(loop.status().connection).toBe('polling');
  server.commit();
  await runtime.advance(5_000);
  expect(store.cursor?.seq).toBe(1);
  server.heal();
  await runtime.advance(30_000);
  expect(loop.status().connection).toBe('open');
});

test('R10: a channel that neither opens nor fails is no reason to wait for its end', async () => {
  const { server, start, runtime, store, loop } = device();
  const open = server.connect.bind(server);
  server.connect = (handshake, _listener) => open(handshake, () => {});
  await start();
  server.commit();
  await runtime.advance(5_000);
  expect(store.cursor?.seq).toBe(1);
  loop.attend(false);
  await runtime.advance(1_000);
  server.commit();
  await runtime.advance(20_000);
  expect(store.cursor?.seq).toBe(1);
});

test('without the capability there is no channel, only polling by the interval', async () => {
  const { server, start, runtime, store, loop } = device({ autoSync: { intervalMs: 5_000, debounceMs: 50 } });
  server.hasRealtime = false;
  await start();
  server.commit();
  await runtime.advance(5_000);
  expect(store.cursor?.seq).toBe(1);
  expect(server.calls('connect')).toBe(0);
  expect(loop.status().connection).toBe('polling');
});

test('without a channel a write is pushed and its echo pulled in one round', async () => {
  const { server, start, write, runtime, phase, loop } = device();
  server.hasRealtime = false;
  await start();
  await runtime.advance(1_000);
  write();
  await runtime.advance(0);
  expect(phase()).toBe('synced');
  expect(loop.history().at(-1)).toMatchObject({ trigger: 'write', pushedCount: 1, pulledChangeCount: 1 });
});

test('a channel that stays silent while the app holds a transaction loses nothing', async () => {
  const { server, start, runtime, store, gate, phase } = device();
  await start();
  const release = gate.hold();
  server.commit();
  server.commit();
  await runtime.advance(0);
  expect(store.cursor?.seq).toBe(0);
  release();
  await runtime.advance(0);
  expect(store.cursor?.seq).toBe(2);
  expect(phase()).toBe('synced');
});

test('R11: when the network is back, the old channel is not trusted but replaced', async () => {
  const { server, start, runtime, online, loop } = device();
  await start();
  online.emit(true);
  await runtime.advance(0);
  expect(server.channels.map(({ state }) => state)).toEqual(['closed', 'open']);
  expect(loop.status()).toMatchObject({ phase: 'synced', connection: 'open' });
});

test('what a replaced channel still says is not heard', async () => {
  const { server, start, runtime, online, loop, store } = device();
  await start();
  online.emit(true);
  await runtime.advance(0);
  const [old] = server.channels;
  server.tells = false;
  server.commit();
  old?.send({ type: 'changes', page: server.changesAfter(0) });
  old?.send({ type: 'closed', error: new SyncError('network', 'gone') });
  await runtime.advance(0);
  expect(store.cursor?.seq).toBe(0);
  expect(loop.status().connection).toBe('open');
});

test('R12: after a sleep of the machine, too', async () => {
  const { server, start, runtime, store } = device();
  await start();
  server.tells = false;
  server.commit();
  runtime.shiftWallClock(8 * 3_600_000);
  await runtime.advance(300_000);
  expect(store.cursor?.seq).toBe(1);
  expect(server.channels.map(({ state }) => state)).toEqual(['closed', 'open']);
});

test('the connection is told when it changes, and only then', async () => {
  const { server, start, runtime, loop, eventsOf } = device();
  await start();
  server.channels[0]?.cut();
  await runtime.advance(2_000);
  loop.pause('test');
  loop.resume('test');
  await runtime.advance(100);
  expect(eventsOf('connection-changed').map(({ connection }) => connection)).toEqual([
    'connecting',
    'open',
    'connecting',
    'open',
    'closed',
    'connecting',
    'open',
  ]);
});
