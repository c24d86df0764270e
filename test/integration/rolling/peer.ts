/**
 * A node over Postgres, or a device, as a process of its own: of the package as it is, or of a copy that speaks another version.
 * `node <database>` says where it listens; `device <name> <server>` writes what it is told to, and says what it sees.
 */
import { sql } from '../../../src/core/sql.ts';
import { createSyncServer } from '../../../src/server/edge/create-sync-server.ts';
import { serve } from '../../../src/server/edge/serve.ts';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { ROLLING, type ToDevice } from './schema.ts';

const tell = (message: unknown) => void process.send?.(message);
process.once('disconnect', () => process.exit());

const [role, ...rest] = process.argv.slice(2);
if (role === 'node') {
  const [url = ''] = rest;
  const server = createSyncServer({ schema: ROLLING, storage: postgresStorage({ url, maxConnections: 3 }) });
  tell({ url: (await serve(server, { port: 0 })).url });
} else {
  const [name = '', url = ''] = rest;
  const sync = createSync({ schema: ROLLING, server: { url }, deviceName: name });
  process.on('message', async ({ write }: ToDevice) => {
    const receipt = await sync.write((tx) => tx.insert('note', { id: write, body: name }));
    tell({ wrote: write, outcome: (await receipt.settled).outcome });
  });
  const ids = sync.liveQuery(sql<{ id: string }>`SELECT id FROM note ORDER BY id`);
  ids.subscribe(() => tell({ sees: ids.getSnapshot().rows?.map(({ id }) => id) ?? [] }));
  sync.store.subscribe(({ status }) => tell({ phase: status.phase, error: status.error?.kind ?? null }));
  await sync.ready;
  tell({ isReady: true });
}
