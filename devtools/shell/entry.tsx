import { type ComponentType, type FC, useContext, useEffect, useState } from 'react';
import type { Sync } from '../../src/client/sync.ts';
import { SyncContext } from '../../src/react/context.ts';

type Inspecting<Props> = ComponentType<Omit<Props, 'sync'> & { readonly sync: Sync }>;

/**
 * The floating button and its panel, or the panel in place: whichever `load` fetches. The `import()` in it stands with the caller: bundlers that
 * split code leave it out only where it is written in the branch that a production build does not have.
 */
export function lazily<Props extends { readonly sync?: Sync | undefined }>(
  load: () => Promise<Inspecting<Props>>,
): FC<Props> {
  // biome-ignore lint/correctness/noComponentHookFactories: called once for each component, as its module is loaded
  return function Lazily({ sync, ...props }) {
    const Loaded = useLoaded(load);
    const inspected = useSyncToInspect(sync);
    return Loaded && inspected ? <Loaded {...props} sync={inspected} /> : null;
  };
}

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
