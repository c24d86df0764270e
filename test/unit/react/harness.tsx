import { cleanup } from '@testing-library/react';
import { type ReactNode, StrictMode } from 'react';
import {
  createSync,
  defineSchema,
  type InferRow,
  type Sync,
  SyncProvider,
  type SyncProviderProps,
  t,
  table,
} from 'tidemark';
import { afterEach } from 'vitest';

export const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({ id: t.text(), title: t.text(), votes: t.counter(), done: t.boolean() }),
    tag: table(
      { issue_id: t.text(), label: t.text(), note: t.text().nullable() },
      { primaryKey: ['issue_id', 'label'] },
    ),
  },
});

export type TestSync = Sync<typeof schema>;
export type Issue = InferRow<typeof schema, 'issue'>;

const opened: TestSync[] = [];

/** A real, fully local `Sync` over SQLite in memory; closed after the test. */
export function openSync(options: Partial<Parameters<typeof createSync<typeof schema>>[0]> = {}): TestSync {
  const sync = createSync({ schema, ...options });
  opened.push(sync);
  return sync;
}

export async function insertIssues(sync: TestSync, ...titles: readonly string[]): Promise<void> {
  await sync.write((tx) =>
    tx.insertMany(
      'issue',
      titles.map((title) => ({ id: title, title, done: false })),
    ),
  );
}

/** The wrapper for `render` and `renderHook`. */
export function within(sync: TestSync, props: Partial<SyncProviderProps<typeof schema>> = {}) {
  return ({ children }: { readonly children: ReactNode }) => (
    <StrictMode>
      <SyncProvider sync={sync} {...props}>
        {children}
      </SyncProvider>
    </StrictMode>
  );
}

afterEach(async () => {
  cleanup();
  for (const sync of opened.splice(0)) await sync.close();
});
