import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { KeyInput, Sync } from '../client/sync.ts';
import type {
  Conflict,
  ConflictFilter,
  CursorInfo,
  DeviceInfo,
  OutboxEntry,
  RowStatus,
  SyncEvent,
  SyncProgress,
  SyncState,
  SyncStatus,
} from '../client/types.ts';
import { tableOf } from '../core/schema.ts';
import { toKey } from '../core/values.ts';
import { keyText } from '../shared/cell.ts';
import { useSyncContext } from './context.ts';

/** Selectors over the store that mirrors the engine: a component renders when its part changes, and only then. */
function useSyncState<T>(select: (state: SyncState) => T): T {
  return useStore(useSyncContext().sync.store, select);
}

const wholeStatus = (status: SyncStatus): SyncStatus => status;

/**
 * The honest status: `phase` is `'synced'` only when every local write is on the server and every change known to the server
 * is here. Give a selector to render on one part alone.
 *
 * @example
 * ```tsx
 * const pending = useSyncStatus((status) => status.pendingCount);
 * ```
 */
export function useSyncStatus(): SyncStatus;
export function useSyncStatus<T>(selector: (status: SyncStatus) => T): T;
export function useSyncStatus<T>(selector: (status: SyncStatus) => T | SyncStatus = wholeStatus): T | SyncStatus {
  return useSyncState(useShallow((state) => selector(state.status)));
}

/** Every mutation that waits, is under way, conflicted or was rejected, in order (the first 1,000). */
export function useOutbox(): readonly OutboxEntry[] {
  return useSyncState((state) => state.outbox);
}

/** The position of this device in each scope it follows. */
export function useCursors(): readonly CursorInfo[] {
  return useSyncState((state) => state.cursors);
}

/** The newest typed events of the engine, oldest first (at most 500). */
export function useSyncEvents(): readonly SyncEvent[] {
  return useSyncState((state) => state.events);
}

/** The progress of the long step under way; null when there is none. */
export function useSyncProgress(): SyncProgress | null {
  return useSyncState((state) => state.status.progress);
}

/** The devices of this account. Asks the server when the component mounts and when the connection opens. */
export function useDevices(): readonly DeviceInfo[] {
  const { sync } = useSyncContext();
  const canAsk = useSyncStatus((status) => status.phase !== 'local' && status.isOnline);
  useEffect(() => {
    // A server out of reach is told by the status; the list then stays as it was.
    if (canAsk) sync.devices.list().catch(() => undefined);
  }, [sync, canAsk]);
  return useSyncState((state) => state.devices);
}

export interface UseConflictsResult {
  /** Open ones first, newest first. */
  readonly conflicts: readonly Conflict[];
  readonly resolve: Sync['conflicts']['resolve'];
  readonly resolveAll: Sync['conflicts']['resolveAll'];
}

/**
 * Conflicts as data: base, local and remote per field, who and when. Open ones unless the filter says otherwise.
 *
 * @example
 * ```tsx
 * const { conflicts, resolve } = useConflicts({ table: 'issue' });
 * <button onClick={() => resolve(conflicts[0].id, { merged: { title } })}>Keep this title</button>
 * ```
 */
export function useConflicts(filter: ConflictFilter = {}): UseConflictsResult {
  const { sync } = useSyncContext();
  const all = useSyncState((state) => state.conflicts);
  const { table, state = 'open' } = filter;
  const conflicts = useMemo(
    () => all.filter((one) => one.state === state && (table === undefined || one.table === table)),
    [all, table, state],
  );
  return useMemo(
    () => ({ conflicts, resolve: sync.conflicts.resolve, resolveAll: sync.conflicts.resolveAll }),
    [conflicts, sync],
  );
}

const SYNCED = (): RowStatus => 'synced';

/**
 * Whether one row is on the server, on its way, or waiting for a person.
 *
 * @throws SyncError `not-found` for an unknown table, `invalid-value` for a key that cannot be one.
 */
export function useRowStatus(table: string, key: KeyInput): RowStatus {
  const { sync } = useSyncContext();
  const cells = toKey(tableOf(sync.schema, table), key);
  const identity = keyText(cells);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the identity says all that the key says
  const source = useMemo(() => sync.rowStatus(table, cells), [sync, table, identity]);
  const subscribe = useCallback((listener: () => void) => source.subscribe(listener), [source]);
  return useSyncExternalStore(subscribe, source.getSnapshot, SYNCED);
}
