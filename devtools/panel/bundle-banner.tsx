import { useContext } from 'react';
import { BundleContext } from '../data/bundle/bundle-context.ts';
import { clockWords, useNow } from '../data/time.ts';

/** Says in every view that what is shown is a file. */
export function BundleBanner() {
  const { bundle, setBundle } = useContext(BundleContext);
  const now = useNow();
  if (!bundle) return null;
  return (
    <div className="bundle-banner" role="status">
      <p>
        <strong>Support bundle</strong> {bundle.fileName}, made {clockWords(bundle.bundle.createdAt, now)}; read-only
        {bundle.bundle.hasValues ? '' : ', without values'}
      </p>
      <div className="actions">
        <button type="button" onClick={() => setBundle(null)}>
          Back to the app
        </button>
      </div>
    </div>
  );
}
