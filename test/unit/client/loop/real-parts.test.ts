import { afterEach, describe, expect, test } from 'vitest';
import type { SyncStatus } from '../../../../src/client/types.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { openWorld, type RealDevice, type World } from './support/real-parts.ts';

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

test('a transaction in parts whose last answer was lost is in effect once, and holds nothing up', async () => {
  const [a, b] = await twoDevices();
  const send = a.transport.push;
  let isLost = false;
  a.transport.push = async (request, signal) => {
    const answer = await send(request, signal);
    if (isLost || answer.outcomes.length === 0) return answer;
    isLost = true;
    throw new SyncError('network', 'The answer was lost.');
  };
  await a.write(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
    INSERT INTO issue (id, title) SELECT 'big' || i, printf('%.*c', 1000, 'x') FROM n`);
  await addIssue(a, 'after');
  for (let turn = 0; turn < 20; turn += 1) await world.runtime.advance(1_000);
  expect(isLost).toBe(true);
  expect(b.rows('issue')).toHaveLength(1_201);
  expect(a.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0 });
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

test('D5: a vote whose answer was lost counts once where a snapshot holds it', async () => {
  const [b] = await twoDevices();
  await addIssue(b, 'i1');
  await world.runtime.advance(1_000);
  // It syncs when told to, and has no channel that could bring the echo.
  const a = await world.device({ autoSync: false });
  a.loop.start();
  await within(a.loop.run('sync'));
  const { push } = a.transport;
  a.transport.push = async (request, signal) => {
    await push(request, signal);
    throw new SyncError('network', 'the answer is lost');
  };
  await a.write('UPDATE issue SET votes = votes + 1 WHERE id = ?', ['i1']);
  await expect(within(a.loop.run('push'))).rejects.toThrow('the answer is lost');
  await a.gate.exclusive(() => a.store.resetCursor());
  await within(a.loop.run('pull'));
  expect(a.rows('issue')).toEqual([['i1', 'Title of i1', 'open', 1]]);
  expect(a.store.outbox()).toEqual([]);
});

test('what touches the row of a conflict waits for its answer, sent together or not; the rest arrives at once', async () => {
  const [b] = await twoDevices();
  const a = await world.device({ decides: ['issue'] });
  a.loop.start();
  for (const id of ['i1', 'i2']) await addIssue(b, id);
  await world.runtime.advance(1_000);
  a.loop.pause('offline');
  await a.write("UPDATE issue SET title = 'mine' WHERE id = 'i1'");
  await a.write("UPDATE issue SET votes = votes + 1 WHERE id = 'i1'");
  await a.write("UPDATE issue SET votes = votes + 1 WHERE id IN ('i1', 'i2')");
  await a.write("UPDATE issue SET status = 'done' WHERE id = 'i2'");
  await addIssue(a, 'i3');
  await b.write("UPDATE issue SET title = 'theirs' WHERE id = 'i1'");
  await world.runtime.advance(1_000);
  a.loop.resume('offline');
  await world.runtime.advance(1_000);
  expect(a.store.outbox().map(({ state }) => state)).toEqual(['conflicted', 'parked', 'parked', 'parked']);
  expect(b.rows('issue').map(([id, title, , votes]) => [id, title, votes])).toEqual([
    ['i1', 'theirs', 0],
    ['i2', 'Title of i2', 0],
    ['i3', 'Title of i3', 0],
  ]);
  const [conflict] = a.store.conflicts({ state: 'open' });
  const answer = { by: 'person' as const, now: world.runtime.now() };
  await a.gate.exclusive(() => a.store.resolveConflict(conflict?.id ?? '', 'local', answer));
  a.loop.written();
  await world.runtime.advance(1_000);
  expect(b.rows('issue')).toEqual([
    ['i1', 'mine', 'open', 2],
    ['i2', 'Title of i2', 'done', 1],
    ['i3', 'Title of i3', 'open', 0],
  ]);
  expect(a.rows('issue')).toEqual(b.rows('issue'));
  expect(a.store.outbox()).toEqual([]);
});

async function within<T>(running: Promise<T>): Promise<T> {
  running.catch(() => {});
  await world.runtime.advance(1_000);
  return running;
}

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

/** What happens to a device in a run. Each leaves it able to go on. */
const actions: Readonly<Record<string, (device: RealDevice, step: number) => unknown>> = {
  insert: (device, step) =>
    device.write('INSERT OR IGNORE INTO issue (id, title) VALUES (?, ?)', [anyId(), `inserted in ${step}`]),
  edit: (device, step) => device.write('UPDATE issue SET title = ? WHERE id = ?', [`edited in ${step}`, anyId()]),
  vote: (device) => device.write('UPDATE issue SET votes = votes + 1 WHERE id = ?', [anyId()]),
  delete: (device) => device.write('DELETE FROM issue WHERE id = ?', [anyId()]),
  many: (device, step) =>
    device.write('UPDATE issue SET status = ?, title = title || ?', [`status ${step}`, String(step)]),
  restart: (device) => device.restart(),
  pause: (device) => device.loop.pause('test'),
  resume: (device) => device.loop.resume('test'),
  hydrate: (device) => void device.loop.run('hydrate', { tables: ['issue'] }).catch(() => {}),
  'sync and give up'(device) {
    const controller = new AbortController();
    device.loop.run('sync', { signal: controller.signal }).catch(() => {});
    world.runtime.setTimer(world.runtime.random() * 100, () => controller.abort());
  },
  'clock jumps': () => world.runtime.shiftWallClock((world.runtime.random() - 0.5) * 172_800_000),
};

const anyOf = <T>(list: readonly T[]): T => list[Math.floor(world.runtime.random() * list.length)] as T;
const anyId = () => `i${Math.floor(world.runtime.random() * 8)}`;

// More with SEEDS=200; one alone with -t "seed 7".
const seeds = Array.from({ length: Number(process.env.SEEDS ?? 12) }, (_, index) => index + 1);

describe('C7, C9: whatever the network does, devices agree within 10 s of its healing', () => {
  test.each(seeds)('seed %i', async (seed) => {
    const devices = await twoDevices(seed);
    const { runtime, service } = world;
    let epochs = 1;
    world.trouble(0.25);
    for (let step = 0; step < 60; step += 1) {
      await actions[anyOf(Object.keys(actions))]?.(anyOf(devices), step);
      if (runtime.random() < 0.01) {
        await service.renewEpoch();
        epochs += 1;
      }
      await runtime.advance(runtime.random() * 500);
      for (const { loop } of devices) expect(isHonest(loop.status())).toBe(true);
    }
    world.heal();
    for (const { loop } of devices) loop.resume('test');
    await runtime.advance(10_000);
    // Where history began anew, a write on a row that is not in the new one may be rejected: told, and others behind it.
    const isSettled = devices.every(({ loop }) => loop.status().phase === 'synced');
    expect(isSettled || epochs > 1).toBe(true);
    const [a, b] = devices;
    const rest = { error: null, connection: 'open', isPushing: false };
    expect([a.loop.status(), b.loop.status()]).toMatchObject([rest, rest]);
    if (isSettled) expect(a.rows('issue')).toEqual(b.rows('issue'));
  });
});

/** No phase may hide waiting work. */
function isHonest({ phase, pendingCount, error, pausedBy }: SyncStatus): boolean {
  if (phase === 'synced') return pendingCount === 0 && error === null;
  if (phase === 'offline' || phase === 'error') return error !== null;
  return (phase === 'paused') === pausedBy.length > 0;
}
