/** One node of the campaign, to be killed: a server over the database of its first argument. Says where it listens. */
import { createSyncServer } from '../../../../src/server/edge/create-sync-server.ts';
import { serve } from '../../../../src/server/edge/serve.ts';
import { postgresStorage } from '../../../../src/server/postgres/index.ts';
import { schema } from './schema.ts';

const [url = '', stalledMs = ''] = process.argv.slice(2);
const storage = postgresStorage({
  url,
  stalledMs: Number(stalledMs),
  pollMs: 200,
  maxConnections: 4,
  driver: { connect_timeout: 5 },
});
const running = await serve(createSyncServer({ schema, storage }), { port: 0, hostname: '127.0.0.1' });
// Opened by the first call: a node that listens is one that serves.
await fetch(`${running.url}/health/ready`);
process.on('disconnect', () => process.exit());
process.send?.(running.url);
