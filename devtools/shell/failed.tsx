interface FailedProps {
  readonly error: Error;
  readonly onRetry: () => void;
}

/** Stands in for devtools that failed as a whole, which is theirs alone to bear. */
export function Failed({ error, onRetry }: FailedProps) {
  return (
    <div className="failed" role="alert">
      <p>
        <strong>The tidemark devtools failed.</strong> Your app and your data are not affected.
      </p>
      <pre>{error.message}</pre>
      <div className="actions">
        <button type="button" onClick={onRetry}>
          Start them again
        </button>
      </div>
    </div>
  );
}
