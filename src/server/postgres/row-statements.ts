import type { Cells, RowKey } from '../../shared/cell.ts';
import { SyncError } from '../../shared/error.ts';
import type { StoredRow } from '../storage.ts';
import { type BoundColumn, type BoundTable, readAs, writeAs } from './bound-table.ts';
import { type Row, type Transaction, textArray } from './connection.ts';

/** A row as it is in the table after a statement. */
export interface StoredCells {
  readonly key: RowKey;
  readonly columns: Cells;
}

/** `unnest` of one text array per column, under the names `c0`, `c1`, … */
function inputSql(columns: readonly BoundColumn[]): string {
  const names = columns.map((_, index) => `c${index}`);
  return `unnest(${names.map((_, index) => `$${index + 1}::text[]`).join(', ')}) i(${names.join(', ')})`;
}

function inputTexts(of: BoundTable, columns: readonly BoundColumn[], rows: readonly StoredRow[]): string[] {
  const values = columns.slice(of.key.length);
  return [
    ...of.keyTexts(rows.map(({ key }) => key)),
    ...values.map((column) => rows.map((row) => of.textOf(column, row.columns?.[column.name] ?? null))),
  ].map(textArray);
}

const returningSql = (of: BoundTable): string =>
  `RETURNING ${[...of.key, ...of.values].map((column) => readAs(column, 't')).join(', ')}`;

const isKeySql = (of: BoundTable): string =>
  of.key.map((column, index) => `t.${column.sql} = ${writeAs(column, `i.c${index}`)}`).join(' AND ');

export interface Batch {
  readonly rows: readonly StoredRow[];
  /** Whether the rows are not to be returned. */
  readonly isBlind: boolean;
}

/** Inserts rows; resolves with what the table made of them, or with null if that is not to be read. */
export async function insertRows(
  transaction: Transaction,
  of: BoundTable,
  { rows, isBlind }: Batch,
): Promise<StoredCells[] | null> {
  const columns = [...of.key, ...of.values.filter(({ isWritten }) => isWritten)];
  const sql = `INSERT INTO ${of.sql} AS t (${columns.map((column) => column.sql).join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${columns.map((column, index) => writeAs(column, `i.c${index}`)).join(', ')} FROM ${inputSql(columns)}
    ${isBlind ? '' : returningSql(of)}`;
  return finish(transaction, of, { sql, parameters: inputTexts(of, columns, rows), rows, isBlind });
}

/** Sets some columns of rows. */
export async function updateRows(
  transaction: Transaction,
  of: BoundTable,
  { rows, columns: names, isBlind }: Batch & { readonly columns: readonly string[] },
): Promise<StoredCells[] | null> {
  const values = of.values.filter(({ name }) => names.includes(name));
  const columns = [...of.key, ...values];
  const sets = values.map((column, index) => `${column.sql} = ${writeAs(column, `i.c${of.key.length + index}`)}`);
  const sql = `UPDATE ${of.sql} AS t SET ${sets.join(', ')} FROM ${inputSql(columns)} WHERE ${isKeySql(of)}
    ${isBlind ? '' : returningSql(of)}`;
  return finish(transaction, of, { sql, parameters: inputTexts(of, columns, rows), rows, isBlind });
}

/** Deletes rows; resolves with how many there were. */
export async function deleteRows(
  transaction: Transaction,
  of: BoundTable,
  rows: readonly StoredRow[],
): Promise<number> {
  const sql = `DELETE FROM ${of.sql} AS t USING ${inputSql(of.key)} WHERE ${isKeySql(of)}`;
  return transaction.run(sql, inputTexts(of, of.key, rows));
}

async function finish(
  transaction: Transaction,
  of: BoundTable,
  { sql, parameters, rows, isBlind }: Batch & { readonly sql: string; readonly parameters: string[] },
): Promise<StoredCells[] | null> {
  if (!isBlind) return (await transaction.all(sql, parameters)).map((row) => toStored(of, row));
  const count = await transaction.run(sql, parameters);
  if (count < rows.length) throw notWritten(of);
  return null;
}

/** Without an error, but not written either: so do a policy on updates, and a BEFORE trigger that returns null. */
export function notWritten(of: BoundTable): SyncError {
  return new SyncError(
    'forbidden',
    `A row of ${of.table.name} was refused: a trigger or a row level security policy of the database kept it from being written. ` +
      'Nothing of the mutation was applied.',
  );
}

function toStored(of: BoundTable, row: Row): StoredCells {
  return { key: of.readKey(row), columns: of.readValues(row, of.key.length) };
}
