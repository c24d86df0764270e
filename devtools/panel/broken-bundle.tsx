import { Notice } from '../ui/notice.tsx';

interface BrokenBundleProps {
  readonly fileName: string;
  readonly error: Error;
  readonly onClose: () => void;
}

/** Stands in for a panel whose frame could not show what a file holds: files come from anywhere. */
export function BrokenBundle({ fileName, error, onClose }: BrokenBundleProps) {
  return (
    <div className="padded">
      <Notice tone="bad">
        <p>
          <strong>The support bundle {fileName} could not be shown.</strong> Parts of it are not as tidemark writes
          them. Your app and your data are not affected.
        </p>
        <pre>{error.message}</pre>
      </Notice>
      <div className="actions">
        <button type="button" onClick={onClose}>
          Back to the app
        </button>
      </div>
    </div>
  );
}
