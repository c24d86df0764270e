import * as v from 'valibot';
import { cells, name, rowKey } from './shared.ts';

/** Not a `v.record`: that leaves out keys such as `constructor`, and an increment must not vanish. */
const increments = v.custom<Readonly<Record<string, number>>>(
  (input) => isMap(input) && Object.values(input).every(Number.isSafeInteger),
  'must be a map of whole numbers inside ±(2^53 − 1)',
);

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

function isMap(input: unknown): input is object {
  return typeof input === 'object' && input !== null && !Array.isArray(input) && !(input instanceof Uint8Array);
}
