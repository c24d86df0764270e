import { useCallback, useEffect, useRef, useState } from 'react';
import type { InspectedRow, RowsRequest } from '../../../src/client/inspection.ts';
import type { Sync } from '../../../src/client/sync.ts';
import type { SyncEvent } from '../../../src/client/types.ts';
import { useInspectedSync } from '../../data/inspected.ts';

const PAGE_ROWS = 200;
const MOST_AT_ONCE = 1_000;
/** Changes that come faster share one reading. */
const REFRESH_MS = 250;

export type RowsFilter = Omit<RowsRequest, 'after' | 'limit'>;

export interface TableRows {
  readonly columns: readonly string[];
  readonly rows: readonly InspectedRow[];
  /** Whether there are more than these. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly error: string | null;
  readonly loadMore: () => void;
}

interface Loaded extends Omit<TableRows, 'loadMore' | 'isLoading' | 'hasMore'> {
  readonly next: RowsRequest['after'];
}

const NOTHING: Loaded = { columns: [], rows: [], next: null, error: null };

/** The first rows of a table, page by page as somebody scrolls, and read anew when the data changes. */
export function useTableRows({ table, search = '', unsyncedOnly = false }: RowsFilter): TableRows {
  const sync = useInspectedSync();
  const [loaded, setLoaded] = useState(NOTHING);
  const [isLoading, setLoading] = useState(true);
  const reader = useRef<RowsReader | null>(null);
  useEffect(() => {
    const mine = new RowsReader(sync, { table, unsyncedOnly, ...(search ? { search } : {}) }, (next, isBusy) => {
      setLoaded(next);
      setLoading(isBusy);
    });
    reader.current = mine;
    setLoaded(NOTHING);
    mine.loadMore();
    return () => mine.close();
  }, [sync, table, search, unsyncedOnly]);
  const loadMore = useCallback(() => reader.current?.loadMore(), []);
  const { columns, rows, error, next } = loaded;
  return { columns, rows, error, isLoading, hasMore: next !== null, loadMore };
}

/** Reads one table as it is asked to, one reading at a time. */
class RowsReader {
  readonly #sync: Sync;
  readonly #filter: RowsFilter;
  readonly #show: (loaded: Loaded, isBusy: boolean) => void;
  readonly #stop: () => void;
  #loaded = NOTHING;
  #hasBegun = false;
  #isBusy = false;
  #isStale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(sync: Sync, filter: RowsFilter, show: (loaded: Loaded, isBusy: boolean) => void) {
    this.#sync = sync;
    this.#filter = filter;
    this.#show = show;
    this.#stop = sync.subscribe((event) => {
      if (concerns(event, filter.table)) this.#refreshSoon();
    });
  }

  loadMore(): void {
    if (this.#isBusy || (this.#hasBegun && this.#loaded.next === null)) return;
    this.#hasBegun = true;
    void this.#run(async () => {
      const { rows, next } = this.#loaded;
      const page = await this.#sync.inspect.rows({ ...this.#filter, after: next ?? null, limit: PAGE_ROWS });
      return { columns: page.columns, rows: [...rows, ...page.rows], next: page.next, error: null };
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stop();
  }

  #refreshSoon(): void {
    this.#isStale = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#refresh();
    }, REFRESH_MS);
  }

  #refresh(): void {
    if (this.#isBusy || !this.#isStale) return;
    this.#isStale = false;
    void this.#run(() => this.#readAgain(Math.max(PAGE_ROWS, this.#loaded.rows.length)));
  }

  async #readAgain(count: number): Promise<Loaded> {
    const rows: InspectedRow[] = [];
    let columns = this.#loaded.columns;
    let next: RowsRequest['after'] = null;
    do {
      const limit = Math.min(MOST_AT_ONCE, count - rows.length);
      const page = await this.#sync.inspect.rows({ ...this.#filter, after: next, limit });
      columns = page.columns;
      rows.push(...page.rows);
      next = page.next;
    } while (next && rows.length < count && !this.#isClosed);
    return { columns, rows, next, error: null };
  }

  async #run(read: () => Promise<Loaded>): Promise<void> {
    this.#isBusy = true;
    try {
      this.#loaded = await read();
    } catch (error) {
      this.#loaded = { ...this.#loaded, next: null, error: error instanceof Error ? error.message : String(error) };
    }
    this.#isBusy = false;
    if (this.#isClosed) return;
    this.#show(this.#loaded, false);
    if (this.#isStale && this.#timer === undefined) this.#refreshSoon();
  }
}

/** Whether rows of the table, or how they stand, may be different now. */
function concerns(event: SyncEvent, table: string): boolean {
  if (event.type === 'changes-applied' || event.type === 'mutation-written') return event.tables.includes(table);
  return ['mutation-settled', 'conflict-detected', 'conflict-resolved', 'resync', 'leader-changed'].includes(
    event.type,
  );
}

/** All rows that a filter finds, for an export. */
export async function readAllRows(sync: Sync, filter: RowsFilter): Promise<InspectedRow[]> {
  const rows: InspectedRow[] = [];
  let after: RowsRequest['after'] = null;
  do {
    const page = await sync.inspect.rows({ ...filter, after, limit: MOST_AT_ONCE });
    rows.push(...page.rows);
    after = page.next;
  } while (after);
  return rows;
}
