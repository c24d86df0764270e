import { type ReactNode, useEffect, useId, useRef } from 'react';

interface ConfirmProps {
  readonly title: string;
  readonly action: string;
  readonly isRunning: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
  /** What the button that changes nothing says. Default: `Keep it`. */
  readonly cancel?: string;
  /** What will happen. */
  readonly children: ReactNode;
}

/** Asks before something is lost, in place; Escape keeps everything as it is. */
export function Confirm({ title, action, isRunning, onConfirm, onCancel, cancel = 'Keep it', children }: ConfirmProps) {
  const keep = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    keep.current?.focus();
  }, []);
  return (
    <section
      className="confirm"
      role="alertdialog"
      aria-labelledby={id}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <h4 id={id}>{title}</h4>
      <div className="confirm-body">{children}</div>
      <div className="actions">
        <button type="button" className="danger" disabled={isRunning} onClick={onConfirm}>
          {action}
        </button>
        <button ref={keep} type="button" onClick={onCancel}>
          {cancel}
        </button>
        <span className="muted" aria-live="polite">
          {isRunning && 'Working…'}
        </span>
      </div>
    </section>
  );
}
