import type { Sync } from '../../src/client/sync.ts';
import { Panel } from '../panel/panel.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { ShadowMountHere } from './shadow-mount.tsx';

/** The panel in the place where it stands; it fills its parent. */
export function EmbeddedPanel({ sync, nonce }: { readonly sync: Sync; readonly nonce?: string }) {
  return (
    <ShadowMountHere nonce={nonce}>
      <ErrorBoundary fallback={() => null}>
        <Panel sync={sync} />
      </ErrorBoundary>
    </ShadowMountHere>
  );
}
