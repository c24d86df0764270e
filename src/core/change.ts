import type { Cell, Cells, RowKey } from '../shared/cell.ts';

/** `put` writes a whole row, `patch` some of its columns, `delete` removes it. */
export type ChangeOp = 'put' | 'patch' | 'delete';

/**
 * One row-level effect of a mutation. A mutation holds at most one change per row: the net effect of its transaction.
 *
 * - `put`: `columns` has every column that is not part of the key.
 * - `patch`: `columns` has the columns that were set, `counters` the increments of counter columns.
 * - `delete`: both are empty.
 */
export interface Change {
  readonly table: string;
  readonly key: RowKey;
  readonly op: ChangeOp;
  readonly columns: Cells;
  /** Increments by counter column (only in `patch`; a `put` carries the count it starts with in `columns`). */
  readonly counters?: Readonly<Record<string, number>>;
  /** What the writer saw in the changed columns (patch) or in the whole row (delete, or put over a row). */
  readonly old?: Cells;
}

/** One local transaction, on its way up. */
export interface Mutation {
  /** Counts up per client, from 1. A mutation that is sent anew after an edit or a retry gets a new id. */
  readonly mutationId: number;
  /** When it was written: see `hlc.ts`. */
  readonly hlc: string;
  /** The server seq its writer had seen. */
  readonly base: number;
  readonly changes: readonly Change[];
}

/** The position of a client in a server's log. `epoch` names the history, `seq` the last commit applied. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

/** The columns of `row` with those of `change` written over them: what a patch leaves behind. */
export function applyPatch(columns: Cells, change: Pick<Change, 'columns' | 'counters'>): Cells {
  const result: Record<string, Cell> = { ...columns, ...change.columns };
  for (const [name, increment] of Object.entries(change.counters ?? {})) {
    result[name] = addCounter(result[name] ?? 0, increment);
  }
  return result;
}

/** A counter after an increment. Counters are whole numbers inside ±2^53. */
export function addCounter(value: Cell, increment: number): number {
  return Number(value ?? 0) + increment;
}
