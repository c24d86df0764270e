import type { Column, ColumnKind } from '../../core/schema.ts';
import type { Cell } from '../../shared/cell.ts';
import { toArrayLiteral } from './array-literal.ts';
import { toHex } from './connection.ts';

/** The type of a column in Postgres. Of a domain the type beneath it. */
export interface PgType {
  /** Its bare name, as in `pg_type`: `int8`, `_text`, `mood`. */
  readonly name: string;
  /** With its schema, quoted, ready for a cast. */
  readonly sql: string;
  readonly isArray: boolean;
}

const INTEGERS = ['int2', 'int4', 'int8'];
const TEXTS = ['text', 'varchar', 'bpchar', 'citext', 'name'];

/** The types that hold a kind exactly. Text takes everything that is written as one word or line. */
const ALLOWED: Readonly<Record<ColumnKind, (type: PgType) => boolean>> = {
  text: ({ name, isArray }) =>
    !isArray && !['bytea', 'json', 'jsonb', 'bool', 'float4', 'float8', ...INTEGERS].includes(name),
  uuid: ({ name }) => name === 'uuid' || TEXTS.includes(name),
  integer: ({ name }) => INTEGERS.includes(name),
  bigint: ({ name }) => INTEGERS.includes(name),
  counter: ({ name }) => INTEGERS.includes(name),
  real: ({ name }) => name === 'float4' || name === 'float8',
  boolean: ({ name }) => name === 'bool',
  timestamp: ({ name }) => name === 'timestamptz' || name === 'timestamp',
  date: ({ name }) => name === 'date',
  json: ({ name, isArray }) => name === 'json' || name === 'jsonb' || isArray,
  blob: ({ name }) => name === 'bytea',
  decimal: ({ name }) => name === 'numeric',
};

export function canHold(kind: ColumnKind, type: PgType): boolean {
  return ALLOWED[kind](type);
}

/** What a column becomes in a table that tidemark creates. `json` keeps the text as written; `jsonb` would not. */
export const CREATED_TYPES: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  uuid: 'uuid',
  integer: 'bigint',
  bigint: 'bigint',
  real: 'double precision',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  date: 'date',
  json: 'json',
  blob: 'bytea',
  decimal: 'numeric',
  counter: 'bigint',
};

const FORMATS: Readonly<Record<string, { readonly pattern: string; readonly utc: string }>> = {
  timestamptz: { pattern: 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"', utc: " AT TIME ZONE 'UTC'" },
  timestamp: { pattern: 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"', utc: '' },
  date: { pattern: 'YYYY-MM-DD', utc: '' },
};

/**
 * SQL that turns a value into the text it travels as. Nothing in it depends on the settings of the session: capture
 * triggers run in the sessions of other programs.
 */
export function readSql(type: PgType, value: string): string {
  if (type.name === 'bytea') return `encode(${value}, 'hex')`;
  if (type.name === 'float4' || type.name === 'float8') return `encode(float8send(${value}::float8), 'hex')`;
  if (type.isArray) return `to_json(${value})::text`;
  const format = FORMATS[type.name];
  if (!format) return `${value}::text`;
  const isPlain = `${value} >= '0001-01-01' AND ${value} < '10000-01-01'`;
  return `CASE WHEN ${isPlain} THEN to_char(${value}${format.utc}, '${format.pattern}') ELSE ${value}::text END`;
}

/** SQL that turns the text of {@link writeText} into a value. Without lengths: a text that is too long is refused, not cut. */
export function writeSql(type: PgType, text: string): string {
  if (type.name === 'bytea') return `decode(${text}, 'hex')`;
  if (type.name === 'timestamp') return `(${text}::timestamptz AT TIME ZONE 'UTC')`;
  return `${text}::${type.sql}`;
}

/** A cell as the text that {@link writeSql} takes. */
export function writeText(type: PgType, cell: Cell): string | null {
  if (cell === null) return null;
  if (cell instanceof Uint8Array) return toHex(cell);
  if (type.isArray && typeof cell === 'string') return toArrayLiteral(cell);
  if (Object.is(cell, -0)) return '-0';
  return String(cell);
}

/** The text of {@link readSql} as a cell. */
export function readCell(column: Column, type: PgType, text: string | null): Cell {
  if (text === null) return null;
  switch (column.kind) {
    case 'integer':
    case 'bigint':
    case 'counter':
      return readInteger(text);
    case 'real':
      return readDouble(text, column.isNullable);
    case 'boolean':
      return text === 'true' ? 1 : 0;
    case 'blob':
      return new Uint8Array(Buffer.from(text, 'hex'));
    case 'timestamp':
      // As JavaScript writes it wherever that says all: most instants have no microseconds.
      return text.endsWith('000Z') && type.name !== 'text' ? `${text.slice(0, -4)}Z` : text;
    default:
      return text;
  }
}

function readInteger(text: string): Cell {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

const view = new DataView(new ArrayBuffer(8));

/** SQLite has no NaN: it travels as null, or as 0 where the column takes none. In Postgres it stays until it is written. */
function readDouble(hex: string, isNullable: boolean): Cell {
  view.setUint32(0, Number.parseInt(hex.slice(0, 8), 16));
  view.setUint32(4, Number.parseInt(hex.slice(8), 16));
  const double = view.getFloat64(0);
  if (!Number.isNaN(double)) return double;
  return isNullable ? null : 0;
}
