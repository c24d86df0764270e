import { useCallback, useEffect, useState } from 'react';
import type { Sync } from '../../../src/client/sync.ts';
import { OUTBOX_MIRROR_LIMIT, type OutboxEntry, type SyncState } from '../../../src/client/types.ts';
import { useInspected } from '../../data/inspected.ts';

/** The outbox as a list of any length: the first entries come with the store, later ones in pages as they are looked at. */
export interface OutboxWindow {
  readonly count: number;
  /** Undefined while its page is under way. */
  readonly entryAt: (index: number) => OutboxEntry | undefined;
  /** To be told which entries are on the screen. */
  readonly onRange: (first: number, last: number) => void;
}

const PAGE = OUTBOX_MIRROR_LIMIT;

type Pages = ReadonlyMap<number, readonly OutboxEntry[]>;

const selectOutbox = (state: SyncState) => state.outbox;

/** The store has the counts by state; entries that only wait for their echo are in none of them. */
const selectKnownCount = ({ status }: SyncState) => status.pendingCount + status.rejectedCount + status.conflictCount;

export function useOutboxWindow(sync: Sync): OutboxWindow {
  const mirrored = useInspected(selectOutbox);
  const knownCount = useInspected(selectKnownCount);
  const [pages, setPages] = useState<Pages>(new Map());
  const [range, setRange] = useState({ first: 0, last: 0 });
  const isLong = mirrored.length >= PAGE;

  // A changed outbox shifts all later pages: those on the screen are fetched again.
  const [firstPage, lastPage] = [Math.floor(range.first / PAGE), Math.floor(range.last / PAGE)];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the mirrored entries tell that the outbox has changed
  useEffect(() => {
    if (!isLong || lastPage === 0) return;
    for (let page = Math.max(1, firstPage); page <= lastPage; page += 1) {
      sync.outbox.list({ limit: PAGE, offset: page * PAGE }).then(
        (entries) => setPages((all) => new Map(all).set(page, entries)),
        () => undefined,
      );
    }
  }, [sync, mirrored, isLong, firstPage, lastPage]);

  const onRange = useCallback((first: number, last: number) => setRange({ first, last }), []);
  const entryAt = (index: number) =>
    index < PAGE ? mirrored[index] : pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  return { count: isLong ? longCount(pages, knownCount) : mirrored.length, entryAt, onRange };
}

/** The end is known once a page came back short; until then the counts of the status tell. */
function longCount(pages: Pages, knownCount: number): number {
  for (const [page, entries] of pages) {
    if (entries.length < PAGE) return page * PAGE + entries.length;
  }
  const loaded = Math.max(0, ...pages.keys()) * PAGE + PAGE;
  return Math.max(knownCount, loaded);
}
