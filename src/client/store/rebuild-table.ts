import { createTableSql } from '../../core/ddl.ts';
import { type Column, columnOf, type Table } from '../../core/schema.ts';
import { quoteName } from '../../core/sql.ts';
import { backfillCell, checkCell } from '../../core/values.ts';
import type { Cell } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import { list } from './local-table.ts';
import type { TableRecord } from './schema-record.ts';

const BATCH = 1_000;

/**
 * Makes the table anew and copies what fits. Rows keep their rowid, so that full-text indexes over them stay right.
 *
 * @returns whether a row or a value did not fit and was left behind.
 */
export function rebuildTable(database: LocalDatabase, table: Table, from: TableRecord): boolean {
  const fresh = `_tidemark_new_${table.name}`;
  database.exec(createTableSql(table, fresh));
  const isLossy = copyRows(database, { table, from, fresh });
  // Views and triggers of the app may name the table while it is away.
  database.exec(`
    PRAGMA legacy_alter_table = ON;
    DROP TABLE ${quoteName(table.name)};
    ALTER TABLE ${quoteName(fresh)} RENAME TO ${quoteName(table.name)};
    PRAGMA legacy_alter_table = OFF;
  `);
  return isLossy;
}

function copyRows(database: LocalDatabase, job: { table: Table; from: TableRecord; fresh: string }): boolean {
  const { table, from, fresh } = job;
  const shared = Object.keys(table.columns).filter((name) => from.columns[name] !== undefined);
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !hasColumn(table, from, name)) ?? 'rowid';
  const read = `SELECT ${[rowid, ...shared.map(quoteName)].join(', ')} FROM ${quoteName(table.name)}
    WHERE ${rowid} > ? ORDER BY ${rowid} LIMIT ${BATCH}`;
  const keepsRowid = isRowidFree(table, from);
  const names = Object.keys(table.columns);
  const into = keepsRowid ? [rowid, ...names.map(quoteName)].join(', ') : list(names);
  const marks = Array.from({ length: names.length + (keepsRowid ? 1 : 0) }, () => '?').join(', ');
  const write = `INSERT OR IGNORE INTO ${quoteName(fresh)} (${into}) VALUES (${marks})`;
  let isLossy = false;
  for (let after: Cell = -(2n ** 63n); ; ) {
    const { rows }: { rows: readonly (readonly Cell[])[] } = database.read(read, [after]);
    for (const row of rows) {
      const fitted = fitRow(table, shared, row.slice(1));
      const count = database.run(write, keepsRowid ? [row[0] ?? null, ...fitted.cells] : fitted.cells);
      isLossy ||= fitted.isLossy || count === 0;
      after = row[0] ?? null;
    }
    if (rows.length < BATCH) return isLossy;
  }
}

function fitRow(table: Table, shared: readonly string[], row: readonly Cell[]): { cells: Cell[]; isLossy: boolean } {
  let isLossy = false;
  const cells = Object.keys(table.columns).map((name) => {
    const column = columnOf(table, name);
    const where = `${table.name}.${name}`;
    const at = shared.indexOf(name);
    if (at < 0) return backfillCell(column, where);
    const cell = fitCell(column, row[at] ?? null, where);
    if (cell !== undefined) return cell;
    isLossy = true;
    return backfillCell(column, where);
  });
  return { cells, isLossy };
}

/** The cell, or the same value as the column's type; undefined when there is none. */
function fitCell(column: Column, cell: Cell, where: string): Cell | undefined {
  for (const candidate of [cell, typeof cell === 'string' ? Number(cell) : String(cell)]) {
    try {
      // An empty text is no number.
      if (cell === '' && candidate === 0) continue;
      return checkCell(column, candidate, where);
    } catch {
      if (cell === null) return undefined;
    }
  }
  return undefined;
}

function hasColumn(table: Table, from: TableRecord, name: string): boolean {
  return [...Object.keys(table.columns), ...Object.keys(from.columns)].some((column) => column.toLowerCase() === name);
}

/** Whether neither table uses its rowid as a key column. */
function isRowidFree(table: Table, from: TableRecord): boolean {
  const [key] = table.primaryKey;
  const isAlias =
    table.primaryKey.length === 1 &&
    key !== undefined &&
    ['integer', 'bigint', 'boolean'].includes(columnOf(table, key).kind);
  return !isAlias && !hasColumn(table, from, 'rowid');
}
