import { quoteName } from '../../core/sql.ts';
import { type Cell, type Cells, keyText, type RowKey } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import {
  type ConfirmedRow,
  type InspectedRow,
  MAX_ROWS_PER_PAGE,
  type RowsPage,
  type RowsRequest,
} from '../inspection.ts';
import { compareCells } from '../live/compare-cells.ts';
import type { RowStatus } from '../row-status.ts';
import type { Images } from './images.ts';
import { type LocalTable, type LocalTables, list, localTableOf } from './local-table.ts';
import type { PendingRows } from './pending-rows.ts';

export interface RowsSource {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly rows: PendingRows;
  readonly images: Images;
}

const DEFAULT_LIMIT = 100;

/** A part of a table in the order of its key, each row with how it stands. Pages go on from a key: no row is counted twice. */
export function readRows(
  source: RowsSource,
  rowStatus: (table: string, key: RowKey) => RowStatus,
  request: RowsRequest,
): RowsPage {
  const of = localTableOf(source.tables, request.table);
  const limit = Math.max(1, Math.min(Math.trunc(request.limit ?? DEFAULT_LIMIT), MAX_ROWS_PER_PAGE));
  const offset = Math.max(0, Math.trunc(request.offset ?? 0));
  const found = findRows(source, of, { ...request, limit, offset });
  const hasMore = request.key === undefined && found.length === limit;
  const rows = found.map(({ key, cells }): InspectedRow => {
    const confirmed = confirmedOf(source, of, key);
    return { key, cells, status: rowStatus(of.name, key), confirmed };
  });
  const next = hasMore ? (rows.at(-1)?.key ?? null) : null;
  return { columns: of.columns, rows, next, rowCount: countRows(source, of, { request, foundCount: found.length }) };
}

/** How many rows a table has here. SQLite counts the entries of its smallest index. */
export function rowCount(database: LocalDatabase, of: LocalTable): number {
  return Number(database.read(`SELECT count(*) FROM ${quoteName(of.name)}`).rows[0]?.[0] ?? 0);
}

function countRows(
  { database, rows }: RowsSource,
  of: LocalTable,
  { request, foundCount }: { readonly request: RowsRequest; readonly foundCount: number },
): number | null {
  if (request.key !== undefined) return foundCount;
  if (request.search) return null;
  return request.unsyncedOnly ? rows.of(of.name).size : rowCount(database, of);
}

type LimitedRequest = RowsRequest & { readonly limit: number; readonly offset: number };

function findRows(source: RowsSource, of: LocalTable, request: LimitedRequest): FoundRow[] {
  if (request.key !== undefined) return readOne(source, of, request.key);
  return request.unsyncedOnly ? readUnsynced(source, of, request) : readAll(source, of, request);
}

interface FoundRow {
  readonly key: RowKey;
  readonly cells: readonly Cell[] | null;
}

function readAll(
  { database }: RowsSource,
  of: LocalTable,
  { after, search, limit, offset }: LimitedRequest,
): FoundRow[] {
  const keys = list(of.table.primaryKey);
  const conditions = [
    ...(after ? [`(${keys}) > (${after.map(() => '?').join(', ')})`] : []),
    ...(search ? [searchSql(of)] : []),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const sql = `SELECT ${list(of.columns)} FROM ${quoteName(of.name)} ${where} ORDER BY ${keys} LIMIT ? OFFSET ?`;
  const parameters = [...(after ?? []), ...(search ? of.columns.map(() => search) : []), limit, offset];
  return database.read(sql, parameters).rows.map((cells) => ({ key: cells.slice(0, of.keys.length), cells }));
}

function searchSql(of: LocalTable): string {
  const terms = of.columns.map((name) => `instr(lower(CAST(${quoteName(name)} AS TEXT)), lower(?)) > 0`);
  return `(${terms.join(' OR ')})`;
}

/** They are few, and known by key: those that are deleted here as well. */
function readUnsynced(source: RowsSource, of: LocalTable, request: LimitedRequest): FoundRow[] {
  const { after, search, limit, offset } = request;
  const keys = [...source.rows.of(of.name).values()].map(({ key }) => key);
  const rest = (after ? keys.filter((key) => compareKeys(key, after) > 0) : keys).sort(compareKeys);
  if (!search) return rest.slice(offset, offset + limit).map((key) => ({ key, cells: cellsHere(source, of, key) }));
  const wanted = search.toLowerCase();
  const found: FoundRow[] = [];
  let passedCount = 0;
  for (const key of rest) {
    if (found.length === limit) break;
    const cells = cellsHere(source, of, key);
    if (!(cells ?? key).some((cell) => String(cell).toLowerCase().includes(wanted))) continue;
    if (passedCount < offset) passedCount += 1;
    else found.push({ key, cells });
  }
  return found;
}

function readOne(source: RowsSource, of: LocalTable, key: RowKey): FoundRow[] {
  const cells = cellsHere(source, of, key);
  const isKnown = cells !== null || source.rows.get(of.name, keyText(key)) !== undefined;
  return isKnown ? [{ key, cells }] : [];
}

/** The row as it is here; null: it is not, or not any more. */
function cellsHere({ database }: RowsSource, of: LocalTable, key: RowKey): Cell[] | null {
  const values = database.read(of.selectSql, key).rows[0];
  return values ? [...key, ...values.slice(0, of.values.length)] : null;
}

function compareKeys(a: RowKey, b: RowKey): number {
  for (let index = 0; index < a.length; index++) {
    const order = compareCells(a[index] ?? null, b[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

function confirmedOf({ rows, images }: RowsSource, of: LocalTable, key: RowKey): ConfirmedRow | null {
  const text = keyText(key);
  if (!rows.get(of.name, text)) return null;
  const image = images.get(of.name, text);
  if (image === null) return { state: 'unknown' };
  return image.exists ? { state: 'exists', cells: cellsOf(of, key, image.columns) } : { state: 'deleted' };
}

function cellsOf(of: LocalTable, key: RowKey, columns: Cells): Cell[] {
  return [...key, ...of.values.map(({ name }) => columns[name] ?? null)];
}
