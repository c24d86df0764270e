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
  const found = request.unsyncedOnly
    ? readUnsynced(source, of, { ...request, limit })
    : readAll(source, of, { ...request, limit });
  const rows = found.map(({ key, cells }): InspectedRow => {
    const confirmed = confirmedOf(source, of, key);
    return { key, cells, status: rowStatus(of.name, key), confirmed };
  });
  return { columns: of.columns, rows, next: rows.length === limit ? (rows.at(-1)?.key ?? null) : null };
}

type LimitedRequest = RowsRequest & { readonly limit: number };

interface FoundRow {
  readonly key: RowKey;
  readonly cells: readonly Cell[] | null;
}

function readAll({ database }: RowsSource, of: LocalTable, { after, search, limit }: LimitedRequest): FoundRow[] {
  const keys = list(of.table.primaryKey);
  const conditions = [
    ...(after ? [`(${keys}) > (${after.map(() => '?').join(', ')})`] : []),
    ...(search ? [searchSql(of)] : []),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const sql = `SELECT ${list(of.columns)} FROM ${quoteName(of.name)} ${where} ORDER BY ${keys} LIMIT ?`;
  const parameters = [...(after ?? []), ...(search ? of.columns.map(() => search) : []), limit];
  return database.read(sql, parameters).rows.map((cells) => ({ key: cells.slice(0, of.keys.length), cells }));
}

function searchSql(of: LocalTable): string {
  const terms = of.columns.map((name) => `instr(lower(CAST(${quoteName(name)} AS TEXT)), lower(?)) > 0`);
  return `(${terms.join(' OR ')})`;
}

/** They are few, and known by key: those that are deleted here as well. */
function readUnsynced(source: RowsSource, of: LocalTable, { after, search, limit }: LimitedRequest): FoundRow[] {
  const keys = [...source.rows.of(of.name).values()].map(({ key }) => key).sort(compareKeys);
  const wanted = search?.toLowerCase() ?? '';
  const found: FoundRow[] = [];
  for (const key of keys) {
    if (found.length === limit) break;
    if (after && compareKeys(key, after) <= 0) continue;
    const values = source.database.read(of.selectSql, key).rows[0];
    const cells = values ? [...key, ...values.slice(0, of.values.length)] : null;
    if ((cells ?? key).some((cell) => String(cell).toLowerCase().includes(wanted))) found.push({ key, cells });
  }
  return found;
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
