import { createLocalLoop } from './local-loop.ts';
import { ServerLoop } from './server-loop.ts';
import type { SyncLoop, SyncLoopOptions } from './sync-loop.ts';

/**
 * Makes the loop of one local database. It does nothing before `start()`.
 *
 * @example
 * ```ts
 * const loop = createSyncLoop({ runtime, schema, store, transport, exclusive, autoSync, …callbacks });
 * loop.start();
 * await loop.run('sync');
 * ```
 */
export function createSyncLoop(options: SyncLoopOptions): SyncLoop {
  const { transport } = options;
  return transport === null ? createLocalLoop(options) : new ServerLoop(options, transport);
}
