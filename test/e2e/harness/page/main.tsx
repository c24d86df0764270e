import { createRoot } from 'react-dom/client';
import { createSync, type Sync, SyncProvider, sql } from 'tidemark';
import { SyncDevtools } from 'tidemark/devtools';
import { type SchemaName, schemas } from '../schemas.ts';

/** What a test reaches through `page.evaluate`. */
export interface Device {
  readonly sync: Sync;
  readonly sql: typeof sql;
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

const root = document.getElementById('root');
if (root && parameters.has('panel')) {
  createRoot(root).render(
    <SyncProvider sync={sync}>
      <SyncDevtools initialIsOpen />
    </SyncProvider>,
  );
}
