import { checkLength } from '../../core/cell-length.ts';
import type { Change } from '../../core/change.ts';
import { checkCell } from '../../core/values.ts';
import { type Cell, sameCell } from '../../shared/cell.ts';
import type { NetEffect } from './capture.ts';
import { cellsAt, type LocalColumn } from './local-table.ts';

/**
 * A net effect as the change that goes up; null when nothing changed in the end.
 *
 * @throws SyncError `invalid-value` for a cell that the column cannot hold on every device, `too-large` for one that is too long there.
 */
export function toChange(effect: NetEffect): Change | null {
  const { of, key, before, after } = effect;
  if (after === null) {
    if (before === null) return null;
    return { table: of.name, key, op: 'delete', columns: {}, old: cellsAt(of.values, before, 0) };
  }
  if (before !== null) return toPatch(effect, before, after);
  checkCells(of.keys, key);
  checkCells(of.values, after);
  return { table: of.name, key, op: 'put', columns: cellsAt(of.values, after, 0) };
}

function toPatch({ of, key }: NetEffect, before: readonly Cell[], after: readonly Cell[]): Change | null {
  const columns: Record<string, Cell> = {};
  const counters: Record<string, number> = {};
  const old: Record<string, Cell> = {};
  let changed = 0;
  let counted = 0;
  of.values.forEach((column, index) => {
    const [was, is] = [before[index] ?? null, after[index] ?? null];
    if (sameCell(was, is)) return;
    checkOne(column, is);
    changed++;
    old[column.name] = was;
    if (column.isCounter && typeof was === 'number' && typeof is === 'number') {
      counters[column.name] = is - was;
      counted++;
    } else {
      columns[column.name] = is;
    }
  });
  if (changed === 0) return null;
  return { table: of.name, key, op: 'patch', columns, ...(counted > 0 ? { counters } : {}), old };
}

function checkCells(columns: readonly LocalColumn[], cells: readonly Cell[]): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    if (column) checkOne(column, cells[i] ?? null);
  }
}

function checkOne({ name, column, where, bounds }: LocalColumn, cell: Cell): void {
  checkCell(column, cell, where);
  if (bounds) checkLength(bounds, name, cell);
}
