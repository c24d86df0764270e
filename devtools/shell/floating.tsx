import { lazy, type Ref, Suspense, useCallback, useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import type { Sync } from '../../src/client/sync.ts';
import type { SyncState } from '../../src/client/types.ts';
import { useNow } from '../data/time.ts';
import { formatCount, statusWords, toneOf } from '../data/words.ts';
import { ErrorBoundary } from './error-boundary.tsx';
import { usePreference } from './preferences.ts';
import type { SyncDevtoolsProps } from './props.ts';
import { boundHeight, ResizeHandle } from './resize-handle.tsx';
import { ShadowMountInBody } from './shadow-mount.tsx';
import { DEFAULT_SHORTCUT, useShortcut } from './shortcut.ts';

const Panel = lazy(async () => ({ default: (await import('../panel/panel.tsx')).Panel }));

type FloatingProps = Omit<SyncDevtoolsProps, 'sync'> & { readonly sync: Sync };

/** The floating button, and the panel docked to the bottom that it opens. */
export function FloatingDevtools({ nonce, ...props }: FloatingProps) {
  return (
    <ShadowMountInBody nonce={nonce}>
      <ErrorBoundary fallback={() => null}>
        <Floating {...props} />
      </ErrorBoundary>
    </ShadowMountInBody>
  );
}

function Floating({
  sync,
  initialIsOpen = false,
  position = 'bottom-right',
  shortcut = DEFAULT_SHORTCUT,
}: Omit<FloatingProps, 'nonce'>) {
  const [isOpen, setOpen] = usePreference('isOpen', initialIsOpen);
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(isOpen);
  useShortcut(
    shortcut,
    useCallback(() => setOpen(!isOpen), [isOpen, setOpen]),
  );
  useEffect(() => {
    // Closing gives the focus back to the button, so that the keyboard is not lost in the page.
    if (wasOpen.current && !isOpen) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  if (!isOpen) {
    return <Button buttonRef={button} {...{ sync, position, shortcut }} onOpen={() => setOpen(true)} />;
  }
  return <Dock sync={sync} onClose={() => setOpen(false)} />;
}

function Dock({ sync, onClose }: { readonly sync: Sync; readonly onClose: () => void }) {
  const [height, setHeight] = usePreference('height', 420);
  return (
    <div className="dock" style={{ height: boundHeight(height) }}>
      <ResizeHandle height={height} onResize={setHeight} />
      <Suspense fallback={<p className="loading">Loading the devtools…</p>}>
        <Panel sync={sync} onClose={onClose} takesFocus />
      </Suspense>
    </div>
  );
}

interface ButtonProps {
  readonly buttonRef: Ref<HTMLButtonElement>;
  readonly sync: Sync;
  readonly position: NonNullable<SyncDevtoolsProps['position']>;
  readonly shortcut: string | false;
  readonly onOpen: () => void;
}

const selectStatus = (state: SyncState) => state.status;

function Button({ buttonRef, sync, position, shortcut, onOpen }: ButtonProps) {
  const status = useStore(sync.inspect.store, selectStatus);
  const words = statusWords(status, useNow());
  const keys = shortcut === false ? '' : ` (${shortcut})`;
  const needsPerson = status.conflictCount + status.rejectedCount;
  return (
    <button
      ref={buttonRef}
      type="button"
      className={`float ${position}`}
      data-tone={toneOf(status)}
      aria-label={`Open tidemark devtools${keys}. ${[words.headline, ...words.details].join(', ')}`}
      title={`tidemark: ${words.headline}${keys}`}
      onClick={onOpen}
    >
      <span className="dot" />
      <span className="float-name">tidemark</span>
      {status.pendingCount > 0 && <span className="count">{formatCount(status.pendingCount)} ↑</span>}
      {needsPerson > 0 && <span className="count warn">{formatCount(needsPerson)} !</span>}
    </button>
  );
}
