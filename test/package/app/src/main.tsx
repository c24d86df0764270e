import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import {
  createSync,
  defineSchema,
  SyncProvider,
  sql,
  t,
  table,
  useSyncedMutation,
  useSyncedQuery,
  useSyncStatus,
} from 'tidemark';
import { SyncDevtools } from 'tidemark/devtools';

const schema = defineSchema({
  version: 1,
  tables: { note: table({ id: t.uuid(), body: t.text(), created_at: t.timestamp() }) },
});

const sync = createSync({ schema, storage: { kind: 'opfs', name: 'notes' } });

function Notes() {
  const status = useSyncStatus();
  const { data } = useSyncedQuery(sql<{ id: string; body: string }>`SELECT id, body FROM note ORDER BY created_at`);
  const add = useSyncedMutation((tx, body: string) =>
    tx.insert('note', { id: crypto.randomUUID(), body, created_at: new Date().toISOString() }),
  );
  return (
    <main data-phase={status.phase} data-persisted={status.persisted} data-rows={data?.length ?? 'loading'}>
      <button type="button" onClick={() => add.mutate(`note ${(data?.length ?? 0) + 1}`)}>
        Add
      </button>
      <ul>
        {data?.map((note) => (
          <li key={note.id}>{note.body}</li>
        ))}
      </ul>
    </main>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <SyncProvider sync={sync} fallback={<p>Opening…</p>}>
        <Suspense>
          <Notes />
        </Suspense>
        <SyncDevtools />
      </SyncProvider>
    </StrictMode>,
  );
