import type { Cell, Cells, RowKey } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import { type Column, type ColumnKind, columnOf, type Table } from './schema.ts';

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const DATE = /^-?\d{4,6}-\d\d-\d\d$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?$/;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;

/** The SQLite type of each kind (tables are STRICT). */
export const SQLITE_TYPES: Readonly<Record<ColumnKind, string>> = {
  text: 'TEXT',
  uuid: 'TEXT',
  integer: 'INTEGER',
  bigint: 'INTEGER',
  real: 'REAL',
  boolean: 'INTEGER',
  timestamp: 'TEXT',
  date: 'TEXT',
  json: 'TEXT',
  blob: 'BLOB',
  decimal: 'TEXT',
  counter: 'INTEGER',
};

/** What a required column holds in rows that were written before it existed. */
const ZERO: Readonly<Record<ColumnKind, Cell>> = {
  text: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  integer: 0,
  bigint: 0,
  real: 0,
  boolean: 0,
  timestamp: '1970-01-01T00:00:00.000Z',
  date: '1970-01-01',
  json: 'null',
  blob: new Uint8Array(0),
  decimal: '0',
  counter: 0,
};

/** The cell of a column that a writer left out; `undefined` when it must be given. */
export function defaultCell(column: Column, where: string): Cell | undefined {
  if (column.defaultValue !== undefined) return toCell(column, column.defaultValue, where);
  return column.isNullable ? null : undefined;
}

/** The cell of a column in rows older than the column. */
export function backfillCell(column: Column, where: string): Cell {
  const cell = defaultCell(column, where);
  return cell === undefined ? ZERO[column.kind] : cell;
}

/**
 * An app value as the cell of a column.
 *
 * @throws SyncError `invalid-value` naming `where`.
 */
export function toCell(column: Column, value: unknown, where: string): Cell {
  // JSON has a null of its own: it is the value of a column that cannot be NULL.
  if (value === null && column.kind === 'json' && !column.isNullable) return 'null';
  if (value === null || value === undefined) return checkCell(column, null, where);
  return checkCell(column, FROM_APP[column.kind](value), where);
}

/** A cell as an app value: what the column's type promises. */
export function fromCell(kind: ColumnKind, cell: Cell): unknown {
  if (cell === null) return null;
  if (kind === 'boolean') return cell !== 0;
  if (kind === 'bigint') return typeof cell === 'number' ? BigInt(cell) : cell;
  if (kind === 'json' && typeof cell === 'string') return JSON.parse(cell);
  return cell;
}

/**
 * Passes a cell that the column can hold on every device, and only that: the check that stands at `write()`,
 * and again on the server.
 *
 * @throws SyncError `invalid-value` naming `where`.
 */
export function checkCell(column: Column, cell: Cell | undefined, where: string): Cell {
  if (cell === undefined) throw wrong(where, column.kind, 'nothing');
  if (cell === null) {
    if (column.isNullable) return null;
    throw wrong(where, column.kind, 'null (the column is not nullable)');
  }
  const problem = CHECKS[column.kind](cell);
  if (problem !== null) throw wrong(where, column.kind, problem);
  return cell;
}

/**
 * Any parameter of a query as a cell: booleans as 1 and 0, dates as ISO 8601, plain objects and arrays as JSON.
 *
 * @throws SyncError `invalid-value`.
 */
export function toParameter(value: unknown): Cell {
  if (value === null || typeof value === 'bigint') return boundInteger(value);
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number') return finiteOrInfinite(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Uint8Array) return value;
  if (value instanceof Date) return isoText(value);
  if (typeof value === 'object') return jsonText(value);
  throw new SyncError('invalid-value', `A query parameter cannot be ${typeof value}.`);
}

/** The cells of a key given as one value (one-column keys), as an array in key order, or by column name. */
export function toKey(of: Table, input: unknown): RowKey {
  const values = keyValues(of, input);
  return of.primaryKey.map((name, index) => toCell(columnOf(of, name), values[index], `${of.name}.${name}`));
}

