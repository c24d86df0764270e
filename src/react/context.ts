import type { QueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import type { Sync } from '../client/sync.ts';
import type { Schema } from '../core/schema.ts';
import { SyncError } from '../shared/error.ts';

/** What {@link SyncProvider} hands down. */
export interface SyncContextValue {
  readonly sync: Sync;
  readonly queryClient: QueryClient;
}

export const SyncContext = createContext<SyncContextValue | null>(null);

/** The provider's value; a clear error outside of one. */
export function useSyncContext(): SyncContextValue {
  const value = useContext(SyncContext);
  if (value) return value;
  throw new SyncError(
    'misuse',
    'A tidemark hook was called outside of <SyncProvider>. Wrap the app: <SyncProvider sync={sync}>…</SyncProvider>.',
  );
}

/**
 * The `Sync` of the nearest {@link SyncProvider}. Name the schema to have typed tables: `useSync<typeof schema>()`.
 *
 * @throws SyncError `misuse` outside of a provider.
 */
export function useSync<S extends Schema = Schema>(): Sync<S> {
  return useSyncContext().sync as unknown as Sync<S>;
}
