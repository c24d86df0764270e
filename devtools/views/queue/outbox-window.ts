import { useCallback, useState } from 'react';
import type { Sync } from '../../../src/client/sync.ts';
import { OUTBOX_MIRROR_LIMIT, type OutboxEntry, type SyncState } from '../../../src/client/types.ts';
import { useInspected } from '../../data/inspected.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { isUnfiltered, outboxFilter, type QueueFilter } from './queue-filter.ts';

/**
 * The outbox as a list of any length. A short one is in the store; of a long or filtered one, only the pages on the screen
 * are fetched, and its length.
 */
export interface OutboxWindow {
  readonly count: number;
  /** Undefined while its page is under way. */
  readonly entryAt: (index: number) => OutboxEntry | undefined;
  /** Where this mutation is, as far as it is loaded; else -1. */
  readonly indexOf: (mutationId: number) => number;
  /** To be told which entries are on the screen. */
  readonly onRange: (first: number, last: number) => void;
}

const PAGE = 200;

interface Loaded {
  readonly filter: QueueFilter;
  readonly count: number;
  /** The index of the first entry. */
  readonly offset: number;
  readonly entries: readonly OutboxEntry[];
}

const selectOutbox = (state: SyncState) => state.outbox;

/** Changes whenever the outbox may have: beyond the mirrored entries, the counts tell. */
const selectCounts = ({ status }: SyncState) =>
  `${status.pendingCount} ${status.rejectedCount} ${status.conflictCount} ${status.oldestPendingAt}`;

export function useOutboxWindow(sync: Sync, filter: QueueFilter): OutboxWindow {
  const mirrored = useInspected(selectOutbox);
  const counts = useInspected(selectCounts);
  const [range, setRange] = useState({ first: 0, last: 0 });
  const isWhole = isUnfiltered(filter) && mirrored.length < OUTBOX_MIRROR_LIMIT;
  const offset = Math.max(0, Math.floor(range.first / PAGE) - 1) * PAGE;
  const limit = (Math.floor(range.last / PAGE) + 2) * PAGE - offset;

  const fetch = useCallback(async (): Promise<Loaded | null> => {
    if (isWhole) return null;
    const wanted = outboxFilter(filter);
    const [entries, count] = await Promise.all([
      sync.outbox.list({ ...wanted, offset, limit }),
      sync.outbox.count(wanted),
    ]);
    return { filter, count, offset, entries };
  }, [sync, filter, isWhole, offset, limit]);
  const fetched = useFetched(fetch, `${counts} ${mirrored[0]?.mutationId} ${mirrored.length}`);
  // What was fetched for another filter is not shown under this one.
  const loaded = fetched?.filter === filter ? fetched : null;

  const onRange = useCallback((first: number, last: number) => setRange({ first, last }), []);
  if (isWhole) return { ...windowOver(0, mirrored), count: mirrored.length, onRange };
  if (!loaded && isUnfiltered(filter)) return { ...windowOver(0, mirrored), count: mirrored.length, onRange };
  return { ...windowOver(loaded?.offset ?? 0, loaded?.entries ?? []), count: loaded?.count ?? 0, onRange };
}

function windowOver(offset: number, entries: readonly OutboxEntry[]): Pick<OutboxWindow, 'entryAt' | 'indexOf'> {
  return {
    entryAt: (index) => entries[index - offset],
    indexOf: (mutationId) => {
      const at = entries.findIndex((entry) => entry.mutationId === mutationId);
      return at < 0 ? -1 : at + offset;
    },
  };
}
