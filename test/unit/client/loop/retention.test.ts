/** Away for longer than the server keeps its log: nothing comes back from the dead, and nothing unsent is lost. */
import { afterEach, expect, test } from 'vitest';
import type { SyncEvent } from '../../../../src/client/types.ts';
import { openWorld, type RealDevice, type World } from './support/real-parts.ts';

let world: World;
afterEach(() => world.close());

const add = (device: RealDevice, id: string) => device.write('INSERT INTO issue (id, title) VALUES (?, ?)', [id, id]);
const ids = (device: RealDevice) => device.rows('issue').map(([id]) => id);

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await world.runtime.advance(1_000);
}

/** Two devices with three rows; the second is away while `meanwhile` happens and the log is cut to so many commits. */
async function awayFor(
  maxCommits: number,
  meanwhile: (here: RealDevice) => Promise<unknown>,
  offline: (away: RealDevice) => Promise<unknown>,
) {
  world = await openWorld(3, { maxCommits });
  const events: SyncEvent[] = [];
  const here = await world.device();
  const away = await world.device({ onEvent: (event) => events.push(event) });
  for (const device of [here, away]) device.loop.start();
  for (const id of ['kept', 'deleted', 'edited']) await add(here, id);
  await settled();
  expect(ids(away)).toHaveLength(3);
  away.loop.pause('away');
  await offline(away);
  await meanwhile(here);
  await settled();
  await world.service.prune();
  away.loop.resume('away');
  await settled();
  return { here, away, resyncs: events.filter(({ type }) => type === 'resync') };
}

async function deleteTwo(here: RealDevice): Promise<void> {
  await here.write("DELETE FROM issue WHERE id = 'deleted'");
  await here.write("DELETE FROM issue WHERE id = 'edited'");
}

test('within the retention it is told what changed', async () => {
  const { away, resyncs } = await awayFor(100, deleteTwo, async () => {});
  expect([ids(away), resyncs]).toEqual([['kept'], []]);
});

test('C10: beyond it starts over; rows that were deleted meanwhile are gone, and unsent work arrives', async () => {
  const { here, away, resyncs } = await awayFor(1, deleteTwo, (device) => add(device, 'mine'));
  expect(resyncs).toHaveLength(1);
  for (const device of [here, away]) expect(ids(device)).toEqual(['kept', 'mine']);
  expect(away.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0, rejectedCount: 0 });
});

test('C10: an edit of a row that was deleted meanwhile brings nothing back, and is shown to its author', async () => {
  const { here, away } = await awayFor(1, deleteTwo, (device) =>
    device.write("UPDATE issue SET title = 'still mine' WHERE id = 'edited'"),
  );
  for (const device of [here, away]) expect(ids(device)).toEqual(['kept']);
  const [entry] = away.store.outbox();
  const told = [...away.store.conflicts({}).map(({ kind }) => kind), ...(entry?.reason ? [entry.reason.code] : [])];
  expect(told).not.toEqual([]);
});
