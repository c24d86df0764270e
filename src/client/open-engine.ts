import type { Runtime } from '../shared/runtime.ts';
import type { LocalDatabase } from '../storage/local-database.ts';
import { openLocalDatabase } from '../storage/sqlite-wasm/open.ts';
import { composeEngine } from './engine/compose.ts';
import type { Engine } from './engine/engine.ts';
import { instrumentedHttpTransport } from './lab/instrumented-http-transport.ts';
import { platformOnlineHint } from './online-hint.ts';
import { schemaFromWire } from './schema-wire.ts';
import { createMeta } from './store/meta.ts';
import type { WorkerConfig } from './worker-api.ts';

/** The engine of one open database, shared by sessions. */
export type SharedEngine = Pick<Engine, 'connect' | 'close'>;

/** An engine with the number of its leadership: greater than that of every leader before it. */
export interface OpenEngine {
  readonly engine: SharedEngine;
  readonly term: number;
}

export interface OpenEngineOptions {
  readonly config: WorkerConfig;
  readonly runtime: Runtime;
  /** The highest term seen so far. */
  readonly lastTerm: number;
}

/** How long one try waits for the files; who leads tries again, and tells the others in between that it lives. */
const WAIT_FOR_FILES_MS = 3_000;

/** Opens the configured database and puts the engine together on it. */
export async function openEngine({ config, runtime, lastTerm }: OpenEngineOptions): Promise<OpenEngine> {
  const { serverUrl, hasAuth, autoSync, localSchema, deviceName, decides } = config;
  const database = await openLocalDatabase(config, { runtime, waitMs: WAIT_FOR_FILES_MS });
  let engine: SharedEngine;
  try {
    engine = composeEngine({
      schema: schemaFromWire(config.schema),
      database,
      runtime,
      autoSync,
      localSchema,
      deviceName,
      decides,
      onlineHint: platformOnlineHint,
      createTransport:
        serverUrl === null
          ? null
          : (getToken, instruments) =>
              instrumentedHttpTransport({ url: serverUrl, runtime, ...(hasAuth ? { getToken } : {}) }, instruments),
    });
  } catch (error) {
    database.close();
    throw error;
  }
  return beginTerm({ engine, database, lastTerm });
}

/**
 * Counts the leaderships of this database. An engine that cannot is closed: it is working already, and whoever asked for it
 * tries again with another.
 */
export async function beginTerm({
  engine,
  database,
  lastTerm,
}: {
  readonly engine: SharedEngine;
  readonly database: LocalDatabase;
  readonly lastTerm: number;
}): Promise<OpenEngine> {
  try {
    return { engine, term: nextTerm(database, lastTerm) };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function nextTerm(database: LocalDatabase, lastTerm: number): number {
  const meta = createMeta(database);
  const term = Math.max(meta.number('term') ?? 0, lastTerm) + 1;
  meta.set('term', term);
  return term;
}
