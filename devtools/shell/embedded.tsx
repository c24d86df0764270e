import type { Sync } from '../../src/client/sync.ts';
import { Panel } from '../panel/panel.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { Failed } from './failed.tsx';
import type { SyncDevtoolsPanelProps } from './props.ts';
import { ShadowMountHere } from './shadow-mount.tsx';

type EmbeddedProps = Omit<SyncDevtoolsPanelProps, 'sync'> & { readonly sync: Sync };

/** The panel in the place where it stands; it fills its parent. */
export function EmbeddedPanel({ sync, nonce, theme, lab }: EmbeddedProps) {
  return (
    <ShadowMountHere nonce={nonce} theme={theme}>
      <ErrorBoundary fallback={(error, retry) => <Failed error={error} onRetry={retry} />}>
        <Panel sync={sync} theme={theme} lab={lab} />
      </ErrorBoundary>
    </ShadowMountHere>
  );
}
