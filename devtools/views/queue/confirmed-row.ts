import { useCallback } from 'react';
import type { ConfirmedRow } from '../../../src/client/inspection.ts';
import type { Change } from '../../../src/core/change.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { keyText } from '../../../src/shared/cell.ts';
import type { ColumnDiff } from '../../data/change-diff.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { cellValue } from '../../data/value-text.ts';

export interface Confirmed {
  readonly row: ConfirmedRow;
  readonly columns: readonly string[];
}

/** What the server has confirmed of the row that a change touches; null while that is not known. */
export function useConfirmedRow({ table, key }: Change): Confirmed | null {
  const sync = useInspectedSync();
  const seq = useInspected((state) => state.cursors[0]?.cursor?.seq);
  const wanted = keyText(key);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is another array each time, and the same key
  const fetch = useCallback(async (): Promise<Confirmed | null> => {
    const page = await sync.inspect.rows({ table, key });
    const row = page.rows[0]?.confirmed;
    return row ? { row, columns: page.columns } : null;
  }, [sync, table, wanted]);
  return useFetched(fetch, seq);
}

/** The diffs against the confirmed row, where there is one: it may have moved on since the change was written. */
export function againstConfirmed(
  diffs: readonly ColumnDiff[],
  { schema, table, confirmed }: { schema: Schema; table: string; confirmed: Confirmed | null },
): readonly ColumnDiff[] {
  if (confirmed?.row.state !== 'exists') return diffs;
  const { cells } = confirmed.row;
  return diffs.map((diff) => {
    const at = confirmed.columns.indexOf(diff.column);
    return at < 0 ? diff : { ...diff, before: cellValue(schema, { table, column: diff.column }, cells[at]) };
  });
}
