import type { MutationState, OutboxFilter } from '../../../src/client/types.ts';

/** What a person filters the queue by. */
export interface QueueFilter {
  /** Text in the key of a touched row. */
  readonly row: string;
  readonly table: string | 'all';
  readonly state: MutationState | 'all';
}

export const NO_FILTER: QueueFilter = { row: '', table: 'all', state: 'all' };

export const isUnfiltered = ({ row, table, state }: QueueFilter) =>
  row.trim() === '' && table === 'all' && state === 'all';

/** The same, as the engine takes it. */
export function outboxFilter({ row, table, state }: QueueFilter): OutboxFilter {
  return {
    ...(state === 'all' ? {} : { states: [state] }),
    ...(table === 'all' ? {} : { table }),
    ...(row.trim() === '' ? {} : { row: row.trim() }),
  };
}
