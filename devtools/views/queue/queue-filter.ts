import type { MutationState, OutboxEntry, OutboxFilter } from '../../../src/client/types.ts';
import { keyText } from '../../../src/shared/cell.ts';
import type { About } from '../../data/inspected.ts';

/** What a person filters the queue by. */
export interface QueueFilter {
  /** Text in the key of a touched row. */
  readonly row: string;
  readonly table: string | 'all';
  readonly state: MutationState | 'all';
}

export const NO_FILTER: QueueFilter = { row: '', table: 'all', state: 'all' };

/** What another view wants to be looked at: the mutations of one row. */
export function filterFor(about: About | null): QueueFilter {
  return about ? { ...NO_FILTER, row: String(about.key[0] ?? ''), table: about.table } : NO_FILTER;
}

export const isUnfiltered = ({ row, table, state }: QueueFilter) =>
  row.trim() === '' && table === 'all' && state === 'all';

/** What the engine would say of this entry. */
export function matches({ row, table, state }: QueueFilter, entry: OutboxEntry): boolean {
  const wanted = row.trim().toLowerCase();
  return (
    (state === 'all' || entry.state === state) &&
    (table === 'all' || entry.tables.includes(table)) &&
    entry.changes.some(
      (change) => (table === 'all' || change.table === table) && keyText(change.key).toLowerCase().includes(wanted),
    )
  );
}

/** The same, as the engine takes it. */
export function outboxFilter({ row, table, state }: QueueFilter): OutboxFilter {
  return {
    ...(state === 'all' ? {} : { states: [state] }),
    ...(table === 'all' ? {} : { table }),
    ...(row.trim() === '' ? {} : { row: row.trim() }),
  };
}
