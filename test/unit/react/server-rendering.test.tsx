import { Suspense } from 'react';
import { renderToString } from 'react-dom/server';
import {
  createSync,
  SyncProvider,
  sql,
  useConflicts,
  useCursors,
  useDevices,
  useOutbox,
  useRowStatus,
  useSuspenseSyncedQuery,
  useSyncEvents,
  useSyncedMutation,
  useSyncedQuery,
  useSyncProgress,
  useSyncStatus,
} from 'tidemark';
import { SyncDevtools, SyncDevtoolsPanel } from 'tidemark/devtools';
import { expect, test } from 'vitest';
import { schema } from './harness.tsx';

const server = { url: '/sync' };

function EveryHook() {
  const { phase } = useSyncStatus();
  const { data, isPending } = useSyncedQuery(sql`SELECT * FROM issue`);
  const row = useRowStatus('issue', 'a');
  const lists = [useOutbox(), useCursors(), useDevices(), useSyncEvents(), useConflicts().conflicts];
  useSyncedMutation(() => undefined);
  return (
    <p>
      {[phase, String(isPending), String(data), row, useSyncProgress(), ...lists.map((list) => list.length)].join()}
    </p>
  );
}

function Rows() {
  return <p>{useSuspenseSyncedQuery(sql`SELECT * FROM issue`).data.length}</p>;
}

test('every hook renders on a server, where there is no window and no database', () => {
  expect(typeof window).toBe('undefined');
  const html = renderToString(
    <SyncProvider sync={createSync({ schema, server })}>
      <EveryHook />
      <SyncDevtools />
      <SyncDevtoolsPanel />
    </SyncProvider>,
  );
  expect(html).toBe('<p>starting,true,undefined,synced,,0,0,0,0,0</p>');
});

test('the fallback of the provider is what a server renders', () => {
  const html = renderToString(
    <SyncProvider sync={createSync({ schema, server })} fallback={<p>opening</p>}>
      <EveryHook />
    </SyncProvider>,
  );
  expect(html).toBe('<p>opening</p>');
});

test('a suspending query leaves its fallback on a server, for the browser to fill', () => {
  const sync = createSync({ schema });
  const html = renderToString(
    <SyncProvider sync={sync}>
      <Suspense fallback={<p>loading</p>}>
        <Rows />
      </Suspense>
    </SyncProvider>,
  );
  expect(html).toContain('<p>loading</p>');
  expect(sync.store.getState().status.phase).toBe('starting');
});
