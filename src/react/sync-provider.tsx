import { QueryClient, QueryClientContext, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import type { Sync } from '../client/sync.ts';
import type { Schema } from '../core/schema.ts';
import { SyncContext } from './context.ts';

export interface SyncProviderProps<S extends Schema = Schema> {
  /** Made once, outside of components, by `createSync`. The provider never closes it. */
  readonly sync: Sync<S>;
  /** Where synced queries are cached. Default: the app's `QueryClientProvider`, else one of our own. */
  readonly queryClient?: QueryClient;
  /** Shown until the database is open. Without it children render at once, and queries are pending. */
  readonly fallback?: ReactNode;
  /** Shown when the database cannot be opened. Without it the error goes to the nearest error boundary. */
  readonly renderError?: (error: Error) => ReactNode;
  readonly children?: ReactNode;
}

/**
 * Gives a `Sync` to the components below.
 *
 * @example
 * ```tsx
 * <SyncProvider sync={sync} fallback={<Splash />}>
 *   <App />
 * </SyncProvider>
 * ```
 */
export function SyncProvider<S extends Schema>({
  sync,
  queryClient,
  fallback,
  renderError,
  children,
}: SyncProviderProps<S>) {
  const outer = useContext(QueryClientContext);
  const [own] = useState(() => new QueryClient());
  const client = queryClient ?? outer ?? own;
  const opening = useOpening(sync as unknown as Sync);
  const value = useMemo(() => ({ sync: sync as unknown as Sync, queryClient: client }), [sync, client]);

  if (opening.error) {
    if (renderError) return renderError(opening.error);
    throw opening.error;
  }
  const content = fallback !== undefined && !opening.isOpen ? fallback : children;
  const provided = <SyncContext.Provider value={value}>{content}</SyncContext.Provider>;
  return outer === client ? provided : <QueryClientProvider client={client}>{provided}</QueryClientProvider>;
}

interface Opening {
  readonly sync: Sync | null;
  readonly isOpen: boolean;
  readonly error: Error | null;
}

const CLOSED: Opening = { sync: null, isOpen: false, error: null };

/** Follows `sync.ready`. On a server, and in the first render of a browser, the database counts as closed. */
function useOpening(sync: Sync): Opening {
  const [opening, setOpening] = useState(CLOSED);
  useEffect(() => {
    let isCurrent = true;
    const settle = (error: Error | null) => {
      if (isCurrent) setOpening({ sync, isOpen: error === null, error });
    };
    sync.ready.then(
      () => settle(null),
      (error: unknown) => settle(error instanceof Error ? error : new Error(String(error))),
    );
    return () => {
      isCurrent = false;
    };
  }, [sync]);
  return opening.sync === sync ? opening : CLOSED;
}
