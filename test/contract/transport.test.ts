import { defineSchema, t, table } from '../../src/core/schema.ts';
import { createSyncService } from '../../src/server/create-service.ts';
import { createServer } from '../../src/server/edge/create-sync-server.ts';
import type { AuthFunction } from '../../src/server/edge/options.ts';
import { serve } from '../../src/server/edge/serve.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import { inProcessTransport } from '../../src/testing/in-process-transport.ts';
import { httpTransport } from '../../src/transport/http-transport.ts';
import { runTransportContract } from './transport.ts';

const schema = defineSchema({
  version: 1,
  tables: {
    note: table({ id: t.text(), body: t.text(), n: t.bigint().nullable(), data: t.blob().nullable() }),
  },
});

const makeService = () => createSyncService({ schema, storage: sqliteStorage({ file: ':memory:' }) });

runTransportContract('in process', async ({ auth = () => ({ id: 'anonymous' }) }: { auth?: AuthFunction } = {}) => {
  const service = await makeService();
  return {
    service,
    transport: (options = {}) => inProcessTransport(service, auth, { schemaVersion: 1, ...options }),
    close: () => service.close(),
  };
});

runTransportContract('HTTP and WebSocket', async ({ auth } = {}) => {
  const service = await makeService();
  const server = createServer(Promise.resolve(service), { schema, ...(auth ? { auth } : {}) });
  const running = await serve(server, { port: 0 });
  return {
    service,
    transport: (options = {}) => httpTransport({ url: `${running.url}/sync/`, ...options }),
    close: () => running.close(),
  };
});
