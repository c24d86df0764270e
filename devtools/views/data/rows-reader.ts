import type { InspectedRow, RowsPage, RowsRequest } from '../../../src/client/inspection.ts';
import type { Sync } from '../../../src/client/sync.ts';
import { keyText, type RowKey, sameCell } from '../../../src/shared/cell.ts';
import { followTable } from './follow-table.ts';

export type RowsFilter = Omit<RowsRequest, 'after' | 'offset' | 'limit' | 'key'>;

/** The rows of a table as a list of any length, of which only those around the screen are here. */
export interface RowsWindow {
  readonly columns: readonly string[];
  /** Of the whole list; of what is searched, as far as it was read. */
  readonly count: number;
  /** Whether there may be more than that. */
  readonly hasMore: boolean;
  /** The index of the first row that is here. */
  readonly offset: number;
  readonly rows: readonly InspectedRow[];
  /** Which filter they were read by: another one is another list. */
  readonly filter: RowsFilter;
  /** The row that was asked for by its key, where it is none of these. */
  readonly followed: InspectedRow | null;
  readonly error: string | null;
}

/** Rows. Those on the screen and a page on either side are read: more than a wheel turns in one frame. */
const PAGE = 50;
/** Changes that come faster share one reading. */
const REST_MS = 250;
/** Where reading takes long (a search through a large table), it rests so many times as long. */
const REST_SHARE = 4;

interface RowsReaderOptions {
  readonly filter: RowsFilter;
  /** The row to be kept current from the first reading on. */
  readonly followed?: RowKey | null;
  readonly show: (window: RowsWindow) => void;
}

/** A part of the list: so many rows from this index on. */
interface Part {
  readonly offset: number;
  readonly limit: number;
}

/**
 * Reads the part of a table that somebody looks at, one reading at a time. It holds on to the key before the first row, and reads on
 * from there when the data changes: no reading costs more for being far down, and rows stay in place when others come or go above them.
 */
