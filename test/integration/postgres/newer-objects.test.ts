/** A node over a database that a newer release has been at: during a roll-out, and after going back. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MIGRATIONS } from '../../../src/server/postgres/install/index.ts';
import { Pusher } from '../../unit/server/support/fixture.ts';
import { ENTRIES, entryOf } from './entries.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld(ENTRIES, 'CREATE TABLE entry (id text PRIMARY KEY, n bigint NOT NULL)');
  await (await world.node()).close();
});
afterEach(() => world.close());

const NEWER = MIGRATIONS.length + 1;

test.each([
  ['says that it is not for this one', NEWER],
  ['says nothing', null],
])('does not start where the newer release %s', async (_name, oldest) => {
  const { sql } = world.database;
  await sql`INSERT INTO tidemark.migration (version, oldest) VALUES (${NEWER}, ${oldest})`;
  await expect(world.node()).rejects.toMatchObject({
    kind: 'version',
    message: expect.stringMatching(new RegExp(`has version ${NEWER}.*knows ${MIGRATIONS.length}.*Update this server`)),
  });
});

test('works where it may, and leaves the newer triggers as they are', async () => {
  const { sql } = world.database;
  await sql`INSERT INTO tidemark.migration (version, oldest) VALUES (${NEWER}, ${MIGRATIONS.length})`;
  await sql`UPDATE tidemark.installed SET capture = 'newer'`;
  const node = await world.node();
  expect((await new Pusher(node, 'a').push([entryOf('a', 0)])).outcome).toBe('applied');
  expect(await sql`SELECT capture FROM tidemark.installed`).toMatchObject([{ capture: 'newer' }]);
});

test('says for whom its own objects are', async () => {
  const [newest] = await world.database.sql`SELECT version, oldest FROM tidemark.migration ORDER BY version DESC`;
  expect(newest).toMatchObject({ version: MIGRATIONS.length, oldest: expect.any(Number) });
});
