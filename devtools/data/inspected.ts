import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Sync } from '../../src/client/sync.ts';
import type { SyncState } from '../../src/client/types.ts';
import { SyncError } from '../../src/shared/error.ts';

/** The `Sync` that the panel looks at. */
export const InspectedContext = createContext<Sync | null>(null);

export function useInspectedSync(): Sync {
  const sync = useContext(InspectedContext);
  if (sync) return sync;
  throw new SyncError('misuse', 'A view of the devtools was rendered outside of the panel.');
}

/** A part of the state; the view renders when that part changes. */
export function useInspected<T>(select: (state: SyncState) => T): T {
  return useStore(useInspectedSync().inspect.store, select);
}

/** Shows another view of the panel, by its id. */
export const ShowViewContext = createContext<(id: string) => void>(() => {});

/** Whether the lab may be used in a production build. */
export const LabAllowedContext = createContext(false);
