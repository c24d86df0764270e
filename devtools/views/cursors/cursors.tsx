import { useCallback, useContext } from 'react';
import type { ScopeInfo } from '../../../src/client/types.ts';
import { BundleContext } from '../../data/bundle/bundle-context.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { Empty } from '../../ui/empty.tsx';
import { CursorCard } from './cursor-card.tsx';
import { HeldRows, isEveryFollowed } from './held-rows.tsx';
import { EVERY_SCOPE } from './scope-words.ts';
import { Summary } from './summary.tsx';

/** Where this device stands in each scope it follows, against the server's head. */
export function Cursors() {
  const cursors = useInspected((state) => state.cursors);
  const progress = useInspected((state) => state.status.progress);
  const isLocal = useInspected((state) => state.status.phase === 'local');
  const scopes = useScopes();
  if (cursors.length === 0) {
    return (
      <Empty title={isLocal ? 'No server, no cursors' : 'No scope is followed yet'}>
        {isLocal
          ? 'This app keeps its data on this device only.'
          : 'Cursors appear with the first answer of the server.'}
      </Empty>
    );
  }
  const cards = isEveryFollowed(cursors) ? cursors.filter((one) => one.scope === EVERY_SCOPE) : cursors;
  return (
    <div className="padded">
      <Summary cursors={cursors} />
      <ul className="cursors">
        {cards.map((cursor) => (
          <CursorCard
            key={cursor.scope}
            info={cursor}
            rowCount={rowsIn(cursor.scope, scopes)}
            progress={cursor.isComplete ? null : progress}
          />
        ))}
      </ul>
      <HeldRows cursors={cursors} scopes={scopes} />
    </div>
  );
}

/** Rows by scope: counted anew when a round has brought something. */
function useScopes(): readonly ScopeInfo[] | null {
  const sync = useInspectedSync();
  const lastSyncedAt = useInspected((state) => state.status.lastSyncedAt);
  const seq = useInspected((state) => state.cursors[0]?.cursor?.seq);
  const { bundle } = useContext(BundleContext);
  // A bundle does not tell: that is not the same as none.
  const fetch = useCallback(async () => (bundle ? null : sync.inspect.scopes()), [sync, bundle]);
  return useFetched(fetch, `${seq} ${lastSyncedAt}`);
}

function rowsIn(scope: string, scopes: readonly ScopeInfo[] | null): number | null {
  if (!scopes) return null;
  if (scope === EVERY_SCOPE) return scopes.reduce((sum, one) => sum + one.rowCount, 0);
  return scopes.find((one) => one.scope === scope)?.rowCount ?? 0;
}
