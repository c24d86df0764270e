import { Notice } from '../ui/notice.tsx';

interface BrokenViewProps {
  readonly name: string;
  readonly error: Error;
  readonly onRetry: () => void;
}

/** Stands in for a view that failed; the other views and the app go on. */
export function BrokenView({ name, error, onRetry }: BrokenViewProps) {
  return (
    <div className="padded">
      <Notice tone="bad">
        <p>
          <strong>{name} could not be shown.</strong> Your app and your data are not affected.
        </p>
        <pre>{error.message}</pre>
      </Notice>
      <div className="actions">
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      </div>
    </div>
  );
}
