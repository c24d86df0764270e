import * as v from 'valibot';
import { cells, name, rowKey } from './shared.ts';

const increments = v.record(v.string(), v.pipe(v.number(), v.safeInteger()));

/** One row-level effect. See `Change` in core: this is its form on the wire, up and down. */
export const change = v.object({
  table: name,
  key: rowKey,
  op: v.picklist(['put', 'patch', 'delete']),
  columns: cells,
  /** Up only: increments of counter columns. Coming down, counters are ordinary columns with their sum. */
  counters: v.optional(increments),
  /** Up only: what the writer saw. */
  old: v.optional(cells),
});
