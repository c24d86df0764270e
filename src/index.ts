'use client';

/** `tidemark`: all a React app needs. */
export * from './core/index.ts';
export { useSync } from './react/context.ts';
export {
  type UseConflictsResult,
  useConflicts,
  useCursors,
  useDevices,
  useOutbox,
  useRowStatus,
  useSyncEvents,
  useSyncProgress,
  useSyncStatus,
} from './react/state.ts';
export { SyncProvider, type SyncProviderProps } from './react/sync-provider.tsx';
export { type SyncedMutationFn, type SyncedMutationOptions, useSyncedMutation } from './react/synced-mutation.ts';
export {
  type Completeness,
  type SuspenseSyncedQueryOptions,
  type SyncedQueryOptions,
  syncedQueryKey,
  useSuspenseSyncedQuery,
  useSyncedQuery,
} from './react/synced-query.ts';
