import { checkLength } from '../../core/cell-length.ts';
import type { Change, Mutation } from '../../core/change.ts';
import type { CheckedChange } from '../../core/decide.ts';
import { type Column, columnOf, type Schema, type Table, tableOf } from '../../core/schema.ts';
import { backfillCell, checkCell, defaultCell } from '../../core/values.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Cell, type Cells, keyText, type RowKey } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';

export interface CheckOptions {
  readonly schema: Schema;
  /** The writer's schema is older: what it does not know gets the value that older rows have. */
  readonly isOlderSchema: boolean;
  readonly maxChanges: number;
}

/**
 * Passes only changes that the tables can take: known names, cells of the declared kinds, whole keys, one change per row.
 *
 * @throws SyncError `invalid-value`, `not-found` or `too-large`: reasons to reject the mutation.
 */
export function checkChanges(changes: Mutation['changes'], options: CheckOptions): CheckedChange[] {
  if (changes.length === 0) throw new SyncError('invalid-value', 'The mutation has no changes.');
  if (changes.length > options.maxChanges) {
    throw new SyncError(
      'too-large',
      `The mutation has ${changes.length} changes; at most ${options.maxChanges} are taken.`,
    );
  }
  const seen = new Set<string>();
  return changes.map((change) => {
    const checked = checkChange(change, options);
    const row = `${checked.table.name} ${keyText(checked.key)}`;
    if (seen.has(row)) throw new SyncError('invalid-value', `The mutation changes the row ${row} twice.`);
    seen.add(row);
    return checked;
  });
}

function checkChange(change: Change, options: CheckOptions): CheckedChange {
  const table = tableOf(options.schema, change.table);
  const key = checkKey(table, change.key);
  const rest = { table, key, op: change.op };
  if (change.op === 'delete') return { ...rest, columns: {}, counters: {}, old: undefined, fill: {} };
  const { columns, counters } = checkColumns(table, change);
  if (change.op === 'patch') return { ...rest, columns, counters, old: undefined, fill: {} };
  return { ...rest, columns, counters: {}, old: seenCells(table, change.old), fill: fillFor(table, columns, options) };
}

function checkKey(of: Table, key: RowKey): RowKey {
  if (key.length !== of.primaryKey.length) {
    const expected = `${of.primaryKey.length} (${of.primaryKey.join(', ')})`;
    throw new SyncError('invalid-value', `The key of ${of.name} has ${key.length} cells instead of ${expected}.`);
  }
  return of.primaryKey.map((name, index) => {
    return checkLength(of, name, exact(columnOf(of, name), key[index], `${of.name}.${name}`));
  });
}

function checkColumns(of: Table, change: Change): Pick<CheckedChange, 'columns' | 'counters'> {
  const columns: Record<string, Cell> = {};
  const counters: Record<string, number> = {};
  let bytes = 0;
  for (const [name, cell] of Object.entries(change.columns)) {
    const column = valueColumn(of, name);
    const value = exact(column, cell, `${of.name}.${name}`);
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
    const seen = change.old?.[name];
    // A counter that was set, not incremented: as far as the writer moved it.
    if (change.op === 'patch' && column.kind === 'counter' && typeof seen === 'number')
      counters[name] = Number(value) - seen;
    else columns[name] = value;
  }
  if (bytes > LIMITS.maxRowBytes)
    throw new SyncError('too-large', `A row of ${of.name} is larger than ${LIMITS.maxRowBytes} bytes.`);
  return { columns, counters: { ...counters, ...(change.op === 'patch' ? checkCounters(of, change) : {}) } };
}

function checkCounters(of: Table, change: Change): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const [name, increment] of Object.entries(change.counters ?? {})) {
    if (valueColumn(of, name).kind !== 'counter') {
      throw new SyncError('invalid-value', `${of.name}.${name} is no counter and cannot be incremented.`);
    }
    if (!Number.isSafeInteger(increment))
      throw new SyncError('invalid-value', `${of.name}.${name} is counted on by ${increment}.`);
    counters[name] = increment;
  }
  return counters;
}

function valueColumn(of: Table, name: string): Column {
  const column = columnOf(of, name);
  if (!of.primaryKey.includes(name)) return column;
  throw new SyncError('invalid-value', `${of.name}.${name} is part of the primary key and cannot be set in a row.`);
}

/** What the writer saw is evidence only: what does not fit the column is left out. */
function seenCells(of: Table, old: Cells | undefined): Cells | undefined {
  if (old === undefined) return undefined;
  return Object.fromEntries(Object.entries(old).filter(([name]) => of.valueColumns.includes(name)));
}

function fillFor(of: Table, columns: Cells, options: CheckOptions): Cells {
  const missing = of.valueColumns.filter((name) => !Object.hasOwn(columns, name));
  return Object.fromEntries(
    missing.map((name) => {
      const where = `${of.name}.${name}`;
      const column = columnOf(of, name);
      if (options.isOlderSchema) return [name, backfillCell(column, where)];
      return [name, checkCell(column, defaultCell(column, where), where)];
    }),
  );
}

/** A checked cell in its one form: integers as numbers where they fit, no negative zero among integers. */
function exact(column: Column, cell: Cell | undefined, where: string): Cell {
  const checked = checkCell(column, cell, where);
  if (typeof checked === 'bigint' && Number.isSafeInteger(Number(checked))) return Number(checked);
  return column.kind !== 'real' && Object.is(checked, -0) ? 0 : checked;
}
