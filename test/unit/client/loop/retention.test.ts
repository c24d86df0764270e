/** Away for longer than the server keeps its log: nothing comes back from the dead, and nothing unsent is lost. */
import { afterEach, describe, expect, test } from 'vitest';
import type { SyncLoopOptions } from '../../../../src/client/loop/sync-loop.ts';
import type { SyncEvent } from '../../../../src/client/types.ts';
import type { ConflictInput, ConflictPolicy } from '../../../../src/core/policy.ts';
import { openWorld, type RealDevice, schemaWith, type World } from './support/real-parts.ts';

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
  policy: ConflictPolicy = 'merge',
  options: Partial<SyncLoopOptions> = {},
) {
  world = await openWorld(3, { maxCommits }, schemaWith(policy));
  const events: SyncEvent[] = [];
  const here = await world.device();
  const away = await world.device({ onEvent: (event) => events.push(event), ...options });
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
  await here.write("DELETE FROM issue WHERE id = 'edited'");
  await here.write("DELETE FROM issue WHERE id = 'deleted'");
}

test('within the retention it is told what changed', async () => {
  const { away, resyncs } = await awayFor(100, deleteTwo, async () => {});
  expect([ids(away), resyncs]).toEqual([['kept'], []]);
});

test('C10: beyond it starts over; rows that were deleted meanwhile are gone, and unsent work arrives', async () => {
  const { here, away, resyncs } = await awayFor(1, deleteTwo, (device) => add(device, 'mine'));
  expect(resyncs).toMatchObject([{ reason: expect.stringContaining('the device was away for longer') }]);
  for (const device of [here, away]) expect(ids(device)).toEqual(['kept', 'mine']);
  expect(away.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0, rejectedCount: 0 });
});

const edit = (device: RealDevice) =>
  device.write("UPDATE issue SET title = 'still mine', votes = 1 WHERE id = 'edited'");

/** The row as its author last saw it, with the edit on it. */
const whole = { id: 'edited', title: 'still mine', status: 'open', votes: 1 };

describe('C10: an edit of a row whose deletion the server has forgotten', () => {
  test.each(['merge', 'last-write-wins', 'server-wins'] as const)(
    'brings nothing back under %s, and its author has the whole row in the history',
    async (policy) => {
      const { here, away } = await awayFor(1, deleteTwo, edit, policy);
      for (const device of [here, away]) expect(ids(device)).toEqual(['kept']);
      expect(away.store.outbox()).toEqual([]);
      expect(away.store.conflicts()).toMatchObject([
        {
          kind: 'update-delete',
          state: 'resolved',
          local: whole,
          remote: null,
          remoteAt: null,
          remoteClientId: null,
          localIsLater: false,
          resolution: { by: 'policy', choice: 'remote', values: null, policies: { '*': { policy } } },
        },
      ]);
    },
  );

  test('brings it back whole under client-wins, and nobody is asked', async () => {
    const { here, away } = await awayFor(1, deleteTwo, edit, 'client-wins');
    for (const device of [here, away]) {
      expect(device.rows('issue')).toEqual([
        ['edited', 'still mine', 'open', 1],
        ['kept', 'kept', 'open', 0],
      ]);
    }
    expect(away.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0, conflictCount: 0 });
    expect(away.store.conflicts()).toMatchObject([
      {
        local: whole,
        remote: null,
        resolution: { by: 'policy', choice: 'local', policies: { '*': { winner: 'local' } } },
      },
    ]);
  });

  test.each([
    ['local', ['edited', 'kept']],
    ['remote', ['kept']],
  ] as const)('waits under manual for a person, who chooses %s', async (choice, expected) => {
    const { here, away } = await awayFor(1, deleteTwo, edit, 'manual');
    expect(away.loop.status()).toMatchObject({ phase: 'blocked', conflictCount: 1 });
    const [conflict] = away.store.conflicts();
    expect(conflict).toMatchObject({
      state: 'open',
      kind: 'update-delete',
      local: whole,
      remote: null,
      remoteAt: null,
    });
    const now = world.runtime.now();
    await away.gate.exclusive(() => away.store.resolveConflict(conflict?.id ?? '', choice, { by: 'person', now }));
    away.loop.written();
    await settled();
    for (const device of [here, away]) expect(ids(device)).toEqual(expected);
    if (choice === 'local') expect(here.rows('issue')[0]).toEqual(['edited', 'still mine', 'open', 1]);
    expect(away.loop.status()).toMatchObject({ phase: 'synced', pendingCount: 0, conflictCount: 0 });
  });

  test('is put before the app where it decides, with nothing on the other side', async () => {
    const asked: ConflictInput[] = [];
    const { here, away } = await awayFor(1, deleteTwo, edit, 'merge', {
      decides: ['issue'],
      resolve: async (conflict) => {
        asked.push(conflict);
        return { merged: { title: 'decided' } };
      },
    });
    expect(asked).toMatchObject([{ kind: 'update-delete', local: whole, remote: null, localIsLater: false }]);
    for (const device of [here, away]) expect(device.rows('issue')[0]).toEqual(['edited', 'decided', 'open', 1]);
  });
});
