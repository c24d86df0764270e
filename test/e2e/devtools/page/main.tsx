import { createRoot } from 'react-dom/client';
import { type Sync, SyncProvider, sql, useSyncedQuery } from 'tidemark';
import { SyncDevtools } from 'tidemark/devtools/production';
import { createFakeSync } from 'tidemark/testing';
import { decidedByPolicy, deletedThere, sameColumns } from '../../../../stories/fixtures/conflicts.ts';
import { mixedOutbox } from '../../../../stories/fixtures/outbox.ts';
import { events, rounds } from '../../../../stories/fixtures/rounds.ts';
import { schema } from '../../../../stories/fixtures/schema.ts';
import { busySync } from './busy.ts';

const asked = new URLSearchParams(location.search);
const isBusy = asked.has('busy');
const sync = isBusy ? busySync() : filledSync();

function filledSync(): Sync {
  const state = { outbox: mixedOutbox(), conflicts: [sameColumns, deletedThere, decidedByPolicy], events };
  return createFakeSync({ schema, state, rounds }) as unknown as Sync;
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
      {!asked.has('bare') && <SyncDevtools />}
    </SyncProvider>,
  );
}