export class RowsReader {
  readonly #sync: Sync;
  readonly #options: RowsReaderOptions;
  readonly #stop: () => void;
  #window: RowsWindow | null = null;
  /** The key before the first row of the window. */
  #after: RowKey | null = null;
  /** So far a search was read, which tells no count. */
  #seenCount = 0;
  #wanted: Part = { offset: 0, limit: 0 };
  #followed: RowKey | null;
  #isStale = false;
  #isBusy = false;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(sync: Sync, options: RowsReaderOptions) {
    this.#sync = sync;
    this.#options = options;
    this.#followed = options.followed ?? null;
    this.#stop = followTable(sync, options.filter.table, () => this.#refresh());
  }

  /** These rows are on the screen. */
  showRange(first: number, last: number): void {
    const offset = Math.max(0, Math.floor(first / PAGE) - 1) * PAGE;
    const limit = (Math.floor(last / PAGE) + 2) * PAGE - offset;
    if (offset === this.#wanted.offset && limit === this.#wanted.limit) return;
    this.#wanted = { offset, limit };
    void this.#read();
  }

  /** Keeps this row current too. */
  follow(key: RowKey | null): void {
    this.#followed = key;
    if (this.#window) void this.#read();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#rest);
    this.#stop();
  }

  #refresh(): void {
    this.#isStale = true;
    if (!this.#isBusy && this.#rest === undefined) void this.#read();
  }

  async #read(): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    this.#isStale = false;
    const [wanted, followed] = [this.#wanted, this.#followed];
    const startedAt = performance.now();
    try {
      const window = await this.#readPart(wanted);
      if (!this.#isClosed) this.#show({ ...window, followed: await this.#readFollowed(followed, window) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!this.#isClosed) this.#show({ ...(this.#window ?? nothing(this.#options.filter)), error: message });
    }
    this.#isBusy = false;
    if (this.#isClosed) return;
    // Somebody has scrolled on meanwhile, or looks at another row.
    if (wanted !== this.#wanted || followed !== this.#followed) return this.#read();
    this.#restFor(Math.max(REST_MS, REST_SHARE * (performance.now() - startedAt)));
  }

  #restFor(ms: number): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      if (this.#isStale) void this.#read();
    }, ms);
  }

  async #readPart({ offset, limit }: Part): Promise<RowsWindow> {
    const { filter } = this.#options;
    const after = this.#keyBefore(offset);
    if (after !== undefined) {
      const page = await this.#sync.inspect.rows({ ...filter, after, limit });
      this.#after = after;
      return this.#windowOf(page, offset);
    }
    // Far from what is known, rows are counted off; one more is read, to go on from its key.
    const page = await this.#sync.inspect.rows({ ...filter, offset: offset - 1, limit: limit + 1 });
    const [before, ...rows] = page.rows;
    // So many rows are there no longer.
    if (!before) {
      this.#seenCount = 0;
      return this.#readPart({ offset: 0, limit });
    }
    this.#after = before.key;
    return this.#windowOf({ ...page, rows }, offset);
  }

  #windowOf({ columns, rows, next, rowCount }: RowsPage, offset: number): RowsWindow {
    const { filter } = this.#options;
    const end = offset + rows.length;
    this.#seenCount = next === null ? end : Math.max(end, rowCount ?? this.#seenCount);
    const hasMore = next !== null && rowCount === null;
    return { filter, columns, offset, rows, count: this.#seenCount, hasMore, followed: null, error: null };
  }

  /** The key before the row at this index; undefined when that is not known. */
  #keyBefore(index: number): RowKey | null | undefined {
    if (index === 0) return null;
    if (!this.#window) return undefined;
    const { offset, rows } = this.#window;
    return index === offset ? this.#after : rows[index - 1 - offset]?.key;
  }

  async #readFollowed(key: RowKey | null, { rows }: RowsWindow): Promise<InspectedRow | null> {
    if (key === null || rows.some((row) => keyText(row.key) === keyText(key))) return null;
    const page = await this.#sync.inspect.rows({ table: this.#options.filter.table, key });
    return page.rows[0] ?? null;
  }

  /** Rows that are as they were stay the same objects: what shows them need not be made anew. */
  #show(window: RowsWindow): void {
    const before = this.#window;
    if (before && isSameWindow(before, window)) return;
    const known = new Map(before?.rows.map((row) => [keyText(row.key), row]));
    const rows = window.rows.map((row) => {
      const old = known.get(keyText(row.key));
      return old && sameRow(old, row) ? old : row;
    });
    const columns = before?.columns.join() === window.columns.join() ? before.columns : window.columns;
    this.#window = { ...window, columns, rows };
    this.#options.show(this.#window);
  }
}

function nothing(filter: RowsFilter): RowsWindow {
  return { filter, columns: [], offset: 0, rows: [], count: 0, hasMore: false, followed: null, error: null };
}

function isSameWindow(a: RowsWindow, b: RowsWindow): boolean {
  return (
    a.offset === b.offset &&
    a.count === b.count &&
    a.hasMore === b.hasMore &&
    a.error === b.error &&
    a.rows.length === b.rows.length &&
    a.rows.every((row, index) => sameRow(row, b.rows[index])) &&
    sameFollowed(a.followed, b.followed)
  );
}

function sameFollowed(a: InspectedRow | null, b: InspectedRow | null): boolean {
  return a === b || (a !== null && b !== null && sameRow(a, b));
}

function sameRow(a: InspectedRow, b: InspectedRow | undefined): boolean {
  return (
    b !== undefined &&
    a.status === b.status &&
    sameCells(a.key, b.key) &&
    sameCells(a.cells, b.cells) &&
    a.confirmed?.state === b.confirmed?.state &&
    sameCells(confirmedCells(a), confirmedCells(b))
  );
}

function confirmedCells({ confirmed }: InspectedRow): InspectedRow['cells'] {
  return confirmed?.state === 'exists' ? confirmed.cells : null;
}

function sameCells(a: InspectedRow['cells'], b: InspectedRow['cells']): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((cell, index) => sameCell(cell, b[index] ?? null));
}
