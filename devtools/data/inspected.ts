import { createContext, useContext, useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Sync } from '../../src/client/sync.ts';
import type { SyncState } from '../../src/client/types.ts';
import type { RowKey } from '../../src/shared/cell.ts';
import { SyncError } from '../../src/shared/error.ts';

/** The `Sync` that the panel looks at. */
export const InspectedContext = createContext<Sync | null>(null);

/** Its state, at the pace of the panel. */
export const InspectedStoreContext = createContext<StoreApi<SyncState> | null>(null);

export function useInspectedSync(): Sync {
  return useContext(InspectedContext) ?? outside();
}

/** A part of the state; the view renders when that part changes, a few times a second at most. */
export function useInspected<T>(select: (state: SyncState) => T): T {
  return useStore(useContext(InspectedStoreContext) ?? outside(), select);
}

function outside(): never {
  throw new SyncError('misuse', 'A view of the devtools was rendered outside of the panel.');
}

/** Nobody reads faster than this; the app beside the panel needs the time. */
const PACE_MS = 100;

/** The state of a busy app changes with every frame. This follows at once after a rest, else when the rest is over. */
export function usePacedStore(source: StoreApi<SyncState>, paceMs = PACE_MS): StoreApi<SyncState> {
  // Another source (an opened bundle) is shown from its first frame on.
  const store = useMemo(() => createStore<SyncState>(() => source.getState()), [source]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = () => {
      timer = undefined;
      if (store.getState() === source.getState()) return;
      store.setState(source.getState(), true);
      timer = setTimeout(follow, paceMs);
    };
    const stop = source.subscribe(() => timer ?? follow());
    follow();
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [source, store, paceMs]);
  return store;
}

/** A row that another view is to be looked at for. */
export interface About {
  readonly table: string;
  readonly key: RowKey;
}

/** Shows another view of the panel, by its id: what it has of this row, where one is named. */
export const ShowViewContext = createContext<(id: string, about?: About) => void>(() => {});

/** What the view was opened for, when another one has opened it; read once, when it is mounted. */
export const AboutContext = createContext<About | null>(null);

/** Whether the lab may be used in a production build. */
export const LabAllowedContext = createContext(false);
