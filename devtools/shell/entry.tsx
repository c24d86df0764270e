import { type ComponentType, useContext, useEffect, useState } from 'react';
import type { Sync } from '../../src/client/sync.ts';
import { SyncContext } from '../../src/react/context.ts';
import type { SyncDevtoolsPanelProps, SyncDevtoolsProps } from './props.ts';

/** The floating button and its panel. */
export function LazyDevtools({ sync, ...props }: SyncDevtoolsProps) {
  const Devtools = useLoaded(loadFloating);
  const inspected = useSyncToInspect(sync);
  return Devtools && inspected ? <Devtools {...props} sync={inspected} /> : null;
}

/** The panel in place. */
export function LazyPanel({ sync, ...props }: SyncDevtoolsPanelProps) {
  const Panel = useLoaded(loadPanel);
  const inspected = useSyncToInspect(sync);
  return Panel && inspected ? <Panel {...props} sync={inspected} /> : null;
}

type Inspecting<Props> = ComponentType<Omit<Props, 'sync'> & { readonly sync: Sync }>;

const loadFloating = async (): Promise<Inspecting<SyncDevtoolsProps>> =>
  (await import('./floating.tsx')).FloatingDevtools;

const loadPanel = async (): Promise<Inspecting<SyncDevtoolsPanelProps>> =>
  (await import('./embedded.tsx')).EmbeddedPanel;

function useSyncToInspect(given: Sync | undefined): Sync | undefined {
  const provided = useContext(SyncContext)?.sync;
  return given ?? provided;
}

/**
 * A component whose code is fetched once it is mounted: nothing on a server, nothing in the app's first load, no
 * Suspense that the app could notice, and when it cannot be fetched, nothing but a warning.
 */
function useLoaded<Props>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> | null {
  const [loaded, setLoaded] = useState<ComponentType<Props> | null>(null);
  useEffect(() => {
    let isMounted = true;
    load().then(
      (component) => isMounted && setLoaded(() => component),
      (error: unknown) => console.warn('The tidemark devtools could not be loaded.', error),
    );
    return () => {
      isMounted = false;
    };
  }, [load]);
  return loaded;
}
