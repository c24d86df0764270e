import { useState } from 'react';
import { useSync } from 'tidemark';

export function SyncButton() {
  const sync = useSync();
  const [outcome, setOutcome] = useState('not asked yet');
  return (
    <p>
      <button type="button" onClick={async () => setOutcome((await sync.sync()).outcome)}>
        Sync now
      </button>{' '}
      <span role="status">{outcome}</span>
    </p>
  );
}
