import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Pusher } from '../../unit/server/support/fixture.ts';
import { ENTRIES, entryOf } from './entries.ts';
import { createWorld, pulled, type World } from './world.ts';

const ROUNDS = 3;
/** Sent again beyond what is there: one of them the killed node may have had under way. */
const BEYOND = 3;

let world: World;
beforeEach(async () => {
  world = await createWorld(ENTRIES, 'CREATE TABLE entry (id text PRIMARY KEY, n bigint NOT NULL)');
});
afterEach(() => world.close());

test('a node that is killed takes nothing with it, and another goes on where it was', async () => {
  const survivor = await world.node();
  let expected = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const clientId = `killed-${round}`;
    const acknowledged = await pushUntilKilled(clientId, 10 + round * 7);
    const stored = await countOf(clientId);
    expect(stored).toBeGreaterThanOrEqual(acknowledged);
    // The worst of clients: it has forgotten all answers, and sends everything again.
    const pusher = new Pusher(survivor, clientId);
    const entries = Array.from({ length: stored + BEYOND }, (_, n) => entryOf(clientId, n));
    for (const entry of entries) expect((await pusher.push([entry])).outcome).toBe('applied');
    expected += entries.length;
    // One commit for each mutation, whoever made it: none was lost, none has happened twice.
    expect(survivor.stats().head).toBe(expected);
  }
  const rows = (await pulled(survivor, ENTRIES)).rows('entry');
  expect(rows).toHaveLength(expected);
});

/** Returns how many pushes were acknowledged when the process was gone. */
async function pushUntilKilled(clientId: string, count: number): Promise<number> {
  const node = fork(join(import.meta.dirname, 'node-process.ts'), [world.database.url, clientId], { execArgv: [] });
  let acknowledged = 0;
  node.on('message', () => {
    acknowledged += 1;
    if (acknowledged === count) node.kill('SIGKILL');
  });
  expect(await endOf(node)).toBe('SIGKILL');
  return acknowledged;
}

async function countOf(clientId: string): Promise<number> {
  const rows = await world.database.sql`SELECT id FROM entry WHERE starts_with(id, ${`${clientId}.`})`;
  return rows.length;
}

async function endOf(node: ChildProcess): Promise<unknown> {
  const [, signal] = await once(node, 'close');
  return signal;
}
