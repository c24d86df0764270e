/** Two databases that were one: a browser profile restored from a backup, a machine that was copied. */
import { afterEach, expect, test } from 'vitest';
import type { SyncEvent } from '../../../../src/client/types.ts';
import { openWorld, type RealDevice, type World } from './support/real-parts.ts';

let world: World;
afterEach(() => world.close());

const addIssue = (device: RealDevice, id: string, title = id) =>
  device.write('INSERT INTO issue (id, title) VALUES (?, ?)', [id, title]);
const vote = (device: RealDevice, id: string) => device.write('UPDATE issue SET votes = votes + 1 WHERE id = ?', [id]);
const titles = (device: RealDevice) => Object.fromEntries(device.rows('issue').map(([id, title]) => [id, title]));
const votes = (device: RealDevice, id: string) => device.rows('issue').find(([one]) => one === id)?.[3];

/** A device that has synced one issue, and knows what happened to it. */
async function deviceWithIssue(seed = 1): Promise<{ original: RealDevice; events: SyncEvent[] }> {
  world = await openWorld(seed);
  const events: SyncEvent[] = [];
  const original = await world.device({ onEvent: (event) => events.push(event) });
  original.loop.start();
  await addIssue(original, 'shared');
  await settled();
  return { original, events };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await world.runtime.advance(1_000);
}

async function devicesOnServer(): Promise<string[]> {
  const { devices } = await world.service.devices({ id: 'ada' }, { clientId: 'watcher' });
  return devices.map(({ deviceId }) => deviceId).filter((id) => id !== 'watcher');
}

test.each(['the copy', 'the original'])(
  'I4: both go on writing, and whoever comes second gets an id of its own: %s',
  async (second) => {
    const { original } = await deviceWithIssue();
    original.loop.pause('test');
    const copy = await world.clone(original);
    expect(copy.store.clientId).toBe(original.store.clientId);
    await addIssue(original, 'by-original');
    await vote(original, 'shared');
    await addIssue(copy, 'by-copy');
    await vote(copy, 'shared');
    await vote(copy, 'shared');

    const start = [() => original.loop.resume('test'), () => copy.loop.start()];
    for (const go of second === 'the copy' ? start : start.reverse()) {
      go();
      await settled();
    }
    expect(copy.store.clientId).not.toBe(original.store.clientId);
    expect((await devicesOnServer()).sort()).toEqual([copy.store.clientId, original.store.clientId].sort());
    for (const device of [original, copy]) {
      expect(device.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0, rejectedCount: 0 });
      expect(Object.keys(titles(device)).sort()).toEqual(['by-copy', 'by-original', 'shared']);
      expect(votes(device, 'shared')).toBe(3);
    }
  },
);

test('what both hold unsent takes effect once, whoever brings it, and an answer that was lost does no harm', async () => {
  const { original } = await deviceWithIssue();
  original.loop.pause('test');
  await vote(original, 'shared');
  await vote(original, 'shared');
  const copy = await world.clone(original);
  await vote(copy, 'shared');
  copy.loop.start();
  await settled();
  await vote(original, 'shared');
  original.loop.resume('test');
  await settled();
  expect([votes(original, 'shared'), votes(copy, 'shared')]).toEqual([4, 4]);
  expect(original.store.counts()).toMatchObject({ pendingCount: 0, rejectedCount: 0 });
});

test('they are two writers from then on: changes to one cell meet as those of any two devices do', async () => {
  const { original } = await deviceWithIssue();
  const copy = await world.clone(original);
  await copy.write("UPDATE issue SET title = 'of copy', status = 'done'");
  await world.runtime.advance(10);
  await original.write("UPDATE issue SET title = 'of original'");
  await settled();
  copy.loop.start();
  await settled();
  expect(copy.rows('issue')).toEqual(original.rows('issue'));
  expect(titles(copy).shared).toBe('of original');
  expect(copy.rows('issue')[0]?.[2]).toBe('done');
  expect(copy.store.conflicts({}).map(({ state }) => state)).toEqual(['resolved']);
});

test('a number of the other copy is not taken for an echo', async () => {
  const { original } = await deviceWithIssue();
  const copy = await world.clone(original, { autoSync: false });
  await addIssue(original, 'by-original');
  await settled();
  await addIssue(copy, 'by-copy');
  copy.loop.start();
  // It pulls before it pushes: the commit of the original carries the number that its own write has.
  await Promise.all([copy.loop.run('pull'), world.runtime.advance(1_000)]);
  expect(Object.keys(titles(copy)).sort()).toEqual(['by-copy', 'by-original', 'shared']);
  await Promise.all([copy.loop.run('sync'), settled()]);
  expect(titles(original)).toEqual(titles(copy));
});

