import type { ColumnKind } from 'tidemark/core';
import type { CatalogueColumn } from './catalogue.ts';

/** How a column of Postgres appears in the schema file. */
export interface ProposedColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isNullable: boolean;
  /** The value for `.default(…)`; undefined when Postgres has none that a device could use. */
  readonly defaultValue: unknown;
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
  const defaultValue = column.isGenerated ? undefined : defaultOf(kind, column);
  return {
    name: column.name,
    kind,
    // What Postgres fills in is not there yet when a device inserts the row.
    isNullable: !isKey && (column.isNullable || column.isGenerated),
    defaultValue,
    note: isKey && column.isGenerated ? KEY_OF_POSTGRES : noteOf(column, defaultValue),
  };
}

function noteOf(column: CatalogueColumn, defaultValue: unknown): string | null {
  if (column.isGenerated) return 'given by Postgres: devices read it only';
  if (column.isIdentity) return 'Postgres counts here, devices cannot: give a number of your own when you insert';
  if (column.isArray) return `${column.type}[]`;
  if (column.defaultText !== null && defaultValue === undefined && !column.isNullable)
    return `devices give a value; Postgres has ${oneLine(column.defaultText)}`;
  if (column.kind === 'enum') return `enum ${column.type}`;
  if (column.type === 'timestamp') return 'without a time zone';
  return column.kind === 'plain' && (column.type in KINDS || TEXTS.has(column.type)) ? null : column.type;
}

/** A constant default. Expressions (`now()`, sequences, …) are Postgres' own. */
function defaultOf(kind: ColumnKind, { defaultText, isIdentity, isArray }: CatalogueColumn): unknown {
  const constant = defaultText === null || isIdentity ? null : constantOf(defaultText);
  if (constant === null) return undefined;
  if (isArray) return constant === '{}' || constant.startsWith('ARRAY[]') ? [] : undefined;
  return DEFAULTS[kind]?.(constant);
}

const wholeNumber = (text: string) =>
  /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;

/** What a constant stands for, by kind; kinds that are not here have no constants worth having. */
const DEFAULTS: Readonly<Partial<Record<ColumnKind, (constant: string) => unknown>>> = {
  text: (constant) => constant,
  integer: wholeNumber,
  real: (constant) => (constant !== '' && Number.isFinite(Number(constant)) ? Number(constant) : undefined),
  boolean: (constant) => ({ t: true, true: true, f: false, false: false })[constant],
  decimal: (constant) => (/^-?\d+(\.\d+)?$/.test(constant) ? constant : undefined),
  json: (constant) => parseJson(constant) ?? undefined,
};

/** The text of a literal, its quotes and casts taken off; null for anything that is not a literal. */
function constantOf(text: string): string | null {
  const uncast = text.replace(/(::[\w ".]+(\(\d+(,\s*\d+)?\))?(\[\])?)+$/, '').replace(/^\((.*)\)$/, '$1');
  const quoted = /^'((?:[^']|'')*)'(::.*)?$/.exec(uncast);
  if (quoted) return (quoted[1] ?? '').replaceAll("''", "'");
  return /^(-?\d+(\.\d+)?|true|false|ARRAY\[\].*)$/.test(uncast) ? uncast : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value in TypeScript. */
export function code(value: unknown): string {
  return typeof value === 'string' ? quote(value) : JSON.stringify(value);
}

/** A TypeScript string. */
export function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ');
  return flat.length > 60 ? `${flat.slice(0, 57)}…` : flat;
}
