import { createSync, defineSchema, type Sync, sql, t, table } from 'tidemark';

/** What a test or a benchmark reaches through `page.evaluate`. */
export interface BusyApp {
  /** Writes so many single changes a second, for so long; resolves with how many there were. */
  write(perSecond: number, forMs: number): Promise<number>;
  /** Writes so many single changes, as fast as they go. */
  fill(count: number): Promise<void>;
  /** Fills the table with so many rows, in few mutations. */
  rows(count: number): Promise<void>;
  /** The lengths of the page's frames meanwhile, in milliseconds. */
  frames(forMs: number): Promise<number[]>;
  /** The same, while this element scrolls so far in each frame. */
  scroll(element: Element, step: number, forMs: number): Promise<number[]>;
}

declare global {
  interface Window {
    busy: BusyApp;
  }
}

const BURST = 500;

const schema = defineSchema({
  version: 1,
  tables: { issue: table({ id: t.text(), title: t.text(), votes: t.counter() }) },
});

/** A real database whose server is never reached: the queue only grows. */
export function busySync(): Sync {
  const sync = createSync({
    schema,
    server: { url: '/nowhere' },
    autoSync: false,
    storage: { kind: 'memory', name: 'busy' },
  });
  let count = 0;
  const writeOne = (id: string) => {
    count += 1;
    return sync.write((tx) =>
      tx.run(sql`INSERT INTO issue (id, title, votes) VALUES (${id}, ${`Title ${count}`}, 0)
        ON CONFLICT (id) DO UPDATE SET title = excluded.title, votes = votes + 1`),
    );
  };
  window.busy = {
    async write(perSecond, forMs) {
      const from = count;
      const startedAt = performance.now();
      while (performance.now() < startedAt + forMs) {
        const due = from + ((performance.now() - startedAt) / 1_000) * perSecond;
        const burst: Promise<unknown>[] = [];
        while (count < due) burst.push(writeOne(`issue-${count % BURST}`));
        await Promise.all(burst);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return count - from;
    },
    async fill(wanted) {
      for (const until = count + wanted; count < until; ) {
        const burst = Math.min(BURST, until - count);
        await Promise.all(Array.from({ length: burst }, () => writeOne(`row-${count}`)));
      }
    },
    async rows(wanted) {
      for (let from = 0; from < wanted; from += 2 * BURST) {
        const rows = Array.from({ length: Math.min(2 * BURST, wanted - from) }, (_, index) => ({
          id: `old-${String(from + index).padStart(6, '0')}`,
          title: `Title ${from + index}`,
        }));
        await sync.write((tx) => tx.insertMany('issue', rows));
      }
    },
    frames: (forMs) => watchFrames(forMs, () => {}),
    scroll(element, step, forMs) {
      element.scrollTop = 0;
      return watchFrames(forMs, () => {
        element.scrollTop += step;
      });
    },
  };
  return sync as unknown as Sync;
}

async function watchFrames(forMs: number, onFrame: () => void): Promise<number[]> {
  const lengths: number[] = [];
  let last = await nextFrame();
  const until = last + forMs;
  while (last < until) {
    onFrame();
    const at = await nextFrame();
    lengths.push(at - last);
    last = at;
  }
  return lengths;
}

function nextFrame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
