import type { Cell, Cells, RowKey } from '../../shared/cell.ts';
import type { RowRange, StoredRow } from '../storage.ts';
import { asText, type BoundTable, readAs, writeAs } from './bound-table.ts';
import { type Transaction, textArray } from './connection.ts';
import { toVersion, VERSION_COLUMNS } from './versions.ts';

/** A row as it was read: what is known about it, and whether the table has it at all. */
export interface ReadRow {
  /** null: it has no version, so nobody has heard of it. */
  readonly row: StoredRow | null;
  /** What the table holds; null where it has no such row. */
  readonly columns: Cells | null;
}

/** The rows of these keys, in their order. */
export async function readRows(transaction: Transaction, of: BoundTable, keys: readonly RowKey[]): Promise<ReadRow[]> {
  if (keys.length === 0) return [];
  const names = of.key.map((_, index) => `k${index}`);
  const isKey = (table: string) =>
    of.key.map((column, index) => `${table}.${column.sql} = ${writeAs(column, `k.k${index}`)}`).join(' AND ');
  const [first] = of.key;
  const sql = `SELECT ${VERSION_COLUMNS.map((name) => `v.${name}`).join(', ')}, t.${first?.sql} IS NOT NULL,
      ${of.values.map((column) => readAs(column, 't')).join(', ') || 'NULL'}
    FROM unnest(${names.map((_, index) => `$${index + 1}::text[]`).join(', ')}) WITH ORDINALITY k(${names.join(', ')}, i)
      LEFT JOIN ${of.versionSql} v ON ${isKey('v')} LEFT JOIN ${of.sql} t ON ${isKey('t')}
    ORDER BY k.i`;
  const found = await transaction.all(sql, of.keyTexts(keys).map(textArray));
  return keys.map((key, index) => {
    const cells = found[index] ?? [];
    const version = toVersion(cells);
    const columns = cells[VERSION_COLUMNS.length] === true ? of.readValues(cells, VERSION_COLUMNS.length + 1) : null;
    if (version === null) return { row: null, columns };
    const { isDeleted, ...rest } = version;
    return { row: { ...rest, key, columns: isDeleted ? null : (columns ?? {}) }, columns };
  });
}

export async function keysWhere(
  transaction: Transaction,
  of: BoundTable,
  at: { readonly column: string; readonly value: Cell },
): Promise<RowKey[]> {
  const column = of.column(at.column);
  const sql = `SELECT ${of.key.map((key) => readAs(key, 't')).join(', ')} FROM ${of.sql} t
    WHERE t.${column.sql} = ${writeAs(column, '($1::text)')}`;
  return (await transaction.all(sql, [of.textOf(column, at.value)])).map((row) => of.readKey(row));
}

/** How many rows are asked for at once: pages are bounded in bytes, and nobody knows how long a row is. */
const FIRST_ROWS = 500;
const MAX_ROWS = 10_000;

export interface PageOfRows {
  readonly rows: Cell[][];
  readonly bytes: number;
  readonly isEnd: boolean;
}

/** Live rows in key order after a key, until `maxBytes` are reached. */
export async function readPage(transaction: Transaction, of: BoundTable, range: RowRange): Promise<PageOfRows> {
  const rows: Cell[][] = [];
  let bytes = 0;
  let after = range.after;
  for (let limit = FIRST_ROWS; ; ) {
    const part = await readPart(transaction, of, { ...range, after, limit });
    for (const row of part) {
      rows.push(row);
      bytes += rowBytes(row);
      if (bytes >= range.maxBytes) return { rows, bytes, isEnd: false };
    }
    if (part.length < limit) return { rows, bytes, isEnd: true };
    const last = rows.at(-1) ?? [];
    after = of.key.map(({ name }) => last[of.all.findIndex((column) => column.name === name)] ?? null);
    const needed = Math.ceil(((range.maxBytes - bytes) / (bytes / rows.length)) * 1.05) + 1;
    limit = Math.min(Math.max(needed, 1), MAX_ROWS);
  }
}

async function readPart(
  transaction: Transaction,
  of: BoundTable,
  { scope, except = [], after, limit }: Pick<RowRange, 'scope' | 'except' | 'after'> & { readonly limit: number },
): Promise<Cell[][]> {
  const isScoped = scope !== null || except.length > 0;
  const walked = isScoped ? 'v' : 't';
  const parameters: (string | number | null)[] = [limit];
  const conditions: string[] = [];
  if (isScoped) {
    parameters.push(scope ?? textArray(except));
    const isWanted = scope === null ? '<> ALL ($2::text[])' : '= $2';
    conditions.push(`v._tidemark_scope ${isWanted} AND NOT v._tidemark_is_deleted`);
  }
  const key = of.key.map(({ sql }) => `${walked}.${sql}`).join(', ');
  if (after) {
    const start = parameters.length;
    parameters.push(...of.key.map((column, index) => of.textOf(column, after[index] ?? null)));
    const values = of.key.map((column, index) => writeAs(column, `($${start + index + 1}::text)`));
    conditions.push(`(${key}) > (${values.join(', ')})`);
  }
  const from = isScoped ? `${of.versionSql} v JOIN ${of.sql} t ON ${of.joinOnKey('t', 'v')}` : `${of.sql} t`;
  const sql = `SELECT ${of.all.map((column) => readAs(column, 't')).join(', ')} FROM ${from}
    ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY ${key} LIMIT $1::bigint`;
  return (await transaction.all(sql, parameters)).map((texts) =>
    of.all.map((column, index) => of.cellOf(column, asText(texts[index]))),
  );
}

/** About how many bytes a row takes on the wire. */
function rowBytes(row: readonly Cell[]): number {
  let bytes = 2;
  for (const cell of row) bytes += typeof cell === 'string' || cell instanceof Uint8Array ? cell.length + 2 : 6;
  return bytes;
}

export async function countRows(
  transaction: Transaction,
  of: BoundTable,
  { scopes, except }: { readonly scopes: readonly string[] | null; readonly except: readonly string[] },
): Promise<number> {
  if (scopes === null && except.length === 0)
    return Number((await transaction.get(`SELECT count(*) FROM ${of.sql}`))?.[0]);
  const isWanted = scopes === null ? '<> ALL ($1::text[])' : '= ANY ($1::text[])';
  const sql = `SELECT count(*) FROM ${of.versionSql} WHERE _tidemark_scope ${isWanted} AND NOT _tidemark_is_deleted`;
  return Number((await transaction.get(sql, [textArray(scopes ?? except)]))?.[0]);
}

export async function heldScopes(
  transaction: Transaction,
  of: BoundTable,
  scopes: readonly string[],
): Promise<string[]> {
  const sql = `SELECT s FROM unnest($1::text[]) s
    WHERE EXISTS (SELECT 1 FROM ${of.versionSql} WHERE _tidemark_scope = s AND NOT _tidemark_is_deleted)`;
  return (await transaction.all(sql, [textArray(scopes)])).map(([scope]) => String(scope));
}

/** Forgets tombstones older than what is left of the log. */
export async function dropTombstones(transaction: Transaction, of: BoundTable, prunedTo: number): Promise<void> {
  const sql = `DELETE FROM ${of.versionSql} WHERE _tidemark_is_deleted AND _tidemark_seq <= $1`;
  await transaction.all(sql, [prunedTo]);
}
