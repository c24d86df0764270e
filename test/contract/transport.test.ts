import { defineSchema, t, table } from '../../src/core/schema.ts';
import { createSyncService } from '../../src/server/create-service.ts';
import { createServer } from '../../src/server/edge/create-sync-server.ts';
import type { AuthFunction } from '../../src/server/edge/options.ts';
import { serve } from '../../src/server/edge/serve.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import { inProcessTransport } from '../../src/testing/in-process-transport.ts';
import { memorySocketPair } from '../../src/testing/memory-socket.ts';
import { httpTransport } from '../../src/transport/http-transport.ts';
import type { WebSocketConstructor, WebSocketLike } from '../../src/transport/web-socket.ts';
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

/** What a runtime other than Node does: hands requests to `fetch`, and sockets it has accepted to `handleSocket`. */
runTransportContract('the fetch handler and sockets of any runtime', async ({ auth } = {}) => {
  const service = await makeService();
  const server = createServer(Promise.resolve(service), { schema, ...(auth ? { auth } : {}) });
  function Socket(): WebSocketLike {
    const { client, server: end } = memorySocketPair();
    server.handleSocket(end);
    return client;
  }
  return {
    service,
    transport: (options = {}) =>
      httpTransport({
        url: 'http://in-process',
        fetch: (url, init) => server.fetch(new Request(url, init)),
        WebSocket: Socket as unknown as WebSocketConstructor,
        ...options,
      }),
    close: () => server.close(),
  };
});

runTransportContract('HTTP and server-sent events', async ({ auth } = {}) => {
  const service = await makeService();
  const server = createServer(Promise.resolve(service), { schema, ...(auth ? { auth } : {}) });
  const running = await serve(server, { port: 0 });
  return {
    service,
    carriesPushes: false,
    transport: (options = {}) => httpTransport({ url: running.url, WebSocket: null, ...options }),
    close: () => running.close(),
  };
});
