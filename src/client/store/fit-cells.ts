import { backfillCell, checkCell } from '../../core/values.ts';
import type { Cell, Cells } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalColumn } from './local-table.ts';

/** What {@link fitting} did. */
export interface Fitted {
  /** Rows changed. */
  readonly count: number;
  /** Whether all cells were written as they are. */
  readonly isExact: boolean;
}

/**
 * Writes cells that were made for these columns by another version of the schema (rows of the server, changes in the
 * outbox). They must never fail on this version's types: what does not fit is written again as what such a column
 * starts with.
 */
export function fitting(
  columns: readonly LocalColumn[],
  cells: Cells,
  write: (cells: readonly Cell[]) => number,
): Fitted {
  try {
    return { count: write(columns.map(({ name }) => cells[name] ?? null)), isExact: true };
  } catch (error) {
    if (!isMisfit(error)) throw error;
    const count = write(columns.map((column) => fitCell(column, cells[column.name] ?? null)));
    return { count, isExact: false };
  }
}

export function isMisfit(error: unknown): boolean {
  return error instanceof SyncError && error.kind === 'invalid-value';
}

function fitCell({ column, where }: LocalColumn, cell: Cell): Cell {
  try {
    return checkCell(column, cell, where);
  } catch {
    return backfillCell(column, where);
  }
}
