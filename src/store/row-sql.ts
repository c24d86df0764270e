import type { KeyInput } from '../client/sync.ts';
import { columnOf, type Table } from '../core/schema.ts';
import { quoteName, type Statement } from '../core/sql.ts';
import { defaultCell, toCell, toKey } from '../core/values.ts';
import type { Cell } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';

type AppValues = Readonly<Record<string, unknown>>;

/** SQLite's limit on the parameters of one statement. */
const MAX_PARAMETERS = 32_766;

/** One statement per at most {@link MAX_PARAMETERS} cells; every column is written, so the text depends on the count alone. */
export function insertStatements(of: Table, rows: readonly AppValues[]): Statement[] {
  assertRows(of, rows);
  const names = Object.keys(of.columns);
  const rowsEach = Math.floor(MAX_PARAMETERS / names.length);
  const statements: Statement[] = [];
  for (let start = 0; start < rows.length; start += rowsEach) {
    // A hole in the array is a row that is missing, and told of.
    const chunk = Array.from(rows.slice(start, start + rowsEach));
    const parameters = chunk.flatMap((row) => rowCells(of, names, row));
    statements.push({ sql: insertSql(of, names, chunk.length), parameters });
  }
  return statements;
}

/** Null when no column is set. Columns given as `undefined` are left alone. */
export function updateStatement(of: Table, key: KeyInput, values: AppValues): Statement | null {
  assertValues(of, values);
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.length === 0) return null;
  const cells = given.map(([name, value]) => toCell(columnOf(of, name), value, `${of.name}.${name}`));
  const set = given.map(([name]) => `${quoteName(name)} = ${newCellSql(of, name)}`).join(', ');
  return {
    sql: `UPDATE ${quoteName(of.name)} SET ${set} WHERE ${keySql(of)}`,
    parameters: [...cells, ...toKey(of, key)],
  };
}

/** A JSON value that is there already stays as it is written: `{"a": 1}` of a server is no other than our `{"a":1}`. */
function newCellSql(of: Table, name: string): string {
  if (columnOf(of, name).kind !== 'json') return '?';
  const old = quoteName(name);
  return `(SELECT CASE WHEN NOT json_valid(${old}) THEN _tidemark_new
    WHEN json(${old}) = json(_tidemark_new) THEN ${old} ELSE _tidemark_new END FROM (SELECT ? AS _tidemark_new))`;
}

export function deleteStatement(of: Table, key: KeyInput): Statement {
  return { sql: `DELETE FROM ${quoteName(of.name)} WHERE ${keySql(of)}`, parameters: toKey(of, key) };
}

/** Reads one row when the row exists. */
export function existsStatement(of: Table, key: KeyInput): Statement {
  return { sql: `SELECT 1 FROM ${quoteName(of.name)} WHERE ${keySql(of)}`, parameters: toKey(of, key) };
}

function rowCells(of: Table, names: readonly string[], row: AppValues): Cell[] {
  assertValues(of, row);
  // A misspelt column must not vanish silently.
  for (const name of Object.keys(row)) columnOf(of, name);
  return names.map((name) => cellOf(of, name, row[name]));
}

/** Anything else has no length to go by, and would be no rows at all. */
function assertRows(of: Table, rows: unknown): void {
  if (!Array.isArray(rows))
    throw new SyncError(
      'misuse',
      `Rows of ${of.name} come as an array, received ${rows === null ? 'null' : typeof rows}.`,
    );
}

/** Types say so already; not every caller has types. */
function assertValues(of: Table, values: unknown): void {
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) return;
  const received = Array.isArray(values) ? 'an array' : String(values);
  throw new SyncError(
    'invalid-value',
    `A row of ${of.name} is an object of values by column name, received ${received}.`,
  );
}

function cellOf(of: Table, name: string, value: unknown): Cell {
  const column = columnOf(of, name);
  const where = `${of.name}.${name}`;
  if (value !== undefined) return toCell(column, value, where);
  return defaultCell(column, where) ?? toCell(column, undefined, where);
}

function insertSql(of: Table, names: readonly string[], rowCount: number): string {
  const row = `(${names.map(() => '?').join(', ')})`;
  const rows = Array.from({ length: rowCount }, () => row).join(', ');
  return `INSERT INTO ${quoteName(of.name)} (${names.map(quoteName).join(', ')}) VALUES ${rows}`;
}

function keySql(of: Table): string {
  return of.primaryKey.map((name) => `${quoteName(name)} = ?`).join(' AND ');
}
