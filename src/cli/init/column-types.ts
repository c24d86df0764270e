import type { ColumnKind } from 'tidemark/core';
import type { CatalogueColumn } from './catalogue.ts';

/** How a column of Postgres appears in the schema file. */
export interface ProposedColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isNullable: boolean;
  /** A TypeScript expression for `.default(…)`; null when there is none that a device could use. */
  readonly defaultCode: string | null;
  /** What a reader of the file should know; null when nothing. */
  readonly note: string | null;
}

/** The exact types. Every other type travels as the text Postgres reads and prints. */
const KINDS: Readonly<Record<string, ColumnKind>> = {
  uuid: 'uuid',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  float4: 'real',
  float8: 'real',
  numeric: 'decimal',
  bool: 'boolean',
  timestamptz: 'timestamp',
  timestamp: 'timestamp',
  date: 'date',
  json: 'json',
  jsonb: 'json',
  bytea: 'blob',
};

const TEXTS = new Set(['text', 'varchar', 'bpchar', 'citext', 'name']);

const KEY_OF_POSTGRES = 'Postgres numbers the rows: devices change and delete them, and cannot insert any';

/** The column as the schema file should have it. */
export function proposeColumn(column: CatalogueColumn, isKey: boolean): ProposedColumn {
  const kind = column.isArray ? 'json' : (KINDS[column.type] ?? 'text');
  const defaultCode = column.isGenerated ? null : defaultOf(kind, column);
  return {
    name: column.name,
    kind,
    // What Postgres fills in is not there yet when a device inserts the row.
    isNullable: !isKey && (column.isNullable || column.isGenerated),
    defaultCode,
    note: isKey && column.isGenerated ? KEY_OF_POSTGRES : noteOf(column, defaultCode),
  };
}

function noteOf(column: CatalogueColumn, defaultCode: string | null): string | null {
  if (column.isGenerated) return 'given by Postgres: devices read it only';
  if (column.isIdentity) return 'Postgres counts here, devices cannot: give a number of your own when you insert';
  if (column.isArray) return `${column.type}[]`;
  if (column.defaultText !== null && defaultCode === null && !column.isNullable)
    return `devices give a value; Postgres has ${oneLine(column.defaultText)}`;
  if (column.kind === 'enum') return `enum ${column.type}`;
  if (column.type === 'timestamp') return 'without a time zone';
  return column.kind === 'plain' && (column.type in KINDS || TEXTS.has(column.type)) ? null : column.type;
}

/** A constant default in TypeScript. Expressions (`now()`, sequences, …) are Postgres' own. */
function defaultOf(kind: ColumnKind, { defaultText, isIdentity, isArray }: CatalogueColumn): string | null {
  if (defaultText === null || isIdentity) return null;
  const constant = constantOf(defaultText);
  if (constant === null) return null;
  if (isArray) return constant === '{}' || /^ARRAY\[\]/.test(constant) ? '[]' : null;
  if (kind === 'integer') return /^-?\d+$/.test(constant) && Number.isSafeInteger(Number(constant)) ? constant : null;
  if (kind === 'real') return Number.isFinite(Number(constant)) && constant !== '' ? String(Number(constant)) : null;
  if (kind === 'boolean') return /^(t|true)$/.test(constant) ? 'true' : /^(f|false)$/.test(constant) ? 'false' : null;
  if (kind === 'json') return jsonCode(constant);
  if (kind === 'blob' || kind === 'timestamp' || kind === 'date' || kind === 'uuid') return null;
  if (kind === 'decimal' && !/^-?\d+(\.\d+)?$/.test(constant)) return null;
  return quote(constant);
}

/** The text of a literal, its quotes and casts taken off; null for anything that is not a literal. */
function constantOf(text: string): string | null {
  const uncast = text.replace(/(::[\w ".]+(\(\d+(,\s*\d+)?\))?(\[\])?)+$/, '').replace(/^\((.*)\)$/, '$1');
  const quoted = /^'((?:[^']|'')*)'(::.*)?$/.exec(uncast);
  if (quoted) return (quoted[1] ?? '').replaceAll("''", "'");
  return /^(-?\d+(\.\d+)?|true|false|ARRAY\[\].*)$/.test(uncast) ? uncast : null;
}

function jsonCode(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return value === null ? null : JSON.stringify(value);
  } catch {
    return null;
  }
}

/** A TypeScript string. */
export function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ');
  return flat.length > 60 ? `${flat.slice(0, 57)}…` : flat;
}
