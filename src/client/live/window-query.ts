import type { Schema, Table } from '../../core/schema.ts';
import { quoteName, type Statement } from '../../core/sql.ts';
import { type Cell, type RowKey, sameCell } from '../../shared/cell.ts';
import type { LocalDatabase, ReadColumn, ReadResult } from '../../storage/local-database.ts';
import { compareCells } from './compare-cells.ts';
import { type WindowShape, windowShape } from './window-shape.ts';

type Row = readonly Cell[];
type Rows = readonly Row[];

/** Beyond so many changed rows, running the query again is cheaper. */
export const MOST_KEYS = 64;

interface OrderPart {
  readonly position: number;
  readonly isDescending: boolean;
}

interface WindowPlan {
  readonly columns: readonly ReadColumn[];
  /** The query, with key and order columns behind its own ones where it does not have them anyway. */
  readonly statement: Statement;
  /** The same row by row: takes the parameters of the condition, then the key. */
  readonly rowSql: string;
  readonly rowParameters: readonly Cell[];
  readonly key: readonly number[];
  readonly order: readonly OrderPart[];
  readonly limit: number | null;
}

/**
 * A sorted part of one table, kept current from the rows that changed: each is read by its key, tested against the
 * condition and moved in the sorted rows. Where that could differ from running the query again (equal sort keys or none, rows that come
 * in from beyond the limit), it says so.
 */
export class WindowQuery {
  readonly #database: LocalDatabase;
  readonly #plan: WindowPlan;

  constructor(database: LocalDatabase, plan: WindowPlan) {
    this.#database = database;
    this.#plan = plan;
  }

  /** Reads the whole result. Rows may have more cells than there are columns. */
  read(): ReadResult {
    const { statement, columns } = this.#plan;
    return { columns, rows: this.#database.read(statement.sql, statement.parameters).rows };
  }

  /** The result after these rows changed; null when the query has to be run again. */
  update(rows: Rows, keys: ReadonlySet<string>): Rows | null {
    if (keys.size > MOST_KEYS) return null;
    let next: Rows | null = rows;
    for (const text of keys) {
      const key = keyOf(text);
      next = key && next && this.#place(next, key);
      if (!next) return null;
    }
    return next;
  }

  #place(rows: Rows, key: RowKey): Rows | null {
    const { limit, rowSql, rowParameters } = this.#plan;
    const at = rows.findIndex((row) => this.#hasKey(row, key));
    const row = this.#database.read(rowSql, [...rowParameters, ...key]).rows[0];
    const isFull = limit !== null && rows.length >= limit;
    if (!row) {
      if (at < 0) return rows;
      return isFull ? null : rows.toSpliced(at, 1);
    }
    if (at >= 0 && this.#compare(rows[at] ?? [], row) === 0) return rows.with(at, row);
    const others = at < 0 ? rows : rows.toSpliced(at, 1);
    const to = this.#findPlace(others, row);
    if (to === null) return null;
    // Beyond the last row that is known: it stays outside, or somebody else may come in for it.
    if (isFull && to === others.length) return at < 0 ? rows : null;
    const next = others.toSpliced(to, 0, row);
    return limit !== null && next.length > limit ? next.slice(0, limit) : next;
  }

  /** Where the row belongs; null when that is not for certain. */
  #findPlace(rows: Rows, row: Row): number | null {
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(rows[middle] ?? [], row);
      if (order === 0) return null;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #hasKey(row: Row, key: RowKey): boolean {
    return this.#plan.key.every((position, index) => sameCell(row[position] ?? null, key[index] ?? null));
  }

  #compare(a: Row, b: Row): number {
    for (const { position, isDescending } of this.#plan.order) {
      const order = compareCells(a[position] ?? null, b[position] ?? null);
      if (order !== 0) return isDescending ? -order : order;
    }
    return 0;
  }
}

/** A query that can be kept current row by row; null for others. `tables`: all that its result depends on. */
export function windowQuery(
  { database, schema }: { readonly database: LocalDatabase; readonly schema: Schema },
  statement: Statement,
  tables: ReadonlySet<string>,
): WindowQuery | null {
  const shape = windowShape(statement.sql);
  const table = shape && Object.hasOwn(schema.tables, shape.table) ? schema.tables[shape.table] : undefined;
  if (!shape || !table || tables.size !== 1 || !tables.has(table.name)) return null;
  const limit = limitOf(shape, statement.parameters);
  if (limit === undefined) return null;
  const { columns } = database.analyze(statement.sql);
  const hidden: string[] = [];
  const positionOf = (name: string) => positionIn(columns, table, name) ?? columns.length + addTo(hidden, name);
  const order = shape.order.map(({ column, isDescending }) => ({ position: positionOf(column), isDescending }));
  if (!shape.order.every(({ column }) => isOwnColumn(columns, table, column))) return null;
  const key = table.primaryKey.map(positionOf);
  return new WindowQuery(database, {
    columns,
    statement: { sql: wholeSql(shape, hidden), parameters: statement.parameters },
    rowSql: rowSql(shape, hidden, table.primaryKey),
    rowParameters: statement.parameters.slice(0, shape.whereParameterCount),
    key,
    order,
    limit,
  });
}

function limitOf({ limit }: WindowShape, parameters: readonly Cell[]): number | null | undefined {
  if (limit === null) return null;
  const value = 'value' in limit ? limit.value : parameters[limit.parameter];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
  return value < 0 ? null : value;
}

/** Whether `ORDER BY name` means this table's column: not another one that is called so in the result. */
function isOwnColumn(columns: readonly ReadColumn[], table: Table, name: string): boolean {
  if (!Object.hasOwn(table.columns, name)) return false;
  const lower = name.toLowerCase();
  return columns.every((it) => it.name.toLowerCase() !== lower || (it.table === table.name && it.column === name));
}

function positionIn(columns: readonly ReadColumn[], table: Table, name: string): number | null {
  const position = columns.findIndex((it) => it.table === table.name && it.column === name);
  return position < 0 ? null : position;
}

function addTo(names: string[], name: string): number {
  if (!names.includes(name)) names.push(name);
  return names.indexOf(name);
}

function selectSql({ select, alias }: WindowShape, hidden: readonly string[]): string {
  return ['SELECT', [select, ...hidden.map((name) => `${alias}.${quoteName(name)}`)].join(', ')].join(' ');
}

/** Line breaks end comments that may stand at the end of a part. */
function wholeSql(shape: WindowShape, hidden: readonly string[]): string {
  const where = shape.where === null ? '' : `WHERE ${shape.where}\n`;
  return `${selectSql(shape, hidden)}\nFROM ${shape.from}\n${where}${shape.rest}`;
}

function rowSql(shape: WindowShape, hidden: readonly string[], key: readonly string[]): string {
  const isKey = key.map((name) => `${shape.alias}.${quoteName(name)} = ?`).join(' AND ');
  const where = shape.where === null ? '' : `(${shape.where}\n) AND `;
  return `${selectSql(shape, hidden)}\nFROM ${shape.from}\nWHERE ${where}${isKey}`;
}

/** The key that `keyText` was made of, where the text tells it exactly. */
function keyOf(text: string): RowKey | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const cells: unknown[] = Array.isArray(value) ? value : [value];
  return cells.every(isKeyCell) ? cells : null;
}

function isKeyCell(cell: unknown): cell is string | number {
  return typeof cell === 'string' || Number.isSafeInteger(cell);
}
