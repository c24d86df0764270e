import {
  type DefaultError,
  type QueryClient,
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  type UseSuspenseQueryOptions,
  type UseSuspenseQueryResult,
  useQuery,
  useSuspenseQuery,
} from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import type { LiveSnapshot, Sync } from '../client/sync.ts';
import type { SyncState } from '../client/types.ts';
import { type InferQueryRow, type QueryInput, type Statement, toStatement } from '../core/sql.ts';
import { keyText } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import { useSyncContext } from './context.ts';

type Owned = 'queryKey' | 'queryFn' | 'structuralSharing' | 'refetchInterval' | 'enabled';

/** TanStack Query's options, without those that the live query decides. */
export type SyncedQueryOptions<Row, Data = readonly Row[]> = Omit<
  UseQueryOptions<readonly Row[], DefaultError, Data>,
  Owned
> & {
  /** `false`: nothing is asked or followed. */
  readonly enabled?: boolean;
};

export type SuspenseSyncedQueryOptions<Row, Data = readonly Row[]> = Omit<
  UseSuspenseQueryOptions<readonly Row[], DefaultError, Data>,
  Owned
>;

/** Whether the rows can be complete: false until this device has had its first full sync. */
export interface Completeness {
  readonly isComplete: boolean;
}

/** The key under which the rows of a query stand in the query cache: several databases may share one cache. */
export function syncedQueryKey(sync: Sync, query: QueryInput): QueryKey {
  const { sql: text, parameters } = toStatement(query);
  return ['tidemark', databaseNumber(sync), text, keyText(parameters)];
}

const databaseNumbers = new WeakMap<object, number>();
let databaseCount = 0;

function databaseNumber(sync: Sync): number {
  const known = databaseNumbers.get(sync);
  if (known !== undefined) return known;
  databaseCount += 1;
  databaseNumbers.set(sync, databaseCount);
  return databaseCount;
}

/**
 * The rows of a query, kept current: a TanStack Query result whose `data` changes when a write on this device, in another
 * tab or on another device changes them. Rows that did not change keep their identity.
 *
 * @throws SyncError `invalid-query` or `invalid-value` when the query itself is malformed. SQL that SQLite refuses ends up in
 *   `error`.
 * @example
 * ```tsx
 * const { data: issues = [] } = useSyncedQuery(sql<Issue>`SELECT * FROM issue WHERE status = ${status}`);
 * ```
 */
export function useSyncedQuery<Q extends QueryInput, Data = readonly InferQueryRow<Q>[]>(
  query: Q,
  options: SyncedQueryOptions<InferQueryRow<Q>, Data> = {},
): UseQueryResult<Data> & Completeness {
  const { sync, queryClient } = useSyncContext();
  const statement = useStableStatement(query);
  useLiveFeed(sync, queryClient, statement, options.enabled !== false);
  const result = useQuery({ ...liveOptions<InferQueryRow<Q>>(sync, statement), ...options }, queryClient);
  return withCompleteness(result, useIsComplete(sync));
}

/**
 * {@link useSyncedQuery} for Suspense: `data` is always there; errors go to the error boundary. While a server renders,
 * there is no database: the fallback of the nearest `<Suspense>` stands there until the browser takes over.
 */
export function useSuspenseSyncedQuery<Q extends QueryInput, Data = readonly InferQueryRow<Q>[]>(
  query: Q,
  options: SuspenseSyncedQueryOptions<InferQueryRow<Q>, Data> = {},
): UseSuspenseQueryResult<Data> & Completeness {
  const { sync, queryClient } = useSyncContext();
  if (typeof window === 'undefined') throw noDatabase();
  const statement = useStableStatement(query);
  useLiveFeed(sync, queryClient, statement, true);
  const result = useSuspenseQuery({ ...liveOptions<InferQueryRow<Q>>(sync, statement), ...options }, queryClient);
  return withCompleteness(result, useIsComplete(sync));
}

/** React renders the fallback where a component throws on a server, and has the browser try again. */
function noDatabase(): SyncError {
  return new SyncError(
    'misuse',
    'useSuspenseSyncedQuery found no local database: a server is rendering. Put it below a <Suspense>, whose fallback is rendered there.',
  );
}

/** A new query object with the same text and parameters is the same query. */
function useStableStatement(query: QueryInput): Statement {
  const statement = toStatement(query);
  const identity = `${statement.sql}\n${keyText(statement.parameters)}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the identity says all that the statement says
  return useMemo(() => statement, [identity]);
}

function liveOptions<Row>(sync: Sync, statement: Statement) {
  return {
    queryKey: syncedQueryKey(sync, statement),
    queryFn: () => firstRows<Row>(sync, statement),
    // The live feed keeps the data current: nothing of TanStack Query's own refetching is needed,
    // and the network has no say in reading a local database.
    staleTime: Number.POSITIVE_INFINITY,
    networkMode: 'always',
    retry: false,
    structuralSharing: false,
  } as const;
}

async function firstRows<Row>(sync: Sync, statement: Statement): Promise<readonly Row[]> {
  const live = sync.liveQuery(statement);
  try {
    const first = await live.ready;
    // The feed may have brought newer ones in the meantime.
    return (live.getSnapshot().rows ?? first) as readonly Row[];
  } finally {
    // The feed of the mounted component holds the same live query open.
    live.close();
  }
}

/** While mounted, writes each new result of the live query into the query cache. */
function useLiveFeed(sync: Sync, queryClient: QueryClient, statement: Statement, isEnabled: boolean): void {
  useEffect(() => {
    if (!isEnabled) return;
    const live = sync.liveQuery(statement);
    const feed = () => writeSnapshot(queryClient, syncedQueryKey(sync, statement), live.getSnapshot());
    feed();
    const unsubscribe = live.subscribe(feed);
    return () => {
      unsubscribe();
      live.close();
    };
  }, [sync, queryClient, statement, isEnabled]);
}

function writeSnapshot(queryClient: QueryClient, queryKey: QueryKey, snapshot: LiveSnapshot<unknown>): void {
  if (snapshot.error) {
    const query = queryClient.getQueryCache().find({ queryKey });
    query?.setState({ status: 'error', error: snapshot.error, fetchStatus: 'idle' });
    return;
  }
  if (snapshot.rows === undefined) return;
  if (queryClient.getQueryData(queryKey) === snapshot.rows) return;
  queryClient.setQueryData(queryKey, snapshot.rows);
}

const isCompleteIn = (state: SyncState) => state.status.phase === 'local' || state.status.hasSynced;

function useIsComplete(sync: Sync): boolean {
  return useStore(sync.store, isCompleteIn);
}

/**
 * Adds `isComplete` to a result of TanStack Query without reading its other fields: reading one subscribes the component to it.
 */
function withCompleteness<R extends object>(result: R, isComplete: boolean): R & Completeness {
  const extended = {};
  for (const name of Object.keys(result)) {
    Object.defineProperty(extended, name, { get: () => Reflect.get(result, name), enumerable: true });
  }
  return Object.defineProperty(extended, 'isComplete', { value: isComplete, enumerable: true }) as R & Completeness;
}