function keyValues(of: Table, input: unknown): readonly unknown[] {
  if (Array.isArray(input)) {
    if (input.length === of.primaryKey.length) return input;
    throw new SyncError(
      'invalid-value',
      `The key of ${of.name} has ${of.primaryKey.length} columns, received ${input.length}.`,
    );
  }
  if (typeof input === 'object' && input !== null && !(input instanceof Uint8Array) && !(input instanceof Date)) {
    const byName = new Map(Object.entries(input));
    return of.primaryKey.map((name) => byName.get(name));
  }
  if (of.primaryKey.length === 1) return [input];
  throw new SyncError(
    'invalid-value',
    `The key of ${of.name} has the columns ${of.primaryKey.join(', ')}: give them as an object.`,
  );
}

/** A row in app values from its key and its other columns. */
export function toAppRow(of: Table, key: RowKey, columns: Cells): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  of.primaryKey.forEach((name, index) => {
    row[name] = fromCell(columnOf(of, name).kind, key[index] ?? null);
  });
  for (const [name, cell] of Object.entries(columns)) {
    const column = of.columns[name];
    if (column) row[name] = fromCell(column.kind, cell);
  }
  return row;
}

/** A key by column name, in app values. */
export function toAppKey(of: Table, key: RowKey): Record<string, unknown> {
  return toAppRow(of, key, {});
}

type Check = (cell: Exclude<Cell, null>) => string | null;

const isText =
  (test: (text: string) => boolean, what: string): Check =>
  (cell) => {
    if (typeof cell !== 'string') return describe(cell);
    if (!cell.isWellFormed()) return 'text with a lone surrogate, which is not valid Unicode';
    return test(cell) ? null : `${what}: ${describe(cell)}`;
  };

const isInt64: Check = (cell) => {
  if (typeof cell === 'number') return Number.isSafeInteger(cell) && !Object.is(cell, -0) ? null : describe(cell);
  if (typeof cell === 'bigint') return cell >= MIN_INT64 && cell <= MAX_INT64 ? null : 'an integer outside 64 bits';
  return describe(cell);
};

const isSafe: Check = (cell) => (Number.isSafeInteger(cell) ? null : describe(cell));

const CHECKS: Readonly<Record<ColumnKind, Check>> = {
  text: isText(() => true, ''),
  uuid: isText((text) => UUID.test(text), 'text that is no UUID'),
  integer: isInt64,
  bigint: isInt64,
  real: (cell) => (typeof cell === 'number' && !Number.isNaN(cell) ? null : describe(cell)),
  boolean: (cell) => (cell === 0 || cell === 1 ? null : describe(cell)),
  timestamp: isText(isTimestamp, 'text that is no ISO 8601 instant'),
  date: isText((text) => DATE.test(text) && isDay(text), 'text that is no YYYY-MM-DD'),
  json: isText(isJson, 'text that is no JSON'),
  blob: (cell) => (cell instanceof Uint8Array ? null : describe(cell)),
  decimal: isText((text) => DECIMAL.test(text), 'text that is no decimal number'),
  counter: isSafe,
};

const asIs = (value: unknown): Cell => toParameter(value);

const FROM_APP: Readonly<Record<ColumnKind, (value: unknown) => Cell>> = {
  text: asText,
  uuid: asText,
  integer: numeric(normalInteger),
  bigint: numeric(normalInteger),
  real: numeric(asIs),
  boolean: asIs,
  timestamp: (value) => (typeof value === 'number' ? isoText(new Date(value)) : asIs(value)),
  date: (value) => (value instanceof Date ? isoText(value).slice(0, 10) : asIs(value)),
  json: jsonText,
  blob: asIs,
  decimal: (value) => (typeof value === 'number' || typeof value === 'bigint' ? String(value) : asIs(value)),
  counter: numeric(normalInteger),
};

