import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { Sync } from '../../src/client/sync.ts';
import { InspectedContext, ShowViewContext } from '../data/inspected.ts';
import { ErrorBoundary } from '../shell/error-boundary.tsx';
import { usePreference } from '../shell/preferences.ts';
import { BrokenView } from './broken-view.tsx';
import { Header } from './header.tsx';
import { Tabs } from './tabs.tsx';
import { findView } from './views.ts';

interface PanelProps {
  readonly sync: Sync;
  /** Absent where the panel is embedded and cannot be closed. */
  readonly onClose?: () => void;
  /** Whether it takes the focus when it opens. */
  readonly takesFocus?: boolean;
}

/** The whole panel: status and actions above, one view below. */
export function Panel({ sync, onClose, takesFocus = false }: PanelProps) {
  const [tab, setTab] = usePreference('tab', 'overview');
  const view = findView(tab);
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    if (takesFocus) root.current?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus();
  }, [takesFocus]);
  const closeByEscape = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose?.();
  };
  return (
    <InspectedContext.Provider value={sync}>
      <section ref={root} className="panel" aria-label="tidemark devtools" onKeyDown={closeByEscape}>
        <Header onClose={onClose} onDecide={setTab} />
        <Tabs selected={view.id} onSelect={setTab} />
        <div className="view" role="tabpanel" id={`view-${view.id}`} aria-labelledby={`tab-${view.id}`}>
          <ErrorBoundary
            key={view.id}
            fallback={(error, retry) => <BrokenView name={view.label} error={error} onRetry={retry} />}
          >
            <ShowViewContext.Provider value={setTab}>
              <view.View />
            </ShowViewContext.Provider>
          </ErrorBoundary>
        </div>
      </section>
    </InspectedContext.Provider>
  );
}
