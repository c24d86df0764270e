import { spawnWorker } from '../client/spawn-worker.ts';
import type { Sync, SyncOptions } from '../client/sync.ts';
import type { Schema } from '../core/schema.ts';
import { systemRuntime } from '../shared/runtime.ts';
import { checkOptions, toConfig } from './options.ts';
import { inThreadLine } from './session-line.ts';
import { createSyncHandle } from './sync-handle.ts';
import { workerLine } from './worker-line.ts';

/**
 * Opens the local database of this app and keeps it in sync. In a browser the database lives in a worker, on disk
 * (OPFS) unless told otherwise, and is shared by the tabs of the app; elsewhere it lives in this thread, in memory, and opens when it is
 * first used. Make one per database, outside of components.
 *
 * @throws SyncError `misuse` or `not-found` when the options make no sense. That the database cannot be opened is told by
 *   `sync.ready` and by every call.
 * @example
 * ```ts
 * const sync = createSync({ schema, server: { url: '/sync' } });
 * const receipt = await sync.write((tx) => tx.insert('issue', { id: crypto.randomUUID(), title: 'Hello' }));
 * await receipt.settled;
 * ```
 */
export function createSync<S extends Schema>(options: SyncOptions<S>): Sync<S> {
  checkOptions(options);
  const runtime = systemRuntime;
  const sessionId = runtime.uuid();
  const page = typeof location === 'undefined' ? null : location.href;
  const spawn = workerSpawner(options);
  const config = () => toConfig(options, { sessionId, kind: spawn ? 'opfs' : 'memory', page });
  const line = spawn
    ? workerLine(spawn, config(), runtime)
    : inThreadLine(async () => {
        // Not before it is used: on a server that renders pages, a relative server.url means nothing and does no harm.
        const { openEngine } = await import('../client/open-engine.ts');
        const { engine } = await openEngine({ config: config(), runtime, lastTerm: 0 });
        return { connection: engine.connect(sessionId), close: () => engine.close() };
      });
  return createSyncHandle({ options, sessionId, line, runtime });
}

/** How this page starts its worker; null where there are no pages or no workers. */
function workerSpawner(options: SyncOptions): (() => Worker) | null {
  if (typeof document === 'undefined' || typeof Worker === 'undefined') return null;
  return options.worker ?? spawnWorker;
}
