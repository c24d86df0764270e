/** Mutations that the server will not take, among many that it would, on the real store and server. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SyncEvent } from '../../../../src/client/types.ts';
import { SyncError } from '../../../../src/shared/error.ts';
import { openWorld, type RealDevice, type World } from './support/real-parts.ts';

const COUNT = 3_300;
/** Spread over the outbox, the first and the last and two neighbours among them. */
const BAD = new Set([0, 471, 472, 1_400, 2_047, 2_900, COUNT - 1]);

let world: World;

beforeEach(async () => {
  world = await openWorld(1);
});

afterEach(() => world.close());

/** A device with all of them in its outbox. The server refuses or fails at requests with a bad one in them. */
async function deviceWithBad(error: () => SyncError): Promise<{ device: RealDevice; rounds: () => number }> {
  const events: SyncEvent[] = [];
  const device = await world.device({ onEvent: (event) => events.push(event) });
  device.loop.start();
  await world.runtime.advance(200);
  device.loop.pause('offline');
  for (let count = 0; count < COUNT; count += 1) {
    const id = BAD.has(count) ? `bad${count}` : `good${count}`;
    await device.write('INSERT INTO issue (id, title) VALUES (?, ?)', [id, 'one of many']);
  }
  const push = device.transport.push;
  device.transport.push = async (request, signal) => {
    const isBad = request.mutations.some(({ changes }) => changes.some(({ key }) => String(key[0]).startsWith('bad')));
    if (isBad) throw error();
    return push(request, signal);
  };
  const from = events.length;
  device.loop.resume('offline');
  return { device, rounds: () => events.slice(from).filter(({ type }) => type === 'sync-started').length };
}

const arrived = async () => (await world.service.stats()).head;

test('P4: 7 that are refused among 3,300 delay none of the others: all of them arrive in the first round', async () => {
  const { device, rounds } = await deviceWithBad(() => new SyncError('protocol', 'The message is not valid.'));
  for (let step = 0; step < 200 && device.store.counts().pendingCount > 0; step += 1) await world.runtime.advance(50);
  expect(device.loop.status()).toMatchObject({ phase: 'blocked', rejectedCount: 7, pendingCount: 0 });
  expect(await arrived()).toBe(COUNT - 7);
  expect(rounds()).toBe(1);
  expect(device.transport.requests.length).toBeLessThan(120);
}, 30_000);

test.each([403, 200])(
  'P6: 7 at which a firewall before the server takes offence, with a page of status %i, delay none of the others, and are told of',
  async (status) => {
    const page = () => new SyncError('server', 'Not of a sync server.', { details: { status } });
    const { device, rounds } = await deviceWithBad(page);
    for (let step = 0; step < 100 && (await arrived()) < COUNT - 7; step += 1) await world.runtime.advance(100);
    expect([await arrived(), rounds()]).toEqual([COUNT - 7, 1]);
    await world.runtime.advance(60_000);
    expect(device.loop.status()).toMatchObject({ rejectedCount: 6, pendingCount: 1 });
  },
  30_000,
);

test.each([502, 503, 408])(
  'a gateway that answers %i blames nobody',
  async (status) => {
    const { device } = await deviceWithBad(() => new SyncError('server', 'Bad gateway.', { details: { status } }));
    await world.runtime.advance(60_000);
    expect(device.loop.status()).toMatchObject({ phase: 'error', rejectedCount: 0 });
  },
  30_000,
);

test('P6: 7 at which the server fails among 3,300 delay none of the others: all of them arrive in the first round', async () => {
  const { device, rounds } = await deviceWithBad(() => new SyncError('server', 'Something broke.'));
  for (let step = 0; step < 100 && (await arrived()) < COUNT - 7; step += 1) await world.runtime.advance(100);
  expect(await arrived()).toBe(COUNT - 7);
  expect(rounds()).toBe(1);
  // Those with others behind them that the server took are known to be at fault.
  await world.runtime.advance(60_000);
  expect(device.loop.status()).toMatchObject({ phase: 'error', rejectedCount: 6, pendingCount: 1 });
  // The last one might just as well have met a server that has begun to fail: the next good one tells.
  await device.write("INSERT INTO issue (id, title) VALUES ('good', 'one more')");
  await world.runtime.advance(120_000);
  expect(device.loop.status()).toMatchObject({ phase: 'blocked', rejectedCount: 7, pendingCount: 0 });
}, 30_000);
