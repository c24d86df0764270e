import { useEffect } from 'react';
import { useInspected, useInspectedSync } from '../data/inspected.ts';
import { useNow } from '../data/time.ts';
import { statusWords } from '../data/words.ts';
import type { Theme } from '../shell/preferences.ts';
import { LiveOnly } from '../ui/live-only.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { type Action, useAction } from '../ui/use-action.ts';
import { Brand } from './brand.tsx';
import { type DockControl, PlaceButtons } from './place-buttons.tsx';
import { ThemeButton } from './theme-button.tsx';

interface HeaderProps {
  /** The colours until a person chooses others. */
  readonly theme: Theme;
  readonly dock: DockControl | undefined;
  readonly onClose: (() => void) | undefined;
  /** Shows the view where a person can decide. */
  readonly onDecide: (tab: string) => void;
}

/** The name, the honest status in words, what one can do about it, and the frame's own buttons. */
export function Header({ theme, dock, onClose, onDecide }: HeaderProps) {
  const action = useAction();
  // A round that hangs is what one would pause.
  const holding = useAction();
  useForgetting([action, holding]);
  return (
    <header className="header">
      <Brand />
      <Status />
      <LiveOnly>
        <SyncButtons {...{ action, holding, onDecide }} />
      </LiveOnly>
      <div className="actions frame-buttons">
        <ThemeButton initial={theme} />
        {dock && <PlaceButtons {...dock} />}
        {onClose && (
          <button type="button" className="icon" aria-label="Close the devtools" title="Close (Esc)" onClick={onClose}>
            ✕
          </button>
        )}
      </div>
      <ErrorNotice error={action.error ?? holding.error} />
    </header>
  );
}

/** What once went wrong is told until a round has gone well, or something else is looked at: then it would only alarm. */
function useForgetting(actions: readonly Action[]): void {
  const sync = useInspectedSync();
  const lastSyncedAt = useInspected((state) => state.status.lastSyncedAt);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when one of these changes
  useEffect(() => {
    for (const action of actions) action.forget();
  }, [sync, lastSyncedAt]);
}

function Status() {
  const words = statusWords(
    useInspected((state) => state.status),
    useNow(),
  );
  return (
    <div className="status" data-tone={words.tone}>
      <span className="dot" />
      <p role="status">
        <strong>{words.headline}</strong>
        {/* Ages and countdowns change each second: they are read out with the headline, not by themselves. */}
        <span className="details" aria-live="off">
          {words.details.join(', ')}
        </span>
      </p>
    </div>
  );
}

/** The reason under which the panel holds sync; the app's own reasons are the app's to lift. */
const PAUSE_REASON = 'devtools';

interface SyncButtonsProps extends Pick<HeaderProps, 'onDecide'> {
  readonly action: Action;
  readonly holding: Action;
}

function SyncButtons({ action, holding, onDecide }: SyncButtonsProps) {
  const sync = useInspectedSync();
  const status = useInspected((state) => state.status);
  const isHeldByUs = status.pausedBy.includes(PAUSE_REASON);
  const hold = isHeldByUs ? 'Resume' : 'Pause';
  return (
    <div className="actions">
      {status.conflictCount > 0 && (
        <button type="button" className="primary" onClick={() => onDecide('conflicts')}>
          Decide
        </button>
      )}
      {status.phase !== 'local' && (
        <>
          <button
            type="button"
            className="compact"
            title="Sync now"
            disabled={action.isRunning || status.phase === 'paused'}
            onClick={() => action.run(() => sync.sync())}
          >
            <Sign path="M2.5 8a5.5 5.5 0 0 1 9.6-3.7M13.5 8a5.5 5.5 0 0 1-9.6 3.7M12.3 1.6v2.9H9.4M3.7 14.4v-2.9h2.9" />
            <span className="label">Sync now</span>
          </button>
          <button
            type="button"
            className="compact"
            title={hold}
            data-active={isHeldByUs}
            onClick={() => holding.run(() => (isHeldByUs ? sync.resume(PAUSE_REASON) : sync.pause(PAUSE_REASON)))}
          >
            <Sign path={isHeldByUs ? 'M5 3.5v9l7-4.5z' : 'M5.5 3.5v9M10.5 3.5v9'} />
            <span className="label">{hold}</span>
          </button>
        </>
      )}
    </div>
  );
}

function Sign({ path }: { readonly path: string }) {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
