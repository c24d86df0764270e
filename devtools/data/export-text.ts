import { hexText } from './value-text.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Rows as RFC 4180 text. Null is an empty field, an empty text is `""`; bytes are hexadecimal. */
export function csvText(columns: readonly string[], rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map((name) => csvField(row[name])).join(','));
  return [columns.map(csvField).join(','), ...lines, ''].join('\r\n');
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = plainText(value);
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function plainText(value: unknown): string {
  if (value instanceof Uint8Array) return hexText(value);
  return typeof value === 'object' ? JSON.stringify(value, exactJson) : String(value);
}

/** Rows as a JSON list. What JSON does not know is written so that it can be read back: large integers and bytes as text. */
export function jsonText(rows: readonly Row[]): string {
  return JSON.stringify(rows, exactJson, 2);
}

function exactJson(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? hexText(value) : value;
}
