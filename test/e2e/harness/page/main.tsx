import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { createSync, type Sync, SyncProvider, sql, useSyncedQuery } from 'tidemark';
import { SyncDevtools } from 'tidemark/devtools';
import { type SchemaName, schemas } from '../schemas.ts';

/** What a test reaches through `page.evaluate`. */
export interface Device {
  readonly sync: Sync;
  readonly sql: typeof sql;
  /** What a component was last given to render. */
  shown?: readonly Record<string, unknown>[] | undefined;
}

declare global {
  interface Window {
    device: Device;
  }
}

const parameters = new URLSearchParams(window.location.search);
const wanted = (name: string): string => {
  const value = parameters.get(name);
  if (value === null) throw new Error(`The URL lacks ${name}.`);
  return value;
};

const sync = createSync({
  schema: schemas[wanted('schema') as SchemaName],
  // Who is signed in at this browser; nobody, where a test has no people in it.
  server: { url: wanted('server'), auth: () => localStorage.getItem('person') },
  storage: { kind: 'opfs', name: wanted('name') },
}) as unknown as Sync;

window.device = { sync, sql };

function Shown({ table }: { readonly table: string }) {
  const { data } = useSyncedQuery({ sql: `SELECT * FROM "${table}" ORDER BY id`, parameters: [] });
  useEffect(() => {
    window.device.shown = data as Device['shown'];
  }, [data]);
  return <output>{data?.length}</output>;
}

const root = document.getElementById('root');
const shown = parameters.get('show');
if (root && (shown !== null || parameters.has('panel'))) {
  createRoot(root).render(
    <SyncProvider sync={sync}>
      {shown !== null && <Shown table={shown} />}
      {parameters.has('panel') && <SyncDevtools initialIsOpen />}
    </SyncProvider>,
  );
}
