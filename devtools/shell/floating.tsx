import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import type { Sync } from '../../src/client/sync.ts';
import { ErrorBoundary } from './error-boundary.tsx';
import { Failed } from './failed.tsx';
import { FloatingButton } from './floating-button.tsx';
import { openOwnWindow, watchOwnWindow } from './own-window.ts';
import { type DockPlace, usePreference } from './preferences.ts';
import type { SyncDevtoolsProps } from './props.ts';
import { boundSize, type Edge, ResizeHandle } from './resize-handle.tsx';
import { ShadowMountInBody, ShadowMountInWindow } from './shadow-mount.tsx';
import { DEFAULT_SHORTCUT, useShortcut } from './shortcut.ts';

const Panel = lazy(async () => ({ default: (await import('../panel/panel.tsx')).Panel }));

type FloatingProps = Omit<SyncDevtoolsProps, 'sync'> & { readonly sync: Sync };

/** The floating button, and the panel that it opens: at an edge of the page, or in its own window. */
export function FloatingDevtools(props: FloatingProps) {
  return (
    <ShadowMountInBody nonce={props.nonce} theme={props.theme}>
      <ErrorBoundary fallback={(error, retry) => <Failed error={error} onRetry={retry} />}>
        <Floating {...props} />
      </ErrorBoundary>
    </ShadowMountInBody>
  );
}

function Floating(props: FloatingProps) {
  const { sync, position = 'bottom-right', shortcut = DEFAULT_SHORTCUT } = props;
  const shell = useShell(props);
  const button = useRef<HTMLButtonElement>(null);
  const isShown = shell.isOpen;
  const wasShown = useRef(isShown);
  // A panel that was left open is there again with the page, and the page keeps the focus.
  const [takesFocus, setTakesFocus] = useState<FocusOptions | null>(null);
  const wasClosedByKeys = useRef(false);
  const cameFrom = useRef<HTMLElement | null>(null);
  const aboutToOpen = (how: FocusOptions) => {
    cameFrom.current = focusInPage();
    setTakesFocus(how);
  };
  useShortcut(shortcut, () => {
    // Of keys with Alt browsers do not believe that they come from a keyboard: who used the mouse before would see no ring.
    if (!isShown) aboutToOpen({ focusVisible: true });
    wasClosedByKeys.current = isShown;
    shell.toggle();
  });
  useEffect(() => {
    // Closing gives the focus back to where it was in the page, or to the button, so that the keyboard is not lost.
    if (wasShown.current && !isShown) {
      const target = cameFrom.current?.isConnected ? cameFrom.current : button.current;
      target?.focus(wasClosedByKeys.current ? { focusVisible: true } : {});
      wasClosedByKeys.current = false;
    }
    wasShown.current = isShown;
  }, [isShown]);
  const open = () => {
    aboutToOpen({});
    shell.open();
  };
  if (!isShown) {
    return <FloatingButton buttonRef={button} {...{ sync, position, shortcut }} onOpen={open} />;
  }
  const panel = (
    <Suspense fallback={<p className="loading">Loading the devtools…</p>}>
      <Panel
        sync={sync}
        theme={props.theme}
        lab={props.lab}
        onClose={shell.close}
        dock={{ place: shell.place, onPlace: shell.moveTo }}
        takesFocus={takesFocus}
      />
    </Suspense>
  );
  if (shell.place !== 'window') return <Dock edge={shell.place}>{panel}</Dock>;
  return (
    <>
      <FloatingButton buttonRef={button} {...{ sync, position, shortcut }} onOpen={shell.open} isElsewhere />
      {shell.ownWindow && (
        <ShadowMountInWindow key={shell.fillCount} target={shell.ownWindow} nonce={props.nonce} theme={props.theme}>
          <ErrorBoundary fallback={(error, retry) => <Failed error={error} onRetry={retry} />}>{panel}</ErrorBoundary>
        </ShadowMountInWindow>
      )}
    </>
  );
}

/** What has the focus in the page; null for nothing, and for the devtools themselves. */
function focusInPage(): HTMLElement | null {
  const { activeElement, body } = document;
  const isOurs = activeElement === body || activeElement?.shadowRoot;
  return !isOurs && activeElement instanceof HTMLElement ? activeElement : null;
}

interface Shell {
  readonly isOpen: boolean;
  readonly place: DockPlace;
  readonly ownWindow: Window | null;
  /** How often the window was loaded anew, and has to be filled again. */
  readonly fillCount: number;
  readonly open: () => void;
  readonly close: () => void;
  readonly toggle: () => void;
  readonly moveTo: (place: DockPlace) => void;
}

/** Whether the panel is open, and where. A window of its own is open as long as it is there, and not remembered as open. */
function useShell({ initialIsOpen = false, initialDock = 'bottom' }: FloatingProps): Shell {
  const [wantsOpen, setOpen] = usePreference('isOpen', initialIsOpen);
  const [dock, setDock] = usePreference('dock', initialDock);
  const [ownWindow, setOwnWindow] = useState<Window | null>(null);
  const [fillCount, setFillCount] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each filling has a document of its own to watch
  useEffect(() => {
    if (!ownWindow) return;
    return watchOwnWindow(ownWindow, {
      onGone: () => setOwnWindow(null),
      onEmptied: () => setFillCount((before) => before + 1),
    });
  }, [ownWindow, fillCount]);
  useEffect(() => () => ownWindow?.close(), [ownWindow]);

  const openWindow = useCallback(() => {
    const opened = openOwnWindow();
    // A browser that allows no windows: the panel is worth more than its place.
    if (opened) setOwnWindow(opened);
    else setDock('bottom');
    setOpen(opened === null);
  }, [setDock, setOpen]);
  const close = useCallback(() => {
    setOwnWindow(null);
    setOpen(false);
  }, [setOpen]);
  const open = useCallback(() => (dock === 'window' ? openWindow() : setOpen(true)), [dock, openWindow, setOpen]);
  const moveTo = (place: DockPlace) => {
    setDock(place);
    if (place === 'window') return openWindow();
    setOwnWindow(null);
    setOpen(true);
  };
  const isOpen = dock === 'window' ? ownWindow !== null : wantsOpen;
  const toggle = useCallback(() => (isOpen ? close() : open()), [isOpen, close, open]);
  return { isOpen, place: dock, ownWindow, fillCount, open, close, toggle, moveTo };
}

const DEFAULT_HEIGHT = 420;
const DEFAULT_WIDTH = 560;

function Dock({ edge, children }: { readonly edge: Edge; readonly children: React.ReactNode }) {
  const [height, setHeight] = usePreference('height', DEFAULT_HEIGHT);
  const [width, setWidth] = usePreference('width', DEFAULT_WIDTH);
  const isLow = edge === 'bottom';
  const size = boundSize(edge, isLow ? height : width);
  return (
    <div className="dock" data-edge={edge} style={isLow ? { height: size } : { width: size }}>
      <ResizeHandle edge={edge} size={size} onResize={isLow ? setHeight : setWidth} />
      {children}
    </div>
  );
}
