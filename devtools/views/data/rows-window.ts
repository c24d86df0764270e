import { useCallback, useEffect, useRef, useState } from 'react';
import type { InspectedRow, RowsRequest } from '../../../src/client/inspection.ts';
import type { Sync } from '../../../src/client/sync.ts';
import { keyText, type RowKey } from '../../../src/shared/cell.ts';
import { useInspectedSync } from '../../data/inspected.ts';
import { type RowsFilter, RowsReader, type RowsWindow } from './rows-reader.ts';

export interface TableRows {
  /** Null until the first rows have come. */
  readonly window: RowsWindow | null;
  readonly rowAt: (index: number) => InspectedRow | undefined;
  /** To be told which rows are on the screen. */
  readonly onRange: (first: number, last: number) => void;
}

/**
 * The part of a table that is on the screen: read as somebody scrolls, and read anew when the data changes, whatever the length of the
 * table. The row with the key `followed` is kept current too, wherever it is.
 */
export function useTableRows(
  { table, search = '', unsyncedOnly = false }: RowsFilter,
  followed: RowKey | null,
): TableRows {
  const sync = useInspectedSync();
  const [window, setWindow] = useState<RowsWindow | null>(null);
  const reader = useRef<RowsReader | null>(null);
  const picked = useRef(followed);
  useEffect(() => {
    picked.current = followed;
  });
  useEffect(() => {
    const filter = { table, unsyncedOnly, ...(search ? { search } : {}) };
    const mine = new RowsReader(sync, { filter, followed: picked.current, show: setWindow });
    reader.current = mine;
    mine.showRange(0, 0);
    return () => mine.close();
  }, [sync, table, search, unsyncedOnly]);
  const text = followed && keyText(followed);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key may be another array, and the same key; another reader is told anew
  useEffect(() => reader.current?.follow(followed), [text, sync, table, search, unsyncedOnly]);
  const rowAt = useCallback((index: number) => window?.rows[index - window.offset], [window]);
  const onRange = useCallback((first: number, last: number) => reader.current?.showRange(first, last), []);
  return { window, rowAt, onRange };
}

/** So many at once for an export. */
const EXPORT_PAGE = 1_000;

/** All rows that a filter finds, for an export. */
export async function readAllRows(sync: Sync, filter: RowsFilter): Promise<InspectedRow[]> {
  const rows: InspectedRow[] = [];
  let after: RowsRequest['after'] = null;
  do {
    const page = await sync.inspect.rows({ ...filter, after, limit: EXPORT_PAGE });
    rows.push(...page.rows);
    after = page.next;
  } while (after);
  return rows;
}
