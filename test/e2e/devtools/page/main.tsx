import { createRoot } from 'react-dom/client';
import { createSync, defineSchema, type Sync, SyncProvider, sql, t, table, useSyncedQuery } from 'tidemark';
import { SyncDevtools } from 'tidemark/devtools/production';
import { createFakeSync } from 'tidemark/testing';
import { decidedByPolicy, deletedThere, sameColumns } from '../../../../stories/fixtures/conflicts.ts';
import { mixedOutbox } from '../../../../stories/fixtures/outbox.ts';
import { events, rounds } from '../../../../stories/fixtures/rounds.ts';
import { schema as fakeSchema } from '../../../../stories/fixtures/schema.ts';

/** What a test reaches through `page.evaluate`. */
export interface BusyApp {
  /** Writes so many single changes a second, for so long; resolves with how many there were. */
  write(perSecond: number, forMs: number): Promise<number>;
  /** The lengths of the page's frames meanwhile, in milliseconds. */
  frames(forMs: number): Promise<number[]>;
}

declare global {
  interface Window {
    busy: BusyApp;
  }
}

const schema = defineSchema({
  version: 1,
  tables: { issue: table({ id: t.text(), title: t.text(), votes: t.counter() }) },
});

const isBusy = new URLSearchParams(location.search).has('busy');
const sync = isBusy ? busySync() : filledSync();

/** A real database whose server is never reached: the queue only grows. */
function busySync(): Sync {
  const real = createSync({
    schema,
    server: { url: '/nowhere' },
    autoSync: false,
    storage: { kind: 'memory', name: 'busy' },
  });
  let count = 0;
  window.busy = {
    async write(perSecond, forMs) {
      const until = performance.now() + forMs;
      const from = count;
      const startedAt = performance.now();
      while (performance.now() < until) {
        const due = from + ((performance.now() - startedAt) / 1_000) * perSecond;
        const burst: Promise<unknown>[] = [];
        while (count < due) {
          count += 1;
          const id = `issue-${count % 500}`;
          burst.push(
            real.write((tx) =>
              tx.run(sql`INSERT INTO issue (id, title, votes) VALUES (${id}, ${`Title ${count}`}, 0)
            ON CONFLICT (id) DO UPDATE SET title = excluded.title, votes = votes + 1`),
            ),
          );
        }
        await Promise.all(burst);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return count - from;
    },
    async frames(forMs) {
      const lengths: number[] = [];
      let last = await nextFrame();
      const until = last + forMs;
      while (last < until) {
        const at = await nextFrame();
        lengths.push(at - last);
        last = at;
      }
      return lengths;
    },
  };
  return real as unknown as Sync;
}

function nextFrame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

function filledSync(): Sync {
  const state = { outbox: mixedOutbox, conflicts: [sameColumns, deletedThere, decidedByPolicy], events };
  return createFakeSync({ schema: fakeSchema, state, rounds }) as unknown as Sync;
}

function Issues() {
  const { data = [] } = useSyncedQuery(sql<{ id: string; title: string; votes: number }>`
    SELECT id, title, votes FROM issue ORDER BY id LIMIT 50`);
  return (
    <ul>
      {data.map((issue) => (
        <li key={issue.id}>
          {issue.title} {issue.votes}
        </li>
      ))}
    </ul>
  );
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <SyncProvider sync={sync}>
      <h1>A strict app</h1>
      {isBusy && <Issues />}
      <SyncDevtools />
    </SyncProvider>,
  );
}
