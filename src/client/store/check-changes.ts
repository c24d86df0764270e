import * as v from 'valibot';
import { checkLength } from '../../core/cell-length.ts';
import type { Change } from '../../core/change.ts';
import { columnOf } from '../../core/schema.ts';
import { checkCell, defaultCell } from '../../core/values.ts';
import { change as changeMessage } from '../../protocol/messages/change.ts';
import { type Cell, type Cells, keyText } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import { type LocalTable, type LocalTables, localTableOf } from './local-table.ts';

/**
 * Changes as a person wrote them, checked as `write()` would: known tables and columns, cells that fit, one change per
 * row.
 *
 * @throws SyncError `not-found`, `invalid-value`.
 */
export function checkChanges(tables: LocalTables, changes: readonly Change[]): Change[] {
  if (!v.is(v.array(changeMessage), changes)) {
    throw new SyncError(
      'invalid-value',
      'Changes are a list of { table, key, op, columns }, as outbox.list() gives them.',
    );
  }
  const seen = new Set<string>();
  return changes.map((change) => {
    const of = localTableOf(tables, change.table);
    checkKey(of, change);
    const id = `${change.table} ${keyText(change.key)}`;
    if (seen.has(id)) throw new SyncError('invalid-value', `Two changes are about the same row of ${change.table}.`);
    seen.add(id);
    return checkOp(of, change);
  });
}

function checkOp(of: LocalTable, change: Change): Change {
  const { table, key, op, old } = change;
  const kept = old === undefined ? {} : { old };
  if (op === 'delete') return { table, key, op, columns: {}, ...kept };
  if (op === 'put') return { table, key, op, columns: wholeRow(of, change.columns), ...kept };
  const columns: Record<string, Cell> = {};
  for (const [name, cell] of Object.entries(change.columns)) columns[name] = checkValue(of, name, cell);
  const counters = checkCounters(of, change.counters ?? {});
  const hasCounters = Object.keys(counters).length > 0;
  return { table, key, op, columns, ...(hasCounters ? { counters } : {}), ...kept };
}

function checkKey(of: LocalTable, { key }: Change): void {
  if (key.length !== of.keys.length) {
    throw new SyncError(
      'invalid-value',
      `The key of ${of.name} has ${of.keys.length} columns, received ${key.length}.`,
    );
  }
  of.keys.forEach(({ name, column, where }, index) => {
    checkLength(of.table, name, checkCell(column, key[index], where));
  });
}

/** A cell for a column that is not part of the key. */
export function checkValue(of: LocalTable, name: string, cell: Cell): Cell {
  const column = columnOf(of.table, name);
  if (of.table.primaryKey.includes(name)) {
    throw new SyncError('invalid-value', `${of.name}.${name} is part of the key: a row keeps its key.`);
  }
  return checkLength(of.table, name, checkCell(column, cell, `${of.name}.${name}`));
}

function wholeRow(of: LocalTable, cells: Cells): Cells {
  const columns: Record<string, Cell> = {};
  for (const [name, cell] of Object.entries(cells)) columns[name] = checkValue(of, name, cell);
  for (const { name, column, where } of of.values) {
    if (!Object.hasOwn(columns, name)) columns[name] = checkCell(column, defaultCell(column, where), where);
  }
  return columns;
}

function checkCounters(of: LocalTable, counters: Readonly<Record<string, number>>): Record<string, number> {
  const checked: Record<string, number> = {};
  for (const [name, increment] of Object.entries(counters)) {
    if (columnOf(of.table, name).kind !== 'counter' || !Number.isSafeInteger(increment)) {
      throw new SyncError(
        'invalid-value',
        `${of.name}.${name} received the increment ${increment}; it needs a counter and a whole number.`,
      );
    }
    checked[name] = increment;
  }
  return checked;
}