test('it is told of, and it lasts over a restart', async () => {
  const { original, events } = await deviceWithIssue();
  const former = original.store.clientId;
  original.loop.pause('test');
  const copy = await world.clone(original);
  await addIssue(copy, 'by-copy');
  copy.loop.start();
  await settled();
  await addIssue(original, 'by-original');
  original.loop.resume('test');
  await settled();
  const { clientId } = original.store;
  expect(events.filter(({ type }) => type === 'client-renewed')).toMatchObject([{ clientId, formerClientId: former }]);
  await original.restart();
  expect(original.store.clientId).toBe(clientId);
  await addIssue(original, 'later');
  await settled();
  expect(titles(copy)).toEqual(titles(original));
});

test('a transaction that goes in parts is not taken for another one of the same number', async () => {
  const { original } = await deviceWithIssue();
  original.loop.pause('test');
  const copy = await world.clone(original);
  const large = (prefix: string) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
    INSERT INTO issue (id, title) SELECT '${prefix}' || i, printf('%.*c', 1000, 'x') FROM n`;
  await copy.write(large('copy'));
  await original.write(large('original'));
  copy.loop.start();
  await settled();
  original.loop.resume('test');
  await settled();
  expect([copy.rows('issue').length, original.rows('issue').length]).toEqual([2_401, 2_401]);
});

/** The original has written under the common id; a copy, and a copy of that one, hold the same unsent work. */
async function copiesOfOneCopy(): Promise<{ original: RealDevice; copy: RealDevice; second: RealDevice }> {
  const { original } = await deviceWithIssue();
  const copy = await world.clone(original);
  await addIssue(copy, 'by-copy');
  await copy.write("UPDATE issue SET votes = votes + 1, status = 'done' WHERE id = 'shared'");
  const second = await world.clone(copy, { autoSync: false });
  await vote(original, 'shared');
  await vote(original, 'shared');
  await settled();
  return { original, copy, second };
}

const pull = (device: RealDevice) => Promise.all([device.loop.run('pull'), settled()]);
const sync = (device: RealDevice) => Promise.all([device.loop.run('sync'), settled()]);

test('what another copy brought under an id that this one does not have yet is shown once, and sent once', async () => {
  const { original, copy, second } = await copiesOfOneCopy();
  copy.loop.start();
  await settled();
  second.loop.start();
  expect(second.store.clientId).not.toBe(copy.store.clientId);
  await pull(second);
  expect(votes(second, 'shared')).toBe(3);
  await vote(second, 'shared');
  expect(votes(second, 'shared')).toBe(4);
  await sync(second);
  await vote(copy, 'shared');
  await settled();
  await sync(second);
  for (const device of [original, copy, second])
    expect([device.rows('issue').length, votes(device, 'shared')]).toEqual([2, 5]);
  expect(new Set([original, copy, second].map(({ store }) => store.clientId)).size).toBe(3);
});

test('it is shown once where it comes in a snapshot too', async () => {
  const { copy, second } = await copiesOfOneCopy();
  copy.loop.start();
  await settled();
  second.store.resetCursor();
  second.loop.start();
  await pull(second);
  expect(votes(second, 'shared')).toBe(3);
  await sync(second);
  expect(votes(copy, 'shared')).toBe(3);
});

test('what one copy throws away and the other sends stays sent, and what both hold after it is taken once', async () => {
  const { original, copy, second } = await copiesOfOneCopy();
  const [first] = second.store.outbox();
  second.store.discard(first?.mutationId ?? 0, world.runtime.now());
  copy.loop.start();
  await settled();
  second.loop.start();
  await sync(second);
  for (const device of [original, copy, second])
    expect([device.rows('issue').length, votes(device, 'shared')]).toEqual([2, 3]);
});

test('copies of copies in a bad network, all at once, lose nothing and double nothing', async () => {
  for (const seed of [11, 12, 13, 14]) {
    const { original } = await deviceWithIssue(seed);
    const all = [original];
    world.trouble(0.3);
    let written = 0;
    for (let turn = 0; turn < 40; turn += 1) {
      const device = all[turn % all.length] ?? original;
      await vote(device, 'shared');
      await addIssue(device, `issue-${turn}`);
      written += 1;
      await world.runtime.advance(world.runtime.random() * 400);
      if (turn % 13 !== 12) continue;
      // What is unsent at this moment is in both, and is one mutation.
      const copy = await world.clone(device);
      copy.loop.start();
      all.push(copy);
    }
    world.heal();
    await world.runtime.advance(120_000);
    for (const device of all) {
      expect(device.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0, rejectedCount: 0 });
      expect([device.rows('issue').length, votes(device, 'shared')]).toEqual([written + 1, written]);
    }
    expect(new Set(all.map(({ store }) => store.clientId)).size).toBeGreaterThan(1);
    if (seed !== 14) await world.close();
  }
});
