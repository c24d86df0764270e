import type { PulledTransaction, SnapshotRows } from '../../protocol/messages/pull.ts';
import { type Cell, type Cells, keyText, type RowKey } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ChangeCollector } from './changed-rows.ts';
import { type Fitted, fitting, isMisfit } from './fit-cells.ts';
import { type LocalTable, type LocalTables, patchSql, putSql } from './local-table.ts';
import { missingRow, type Rebase } from './rebase.ts';
import { writeRow } from './row-access.ts';
import type { UnknownRows } from './unknown-rows.ts';

type RemoteChange = PulledTransaction['changes'][number];

/** Writes what the server sent into the user's tables. Rows under pending changes go to the rebase instead. */
export interface RowApplier {
  snapshot(rows: SnapshotRows): number;
  change(change: RemoteChange): void;
}

export function createRowApplier(parts: {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly rebase: Rebase;
  readonly unknown: UnknownRows;
  readonly changed: ChangeCollector;
}): RowApplier {
  const { database, tables, rebase, unknown, changed } = parts;

  const change = (of: LocalTable, remote: RemoteChange) => {
    const row = { table: of.name, key: remote.key, keyText: keyText(remote.key) };
    unknown.noteColumns(of, Object.keys(remote.columns));
    if (rebase.takes(row)) {
      rebase.apply(row, remote);
      return;
    }
    changed.add(of.name, row.keyText);
    if (remote.op === 'delete') database.run(of.deleteSql, remote.key);
    else if (!(remote.op === 'put' ? writeRow : patchRow)(database, of, remote).isExact) unknown.noteMisfit(of.name);
  };

  return {
    snapshot(block) {
      const of = tables.get(block.table);
      if (!of) unknown.noteTable(block.table);
      else snapshotRows({ database, of, block, rebase, changed, unknown });
      return block.rows.length;
    },
    change(remote) {
      const of = tables.get(remote.table);
      if (of) change(of, remote);
      else unknown.noteTable(remote.table);
    },
  };
}

interface Snapshot {
  readonly database: LocalDatabase;
  readonly of: LocalTable;
  readonly block: SnapshotRows;
  readonly rebase: Rebase;
  readonly changed: ChangeCollector;
  readonly unknown: UnknownRows;
}

/** The quick way in: one prepared statement for all rows, unless some of them lie under pending changes. */
function snapshotRows({ database, of, block, rebase, changed, unknown }: Snapshot): void {
  if (block.rows.length === 0) return;
  unknown.noteColumns(of, block.columns);
  const columns = of.columns.filter((name) => block.columns.includes(name));
  const from = columns.map((name) => block.columns.indexOf(name));
  if (from.length < of.keys.length || of.keys.some(({ name }) => !columns.includes(name))) {
    throw new SyncError('protocol', `A snapshot of ${of.name} came without its key columns.`);
  }
  const isInOrder = from.length === block.columns.length && from.every((at, index) => at === index);
  const cellsOf = (row: readonly Cell[]) => (isInOrder ? row : from.map((at) => row[at] ?? null));
  const free: (readonly Cell[])[] = [];
  const mayBePending = rebase.mayTake(of.name);
  for (const row of block.rows) {
    const cells = cellsOf(row);
    const key = cells.slice(0, of.keys.length);
    const ref = { table: of.name, key, keyText: mayBePending ? keyText(key) : '' };
    if (!mayBePending || !rebase.takes(ref)) free.push(cells);
    else rebase.apply(ref, { op: 'put', columns: named(columns, cells, of.keys.length) });
  }
  changed.addAll(of.name);
  if (!writeMany(database, { of, columns, rows: free })) unknown.noteMisfit(of.name);
}

/** Returns whether all cells were written as they are. */
function writeMany(
  database: LocalDatabase,
  { of, columns, rows }: { of: LocalTable; columns: readonly string[]; rows: readonly (readonly Cell[])[] },
): boolean {
  const sql = putSql(of.table, columns);
  try {
    // No savepoint around it: with one, SQLite's journal of statements costs more the more rows there are (measured:
    // five times).
    database.runMany(sql, rows);
    return true;
  } catch (error) {
    if (!isMisfit(error)) throw error;
    // Those before the one that does not fit are written again: it makes no difference.
    for (const row of rows) {
      const [key, rest] = [row.slice(0, of.keys.length), named(columns, row, of.keys.length)];
      writeRow(database, of, { key, columns: rest });
    }
    return false;
  }
}

/**
 * @throws SyncError `resync` when the row is not here: a patch of a row that was never sent shows that this copy is not
 * the one the server takes it for.
 */
function patchRow(database: LocalDatabase, of: LocalTable, row: { key: RowKey; columns: Cells }): Fitted {
  const known = of.values.filter(({ name }) => Object.hasOwn(row.columns, name));
  if (known.length === 0) return { count: 0, isExact: true };
  const sql = patchSql(
    of.table,
    known.map(({ name }) => name),
  );
  const fitted = fitting(known, row.columns, (cells) => database.run(sql, [...cells, ...row.key]));
  if (fitted.count === 0) throw missingRow(of.name);
  return fitted;
}

function named(columns: readonly string[], cells: readonly Cell[], from: number): Cells {
  const result: Record<string, Cell> = {};
  for (let i = from; i < columns.length; i++) {
    const name = columns[i];
    if (name !== undefined) result[name] = cells[i] ?? null;
  }
  return result;
}
