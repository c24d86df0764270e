import { useInspected, useInspectedSync } from '../data/inspected.ts';
import { useNow } from '../data/time.ts';
import { statusWords } from '../data/words.ts';
import type { Theme } from '../shell/preferences.ts';
import { ErrorNotice } from '../ui/notice.tsx';
import { useAction } from '../ui/use-action.ts';
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

/** The reason under which the panel holds sync; the app's own reasons are the app's to lift. */
const PAUSE_REASON = 'devtools';

/** The honest status in words, and what one can do about it. */
export function Header({ theme, dock, onClose, onDecide }: HeaderProps) {
  const sync = useInspectedSync();
  const status = useInspected((state) => state.status);
  const action = useAction();
  // A round that hangs is what one would pause.
  const holding = useAction();
  const words = statusWords(status, useNow());
  const isHeldByUs = status.pausedBy.includes(PAUSE_REASON);
  const hasServer = status.phase !== 'local';
  return (
    <header className="header">
      <div className="status" data-tone={words.tone}>
        <span className="dot" />
        <p role="status">
          <strong>{words.headline}</strong>
          <span className="details">{words.details.join(', ')}</span>
        </p>
      </div>
      <div className="actions">
        {status.conflictCount > 0 && (
          <button type="button" onClick={() => onDecide('conflicts')}>
            Decide
          </button>
        )}
        {hasServer && (
          <>
            <button
              type="button"
              disabled={action.isRunning || status.phase === 'paused'}
              onClick={() => action.run(() => sync.sync())}
            >
              Sync now
            </button>
            <button
              type="button"
              aria-pressed={isHeldByUs}
              onClick={() => holding.run(() => (isHeldByUs ? sync.resume(PAUSE_REASON) : sync.pause(PAUSE_REASON)))}
            >
              {isHeldByUs ? 'Resume' : 'Pause'}
            </button>
          </>
        )}
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
