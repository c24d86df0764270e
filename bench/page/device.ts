import { createSync, type Sync, sql } from 'tidemark';
import { median } from '../measure.ts';
import { benchSchema } from '../schema.ts';

export type BenchSync = Sync<typeof benchSchema>;

/** A device of ours on OPFS that captures its writes. It syncs by itself unless it `isQuiet`. */
export async function openDevice(name: string, options: { server: string; isQuiet?: boolean }): Promise<BenchSync> {
  const sync = createSync({
    schema: benchSchema,
    storage: { kind: 'opfs', name },
    server: { url: options.server },
    ...(options.isQuiet ? { autoSync: false as const } : {}),
  });
  await sync.ready;
  return sync;
}

/** A device that holds what the server holds, and from here on keeps its writes to itself: only local work is measured. */
export async function openFilled(name: string, options: { server: string }): Promise<BenchSync> {
  const sync = await openDevice(name, options);
  await untilSynced(sync);
  await sync.pause('bench');
  return sync;
}

export async function untilSynced(sync: BenchSync): Promise<void> {
  await new Promise<void>((resolve) => {
    const check = () => {
      if (sync.store.getState().status.phase !== 'synced') return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = sync.store.subscribe(check);
    queueMicrotask(check);
  });
}

/** One row changed in one transaction: the same statement as the floor's. */
export function vote(sync: BenchSync, id: string) {
  return sync.write((tx) => tx.run(sql`UPDATE issue SET title = title || ${'.'} WHERE id = ${id}`));
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The mean of `count` runs, in milliseconds: single ones are below what the clock can tell. */
export async function timedEach(count: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const total = await timed(async () => {
    for (let index = 0; index < count; index += 1) await work(index);
  });
  return total / count;
}

/** The median of `count` runs, in milliseconds, for work that takes long enough to be timed alone. */
export async function timedMedian(count: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) times.push(await timed(work));
  return median(times);
}
