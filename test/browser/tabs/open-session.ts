import { spawnWorker } from '../../../src/client/spawn-worker.ts';
import type { Sync } from '../../../src/client/sync.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { createSync } from '../../../src/store/create-sync.ts';

export const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), title: t.text(), votes: t.counter(), done: t.boolean().default(false) }),
  },
});

/** A session with its own worker, as every tab has: two of one name are two tabs of one app. */
export interface Session {
  readonly sync: Sync<typeof schema>;
  /** Ends the worker as a crash would: nothing is said, nothing is finished. */
  crash(): void;
}

export function openSession(name: string, kind: 'opfs' | 'memory' = 'opfs'): Session {
  const workers: Worker[] = [];
  const sync = createSync({
    schema,
    storage: { kind, name },
    worker: () => {
      const worker = spawnWorker();
      workers.push(worker);
      return worker;
    },
  });
  return {
    sync,
    crash: () => {
      for (const worker of workers) worker.terminate();
    },
  };
}
