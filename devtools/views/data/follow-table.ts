import type { Sync } from '../../../src/client/sync.ts';
import type { SyncEvent } from '../../../src/client/types.ts';

/** Without a server, nothing is said of a write: it has no way to go. Then one looks again after so long. */
const LOCAL_MS = 1_000;

/** Calls back when rows of this table (any, when null), or how they stand, may be different now. Ends with what it returns. */
export function followTable(sync: Sync, table: string | null, onChange: () => void): () => void {
  const stop = sync.subscribe((event) => {
    if (concerns(event, table)) onChange();
  });
  const timer = setInterval(() => {
    if (sync.store.getState().status.phase === 'local') onChange();
  }, LOCAL_MS);
  return () => {
    stop();
    clearInterval(timer);
  };
}

function concerns(event: SyncEvent, table: string | null): boolean {
  if (event.type === 'changes-applied' || event.type === 'mutation-written') {
    return table === null || event.tables.includes(table);
  }
  return ['mutation-settled', 'conflict-detected', 'conflict-resolved', 'resync', 'leader-changed'].includes(
    event.type,
  );
}
