import type { Schema } from '../../core/schema.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { Transport } from '../../transport/transport.ts';
import { createInstruments, type Instruments } from '../lab/instruments.ts';
import { labOnlineHint } from '../lab/lab-online-hint.ts';
import { labTransport } from '../lab/lab-transport.ts';
import { createSyncLoop } from '../loop/create-sync-loop.ts';
import type { OnlineHint } from '../loop/sync-loop.ts';
import { createLocalStore } from '../store/create-local-store.ts';
import type { AutoSyncOptions } from '../sync.ts';
import { createEngine, type Engine } from './engine.ts';

/** Asks the app for its token: through a page, when the engine runs in a worker. */
export type GetToken = (options: { readonly refresh: boolean }) => Promise<string | null>;

export interface ComposeOptions {
  readonly schema: Schema;
  /** Open. The engine closes it. */
  readonly database: LocalDatabase;
  readonly runtime: Runtime;
  /** Makes a way to the server, through these instruments where it can. Null: the app is fully local. */
  readonly createTransport: ((getToken: GetToken, instruments: Instruments) => Transport) | null;
  /** Default: 30 s between pulls without a channel, 50 ms between pushes. */
  readonly autoSync?: AutoSyncOptions | false;
  readonly localSchema?: readonly string[];
  readonly deviceName?: string | null;
  /** Tables whose conflicts the app's own code decides. */
  readonly decides?: readonly string[];
  readonly onlineHint?: OnlineHint;
}

const INTERVAL_MS = 30_000;
const DEBOUNCE_MS = 50;

/**
 * Puts store, loop, transport and engine together on an open database: the one place where it is done, for workers and for
 * engines in the page's own thread.
 *
 * @throws SyncError `invalid-schema`, `storage`, `quota`; the database stays open then.
 */
export function composeEngine(options: ComposeOptions): Engine {
  const { schema, database, createTransport, autoSync = {} } = options;
  const hasServer = createTransport !== null;
  const instruments = createInstruments(options.runtime);
  const { lab, runtime } = instruments;
  const onlineHint = options.onlineHint && labOnlineHint(options.onlineHint, lab);
  const store = createLocalStore({ database, schema, runtime, hasServer, localSchema: options.localSchema ?? [] });
  let transport: Transport | null = null;
  const engine = createEngine({
    schema,
    database,
    store,
    runtime,
    instruments,
    createLoop: (hooks) => {
      const openTransport = createTransport && (() => createTransport(hooks.token, instruments));
      transport =
        openTransport &&
        labTransport({
          transport: openTransport(),
          openSecond: openTransport,
          schema,
          lab,
          uuid: () => runtime.uuid(),
        });
      return createSyncLoop({
        ...hooks,
        runtime,
        schema,
        store,
        transport,
        autoSync: autoSync && {
          intervalMs: autoSync.intervalMs ?? INTERVAL_MS,
          debounceMs: autoSync.debounceMs ?? DEBOUNCE_MS,
        },
        persisted: database.persisted,
        decides: options.decides ?? [],
        ...(options.deviceName ? { deviceName: options.deviceName } : {}),
        ...(onlineHint ? { onlineHint } : {}),
      });
    },
    onClose: () => transport?.close(),
  });
  if (store.migrated) engine.tell({ at: runtime.now(), type: 'schema-migrated', ...store.migrated });
  return engine;
}
