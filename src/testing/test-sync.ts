import { composeEngine } from '../client/engine/compose.ts';
import type { ServerOptions, Sync, SyncOptions } from '../client/sync.ts';
import type { Schema } from '../core/schema.ts';
import { type Runtime, systemRuntime } from '../shared/runtime.ts';
import { openMemoryDatabase } from '../storage/sqlite-wasm/memory.ts';
import { decidedTables, type Resolvers } from '../store/decide.ts';
import { inThreadLine } from '../store/session-line.ts';
import { createSyncHandle } from '../store/sync-handle.ts';
import type { Transport } from '../transport/transport.ts';
import { inProcessTransport } from './in-process-transport.ts';
import { Network, type SimulatedNetwork } from './simulated-network.ts';
import type { TestRows } from './test-rows.ts';
import type { TestServer } from './test-server.ts';

export interface TestSyncOptions<S extends Schema = Schema>
  extends Pick<SyncOptions<S>, 'resolvers' | 'autoSync' | 'localSchema' | 'deviceName'> {
  readonly schema: S;
  /** Left out: a fully local app, as `createSync` without `server`. */
  readonly server?: TestServer<S>;
  /** What lies between. Default: a good one. */
  readonly network?: SimulatedNetwork;
  /** Who the server takes the device for. Default: `tester`. */
  readonly user?: string;
  /** The app's token function, where a test is about signing in; the server does not look at the token. */
  readonly auth?: NonNullable<ServerOptions['auth']>;
  /** Rows that this device writes first. Rows that are on the server already: give them to the server. */
  readonly rows?: TestRows<S>;
  /** Its clock, timers and chance. Default: the real ones. */
  readonly runtime?: Runtime;
}

/**
 * A real `Sync` for tests and stories: the engine that apps run, over SQLite in memory, in this thread and without a
 * worker. With a {@link createTestServer} it syncs for real.
 *
 * @example
 * ```tsx
 * const sync = createTestSync({ schema, rows: { issue: [{ id: 'a', title: 'Gulls' }] } });
 * render(<SyncProvider sync={sync}><IssueList /></SyncProvider>);
 * ```
 */
export function createTestSync<S extends Schema>(options: TestSyncOptions<S>): Sync<S> {
  const { schema, server, rows = {}, runtime = systemRuntime } = options;
  const sessionId = runtime.uuid();
  const line = inThreadLine(async () => {
    const engine = await openEngine(options, runtime);
    return { connection: engine.connect(sessionId), close: () => engine.close() };
  });
  const { resolvers, auth } = options;
  const sync = createSyncHandle<S>({
    options: {
      schema,
      ...(server ? { server: { url: 'in-process:', ...(auth ? { auth } : {}) } } : {}),
      ...(resolvers ? { resolvers } : {}),
    },
    sessionId,
    line,
    runtime,
  });
  const lists = Object.entries<readonly unknown[] | undefined>(rows).filter(([, list]) => (list?.length ?? 0) > 0);
  if (lists.length === 0) return sync;
  const seeded = sync.write(async (tx) => {
    for (const [table, list] of lists) await tx.insertMany(table, list as never);
  });
  // Writes of the test queue up behind it; whether it failed is for `ready` to tell.
  const ready = seeded.then(() => undefined);
  ready.catch(() => undefined);
  return Object.defineProperty(sync, 'ready', { get: () => ready });
}

async function openEngine<S extends Schema>(options: TestSyncOptions<S>, runtime: Runtime) {
  const { schema, server, resolvers = {}, autoSync = {}, localSchema = [], deviceName, auth } = options;
  const network = options.network instanceof Network ? options.network : new Network({ runtime });
  const service = await server?.ready;
  const connect = (getToken: (options: { refresh: boolean }) => Promise<string | null>): Transport =>
    inProcessTransport(
      service ?? unreachable(),
      { id: options.user ?? 'tester' },
      { schemaVersion: schema.version, runtime, ...(auth ? { getToken } : {}) },
    );
  return composeEngine({
    schema,
    database: await openMemoryDatabase(),
    runtime,
    createTransport: service ? (getToken) => network.over(connect(getToken)) : null,
    autoSync,
    localSchema,
    deviceName: deviceName ?? null,
    decides: server ? decidedTables(schema, resolvers as Resolvers) : [],
    onlineHint: network.onlineHint,
  });
}

function unreachable(): never {
  throw new Error('There is no server to connect to.');
}
