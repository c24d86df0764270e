import { type KeyboardEvent, type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import type { Sync } from '../../src/client/sync.ts';
import { BundleContext } from '../data/bundle/bundle-context.ts';
import type { OpenBundle } from '../data/bundle/bundle-sync.ts';
import {
  type About,
  AboutContext,
  InspectedContext,
  InspectedStoreContext,
  LabAllowedContext,
  ShowViewContext,
  usePacedStore,
} from '../data/inspected.ts';
import { ErrorBoundary } from '../shell/error-boundary.tsx';
import { type Theme, usePreference } from '../shell/preferences.ts';
import { BrokenBundle } from './broken-bundle.tsx';
import { BrokenView } from './broken-view.tsx';
import { BundleBanner } from './bundle-banner.tsx';
import { Header } from './header.tsx';
import { keepFocus } from './keep-focus.ts';
import { LabBanner } from './lab-banner.tsx';
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
  /** Whether the lab may be used in a production build. */
  readonly lab?: boolean | undefined;
  /** How it takes the focus when it opens; null: it does not. */
  readonly takesFocus?: FocusOptions | null;
}

/** The whole panel: status and actions above, one view below. */
export function Panel({ sync, theme = 'system', dock, onClose, lab = false, takesFocus = null }: PanelProps) {
  const [tab, setTab] = usePreference('tab', 'overview');
  const [about, setAbout] = useState<About | null>(null);
  const showView = useCallback(
    (id: string, asked: About | null = null) => {
      setAbout(asked);
      setTab(id);
    },
    [setTab],
  );
  const view = findView(tab);
  const [bundle, setBundle] = useState<OpenBundle | null>(null);
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    if (takesFocus) root.current?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus(takesFocus);
  }, [takesFocus]);
  useEffect(() => (root.current ? keepFocus(root.current) : undefined), []);
  const closeByEscape = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !isFilledSearch(event.target as HTMLElement)) onClose?.();
  };
  return (
    <PanelContexts {...{ sync, bundle, setBundle, showView, about, lab }}>
      <section ref={root} className="panel" aria-label="tidemark devtools" onKeyDown={closeByEscape}>
        <ErrorBoundary
          fallback={(error, retry) => {
            // Of the app itself the frame shows what the engine says: whoever shows the panel hears of that.
            if (!bundle) throw error;
            const close = () => {
              setBundle(null);
              retry();
            };
            return <BrokenBundle fileName={bundle.fileName} error={error} onClose={close} />;
          }}
        >
          <Header theme={theme} dock={dock} onClose={onClose} onDecide={showView} />
          <BundleBanner />
          <LabBanner />
          <Tabs selected={view.id} onSelect={showView} />
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
              key={`${view.id} ${bundle?.openedId ?? ''}`}
              fallback={(error, retry) => <BrokenView name={view.label} error={error} onRetry={retry} />}
            >
              <Suspense fallback={<p className="loading">Loading…</p>}>
                <view.View />
              </Suspense>
            </ErrorBoundary>
          </div>
        </ErrorBoundary>
      </section>
    </PanelContexts>
  );
}

/** Escape clears a search before it closes anything. */
function isFilledSearch(element: HTMLElement): boolean {
  return element.matches('input[type=search]:not(:placeholder-shown)');
}

interface PanelContextsProps {
  readonly sync: Sync;
  readonly bundle: OpenBundle | null;
  readonly setBundle: (bundle: OpenBundle | null) => void;
  readonly showView: (id: string, about?: About) => void;
  readonly about: About | null;
  readonly lab: boolean;
  readonly children: ReactNode;
}

/** What every view can ask for: an open bundle takes the place of the app. */
function PanelContexts({ sync, bundle, setBundle, showView, about, lab, children }: PanelContextsProps) {
  const inspected = bundle?.sync ?? sync;
  const store = usePacedStore(inspected.inspect.store);
  return (
    <InspectedContext.Provider value={inspected}>
      <InspectedStoreContext.Provider value={store}>
        <BundleContext.Provider value={{ bundle, setBundle }}>
          <LabAllowedContext.Provider value={lab}>
            <ShowViewContext.Provider value={showView}>
              <AboutContext.Provider value={about}>{children}</AboutContext.Provider>
            </ShowViewContext.Provider>
          </LabAllowedContext.Provider>
        </BundleContext.Provider>
      </InspectedStoreContext.Provider>
    </InspectedContext.Provider>
  );
}
