import { useCallback, useMemo, useState } from 'react';
import type { Sync } from '../../../src/client/sync.ts';
import { OUTBOX_MIRROR_LIMIT, type OutboxEntry, type SyncState } from '../../../src/client/types.ts';
import { useInspected } from '../../data/inspected.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { isUnfiltered, matches, outboxFilter, type QueueFilter } from './queue-filter.ts';

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

/** Entries. Those on the screen and a page on either side are fetched: more than a wheel turns in one frame, little to decode. */
const PAGE = 100;

interface Loaded {
  readonly count: number;
  /** The index of the first entry. */
  readonly offset: number;
  readonly entries: readonly OutboxEntry[];
}

/** The numbers of the pages that the screen shows. */
interface Pages {
  readonly first: number;
  readonly last: number;
}

/** The same ones when nothing changes: the view renders for another page, not for each row that scrolls by. */
function pagesOf(before: Pages, firstIndex: number, lastIndex: number): Pages {
  const [first, last] = [Math.floor(firstIndex / PAGE), Math.floor(lastIndex / PAGE)];
  return first === before.first && last === before.last ? before : { first, last };
}

const selectOutbox = (state: SyncState) => state.outbox;

/** Changes whenever the outbox may have: beyond the mirrored entries, the counts tell. */
const selectCounts = ({ status }: SyncState) =>
  `${status.pendingCount} ${status.rejectedCount} ${status.conflictCount} ${status.oldestPendingAt}`;

export function useOutboxWindow(sync: Sync, filter: QueueFilter): OutboxWindow {
  const mirrored = useInspected(selectOutbox);
  const counts = useInspected(selectCounts);
  const [pages, setPages] = useState<Pages>({ first: 0, last: 0 });
  const isWhole = isUnfiltered(filter) && mirrored.length < OUTBOX_MIRROR_LIMIT;
  const offset = Math.max(0, pages.first - 1) * PAGE;
  const limit = (pages.last + 2) * PAGE - offset;

  const fetch = useCallback(async (): Promise<Loaded | null> => {
    if (isWhole) return null;
    const wanted = outboxFilter(filter);
    const [entries, count] = await Promise.all([
      sync.outbox.list({ ...wanted, offset, limit }),
      sync.outbox.count(wanted),
    ]);
    return { count, offset, entries };
  }, [sync, filter, isWhole, offset, limit]);
  const fetched = useFetched(fetch, `${counts} ${mirrored[0]?.mutationId} ${mirrored.length}`);
  const loaded = useMemo((): Loaded => {
    if (fetched && !isWhole) return fetched;
    // Until the first page has come, what is at hand of it is shown: an empty list would say that nothing matches.
    const entries = isUnfiltered(filter) ? mirrored : mirrored.filter((entry) => matches(filter, entry));
    return { count: entries.length, offset: 0, entries };
  }, [fetched, isWhole, mirrored, filter]);

  const { count, offset: from, entries } = loaded;
  const entryAt = useCallback((index: number) => entries[index - from], [entries, from]);
  const onRange = useCallback((first: number, last: number) => setPages((before) => pagesOf(before, first, last)), []);
  const indexOf = (mutationId: number) => {
    const at = entries.findIndex((entry) => entry.mutationId === mutationId);
    return at < 0 ? -1 : at + from;
  };
  return { count, entryAt, indexOf, onRange };
}