/** A number that would come back for a boolean is not what was written. */
function numeric(toNumber: (value: unknown) => Cell): (value: unknown) => Cell {
  return (value) => {
    if (typeof value !== 'boolean') return toNumber(value);
    throw new SyncError('invalid-value', `A number was expected, received ${describe(value)}.`);
  };
}

/** Objects are JSON for `json` columns only: in a text column they are a mistake. */
function asText(value: unknown): Cell {
  if (typeof value === 'string') return value;
  throw new SyncError('invalid-value', `A text was expected, received ${describe(value)}.`);
}

/** Integers inside ±2^53 travel as numbers, so that equal values are equal cells. */
function normalInteger(value: unknown): Cell {
  const cell = toParameter(value);
  if (typeof cell === 'bigint' && cell >= BigInt(Number.MIN_SAFE_INTEGER) && cell <= BigInt(Number.MAX_SAFE_INTEGER)) {
    return Number(cell);
  }
  return Object.is(cell, -0) ? 0 : cell;
}

function boundInteger(value: bigint | null): Cell {
  if (value === null || (value >= MIN_INT64 && value <= MAX_INT64)) return value;
  throw new SyncError('invalid-value', `The integer ${value} does not fit into 64 bits.`);
}

function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw new SyncError('invalid-value', 'A text has a lone surrogate, which is not valid Unicode.');
}

function finiteOrInfinite(value: number): number {
  if (!Number.isNaN(value)) return value;
  throw new SyncError('invalid-value', 'NaN cannot be stored; use null.');
}

function isoText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new SyncError('invalid-value', 'An invalid Date cannot be stored.');
  return date.toISOString();
}

function jsonText(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw SyncError.from(error, 'invalid-value', 'A value cannot be written as JSON');
  }
  if (text === undefined) throw new SyncError('invalid-value', `${describe(value)} cannot be written as JSON.`);
  // What JSON has no words for becomes one of these two, in silence.
  if (text.includes('null') || text.includes('{}')) JSON.stringify(value, refuseUnlike);
  return wellFormed(text);
}

/**
 * A replacer that changes nothing. What has a `toJSON` says itself what it is in JSON, and a property that is `undefined` is as good as
 * none; but NaN is not null, and a Map or a promise is no empty object.
 */
function refuseUnlike(this: unknown, key: string, value: unknown): unknown {
  const received = Array.isArray(this) && jsonless.has(typeof value) ? `${typeof value} in an array` : unlike(value);
  if (received === null) return value;
  const where = key === '' ? '' : ` (at ${JSON.stringify(key)})`;
  throw new SyncError('invalid-value', `${received} cannot be written as JSON${where}.`);
}

const jsonless: ReadonlySet<string> = new Set(['undefined', 'function', 'symbol']);

function unlike(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : String(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Object]' || boxed.has(tag) || Object.keys(value).length > 0
    ? null
    : `This ${tag.slice(8, -1)}`;
}

const boxed: ReadonlySet<string> = new Set(['[object String]', '[object Number]', '[object Boolean]']);

/** Whether the calendar has this day: `Date.parse` takes the 31st of February for one of March. */
function isDay(text: string): boolean {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return false;
  return text.slice(-2) <= '28' || new Date(at).getUTCDate() === Number(text.slice(-2));
}

function isTimestamp(text: string): boolean {
  if (!TIMESTAMP.test(text) || !isDay(text.slice(0, 10)) || text.slice(17, 19) > '60') return false;
  return !Number.isNaN(Date.parse(`${text.slice(0, 10)}T${text.slice(11, 16)}Z`));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'object') return 'an object';
  return `${typeof value} ${String(value)}`;
}

function wrong(where: string, kind: ColumnKind, received: string): SyncError {
  return new SyncError('invalid-value', `${where} is a ${kind} column and received ${received}. Nothing was written.`);
}
