/** Scopes that a device follows by choice, through the public handle and over loopback sockets. */
import { afterEach, expect, test } from 'vitest';
import type { Sync, SyncOptions } from '../../../src/client/sync.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSyncServer, type RunningServer, serve } from '../../../src/server/index.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import { createSync } from '../../../src/store/create-sync.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), project_id: t.text() }, { scope: { kind: 'project', by: 'project_id' } }),
  },
});

let server: RunningServer | null = null;
const open: Sync<typeof schema>[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sync) => sync.close()));
  await server?.close();
  server = null;
});

async function start(read: readonly string[] | '*'): Promise<RunningServer> {
  const storage = sqliteStorage({ file: ':memory:' });
  server = await serve(createSyncServer({ schema, storage, access: () => ({ read, write: '*' }) }), {
    port: 0,
    hostname: '127.0.0.1',
  });
  return server;
}

function device(options: Partial<SyncOptions<typeof schema>>) {
  const sync = createSync({ schema, ...options });
  open.push(sync);
  return sync;
}

/** Real sockets and a real server, perhaps on a machine that has a lot to do. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

const idsOf = (sync: Sync<typeof schema>) => async () =>
  (await sync.query(sql<{ id: string }>`SELECT id FROM issue ORDER BY id`)).map(({ id }) => id);

const cursorsOf = (sync: Sync<typeof schema>) => () =>
  sync.store.getState().cursors.map(({ scope, cursor, isFollowed }) => [scope, isFollowed, cursor !== null]);

for (const read of ['*', ['project:a', 'project:b']] as const) {
  const granted = read === '*' ? 'every scope' : 'some scopes';

  test(`of ${granted}: rows go and come as a person chooses, live, while the channel is open`, async () => {
    const { url } = await start(read);
    const [mine, other] = [device({ server: { url } }), device({ server: { url } })];
    const ids = idsOf(mine);
    const add = (id: string, project_id: string) => other.write((tx) => tx.insert('issue', { id, project_id }));
    await add('a1', 'a');
    await add('b1', 'b');
    await eventually(ids).toEqual(['a1', 'b1']);
    await eventually(() => mine.store.getState().status.connection).toBe('open');

    await mine.scopes.unsubscribe('project:b');
    await eventually(ids).toEqual(['a1']);
    await eventually(cursorsOf(mine)).toContainEqual(['project:b', false, false]);
    await add('b2', 'b');
    await add('a2', 'a');
    await eventually(ids).toEqual(['a1', 'a2']);
    expect(mine.store.getState().status.error).toBeNull();

    await mine.scopes.subscribe('project:b');
    await eventually(ids).toEqual(['a1', 'a2', 'b1', 'b2']);
    await eventually(cursorsOf(mine)).toEqual(
      read === '*'
        ? [['*', true, true]]
        : [
            ['project:a', true, true],
            ['project:b', true, true],
          ],
    );
    await add('b3', 'b');
    await eventually(ids).toEqual(['a1', 'a2', 'b1', 'b2', 'b3']);
  }, 60_000);
}

test('chosen while sync is held, it takes effect when it goes on', async () => {
  const { url } = await start('*');
  const sync = device({ server: { url } });
  await sync.write((tx) => tx.insert('issue', { id: 'a1', project_id: 'a' }));
  await eventually(() => sync.store.getState().status.phase).toBe('synced');
  await sync.pause('test');
  await sync.scopes.unsubscribe('project:a');
  expect(await idsOf(sync)()).toEqual(['a1']);
  await eventually(cursorsOf(sync)).toContainEqual(['project:a', false, false]);
  await sync.resume('test');
  await eventually(idsOf(sync)).toEqual([]);
}, 60_000);

test('a scope has a name, and an app without a server has none', async () => {
  const { url } = await start('*');
  const sync = device({ server: { url } });
  await expect(sync.scopes.unsubscribe('')).rejects.toMatchObject({ kind: 'invalid-value' });
  await expect(device({}).scopes.subscribe('project:a')).rejects.toMatchObject({ kind: 'no-server' });
});
