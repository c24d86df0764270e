import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { Sync } from '../../src/client/sync.ts';
import { InspectedContext, ShowViewContext } from '../data/inspected.ts';
import { ErrorBoundary } from '../shell/error-boundary.tsx';
import { type Theme, usePreference } from '../shell/preferences.ts';
import { BrokenView } from './broken-view.tsx';
import { Header } from './header.tsx';
import type { DockControl } from './place-buttons.tsx';
import { Tabs } from './tabs.tsx';
import { findView } from './views.ts';

interface PanelProps {
  readonly sync: Sync;
  /** The colours until a person chooses others. */
  readonly theme?: Theme | undefined;
  /** Absent where the panel is embedded. */
  readonly dock?: DockControl;
  /** Absent where the panel is embedded and cannot be closed. */
  readonly onClose?: () => void;
  /** Whether it takes the focus when it opens. */
  readonly takesFocus?: boolean;
}

/** The whole panel: status and actions above, one view below. */
export function Panel({ sync, theme = 'system', dock, onClose, takesFocus = false }: PanelProps) {
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
        <Header theme={theme} dock={dock} onClose={onClose} onDecide={setTab} />
        <Tabs selected={view.id} onSelect={setTab} />
        {/* It scrolls, so the keyboard has to be able to enter it. */}
        <div
          className="view"
          role="tabpanel"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
          tabIndex={0}
          id={`view-${view.id}`}
          aria-labelledby={`tab-${view.id}`}
        >
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
