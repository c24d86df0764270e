/** Turns CSV records into rows of a table: column names and values as the schema wants them. */
import { createHash } from 'node:crypto';
import { backfillCell, fromCell } from '../src/core/values.ts';
import type { Column, ColumnKind, Table } from '../src/core/schema.ts';
import type { Csv } from './csv.ts';

export interface CsvRows {
  rows: Record<string, unknown>[];
  /** CSV columns that the table has no place for. */
  ignored: string[];
}

/** Other names that a table's columns go by in the CSV: `{ description: 'body' }`. */
export type ColumnNames = Readonly<Record<string, string>>;

/**
 * The rows of a CSV file for one table. Names match as written, in snake case (`creatorID` is `creator_id`), or with
 * `_at` (`created` is `created_at`). Ids that are no UUIDs become UUIDs made of them, the same in every file. A
 * required column that the file lacks gets the empty value of its kind.
 */
export function toRows(table: Table, csv: Csv, names: ColumnNames = {}): CsvRows {
  const targets = csv.columns.map((name) => findColumn(table, names[name] ?? name));
  const missing = Object.keys(table.columns).filter((name) => !targets.includes(name));
  const rows = csv.rows.map((record) => {
    const row: Record<string, unknown> = {};
    for (const name of missing) fillIn(row, table, name);
    record.forEach((text, index) => {
      const name = targets[index];
      const column = name === undefined ? undefined : table.columns[name];
      if (name !== undefined && column) row[name] = toValue(column, text, `${table.name}.${name}`);
    });
    return row;
  });
  return { rows, ignored: csv.columns.filter((_, index) => targets[index] === undefined) };
}

function findColumn(table: Table, name: string): string | undefined {
  const snake = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return [name, snake, `${snake}_at`].find((candidate) => Object.hasOwn(table.columns, candidate));
}

function fillIn(row: Record<string, unknown>, table: Table, name: string): void {
  const column = table.columns[name];
  if (!column || column.isNullable || column.defaultValue !== undefined) return;
  row[name] = emptyValue(column, `${table.name}.${name}`);
}

function emptyValue(column: Column, where: string): unknown {
  return fromCell(column.kind, backfillCell(column, where));
}

function toValue(column: Column, text: string | null, where: string): unknown {
  if (text === null) return column.isNullable ? null : emptyValue(column, where);
  return READERS[column.kind](text);
}

const asText = (text: string) => text;
/** Exports write whole numbers as floats at times: `1726270936000.0`. */
const asInteger = (text: string) => Math.trunc(Number(text));

const READERS: Readonly<Record<ColumnKind, (text: string) => unknown>> = {
  text: asText,
  uuid: toUuid,
  integer: asInteger,
  bigint: (text) => BigInt(text),
  real: Number,
  boolean: (text) => ['true', 't', '1', 'yes'].includes(text.toLowerCase()),
  timestamp: (text) => (/^\d+(\.\d*)?$/.test(text) ? new Date(asInteger(text)).toISOString() : text),
  date: (text) => text.slice(0, 10),
  json: (text) => JSON.parse(text),
  blob: (text) => Buffer.from(text, 'hex'),
  decimal: asText,
  counter: asInteger,
};

function toUuid(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text;
  const hex = createHash('sha256').update(text).digest('hex');
  // Version 8 (RFC 9562): a UUID made in a way of one's own.
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
