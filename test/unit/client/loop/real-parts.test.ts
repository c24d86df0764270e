import { afterEach, describe, expect, test } from 'vitest';
import { SyncError } from '../../../../src/shared/error.ts';
import { type RealDevice, type World, openWorld } from './support/real-parts.ts';

let world: World;
afterEach(() => world.close());

async function twoDevices(seed = 1): Promise<[RealDevice, RealDevice]> {
  world = await openWorld(seed);
  const devices: [RealDevice, RealDevice] = [await world.device(), await world.device()];
  for (const device of devices) device.loop.start();
  await world.runtime.advance(100);
  return devices;
}

const addIssue = (device: RealDevice, id: string) =>
  device.write('INSERT INTO issue (id, title) VALUES (?, ?)', [id, `Title of ${id}`]);

test('a row written on one device is on the other at once', async () => {
  const [a, b] = await twoDevices();
  await addIssue(a, 'i1');
  await world.runtime.advance(0);
  expect(b.rows('issue')).toEqual([['i1', 'Title of i1', 'open', 0]]);
  expect([a.loop.status().phase, b.loop.status().phase]).toEqual(['synced', 'synced']);
  expect(a.transport.requests.filter((what) => what === 'pull')).toHaveLength(1);
});

test('200 writes offline arrive when the device is back', async () => {
  const [a, b] = await twoDevices();
  await addIssue(b, 'shared');
  await world.runtime.advance(1_000);
  a.loop.pause('offline');
  for (let count = 0; count < 200; count += 1) await addIssue(a, `a${count}`);
  await a.write('UPDATE issue SET votes = votes + 1 WHERE id = ?', ['shared']);
  await b.write('UPDATE issue SET votes = votes + 2 WHERE id = ?', ['shared']);
  await world.runtime.advance(1_000);
  a.loop.resume('offline');
  await world.runtime.advance(1_000);
  expect(a.rows('issue')).toEqual(b.rows('issue'));
  expect(a.rows('issue')).toHaveLength(201);
  expect(a.rows('issue').find(([id]) => id === 'shared')?.[3]).toBe(3);
  expect(a.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0 });
});

test('a transaction larger than a request arrives whole', async () => {
  const [a, b] = await twoDevices();
  const rows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO issue (id, title) SELECT 'big' || i, printf('%.*c', 1000, 'x') FROM n`;
  await a.write(rows);
  for (let turn = 0; turn < 5; turn += 1) await world.runtime.advance(1_000);
  expect(b.rows('issue')).toHaveLength(3_000);
  expect(a.loop.status().phase).toBe('synced');
});

test('a device that starts over keeps its unsent work', async () => {
  const [a, b] = await twoDevices();
  await addIssue(b, 'i1');
  await world.runtime.advance(100);
  a.loop.pause('test');
  await addIssue(a, 'i2');
  await a.gate.exclusive(() => a.store.resetCursor());
  a.loop.resume('test');
  await world.runtime.advance(1_000);
  expect(a.rows('issue')).toEqual(b.rows('issue'));
  expect(a.rows('issue')).toHaveLength(2);
});

describe('C7, C9: whatever the network does, devices agree within 60 s of its healing', () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

  test.each(seeds)('seed %i', async (seed) => {
    const devices = await twoDevices(seed);
    const { runtime } = world;
    const pick = <T>(of: readonly T[]): T => of[Math.floor(runtime.random() * of.length)] as T;
    world.trouble(0.25);
    for (let step = 0; step < 60; step += 1) {
      const device = pick(devices);
      const id = `i${Math.floor(runtime.random() * 8)}`;
      const action = pick(['insert', 'edit', 'vote', 'vote', 'delete', 'restart', 'pause', 'resume', 'wait'] as const);
      if (action === 'insert')
        await device.write('INSERT OR IGNORE INTO issue (id, title) VALUES (?, ?)', [id, `t${step}`]);
      if (action === 'edit') await device.write('UPDATE issue SET title = ? WHERE id = ?', [`e${step}`, id]);
      if (action === 'vote') await device.write('UPDATE issue SET votes = votes + 1 WHERE id = ?', [id]);
      if (action === 'delete') await device.write('DELETE FROM issue WHERE id = ?', [id]);
      if (action === 'restart') await device.restart();
      if (action === 'pause') device.loop.pause('test');
      if (action === 'resume') device.loop.resume('test');
      await runtime.advance(runtime.random() * 500);
    }
    world.heal();
    for (const { loop } of devices) loop.resume('test');
    await runtime.advance(60_000);
    const [a, b] = devices;
    expect([a.loop.status(), b.loop.status()]).toMatchObject([
      { phase: 'synced', pendingCount: 0, error: null, connection: 'open' },
      { phase: 'synced', pendingCount: 0, error: null, connection: 'open' },
    ]);
    expect(a.rows('issue')).toEqual(b.rows('issue'));
  });
});

test('a mutation the server cannot take is parked, and the others arrive', async () => {
  const [a, b] = await twoDevices();
  const push = a.transport.push;
  a.transport.push = async (request, signal) => {
    const isBad = request.mutations.some(({ changes }) => changes.some(({ key }) => key[0] === 'a13'));
    if (isBad) throw new SyncError('protocol', 'The message is not valid.');
    return push(request, signal);
  };
  a.loop.pause('offline');
  for (let count = 0; count < 40; count += 1) await addIssue(a, `a${count}`);
  a.loop.resume('offline');
  for (let turn = 0; turn < 20; turn += 1) await world.runtime.advance(100);
  expect(b.rows('issue')).toHaveLength(39);
  expect(a.loop.status()).toMatchObject({ phase: 'blocked', rejectedCount: 1, pendingCount: 0 });
  expect(a.store.outbox()).toMatchObject([{ state: 'rejected', reason: { code: 'protocol' } }]);
});

test('a server that is restored from a copy makes everyone start over, and keeps what was not sent', async () => {
  const [a, b] = await twoDevices();
  await addIssue(a, 'i1');
  await world.runtime.advance(100);
  a.loop.pause('offline');
  await addIssue(a, 'i2');
  await world.service.renewEpoch();
  a.loop.resume('offline');
  for (let turn = 0; turn < 10; turn += 1) await world.runtime.advance(1_000);
  expect(a.rows('issue')).toEqual(b.rows('issue'));
  expect(a.rows('issue')).toHaveLength(2);
  expect([a.loop.status().phase, b.loop.status().phase]).toEqual(['synced', 'synced']);
  expect(a.store.cursor?.epoch).toBe(b.store.cursor?.epoch);
});
