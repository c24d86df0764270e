import { SyncError } from '../../shared/error.ts';

/** A number of a JSON text, with its digits as written: an int64 must not pass through a double. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * A JSON array as the array literal that Postgres reads (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-INPUT).
 *
 * @throws SyncError `invalid-value` for JSON that is no array.
 */
export function toArrayLiteral(json: string): string {
  const value: unknown = JSON.parse(json, keepDigits as (key: string, value: unknown) => unknown);
  if (Array.isArray(value)) return literal(value);
  throw new SyncError('invalid-value', 'An array column received JSON that is no array. Nothing was written.');
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value;
}

function literal(items: readonly unknown[]): string {
  return `{${items.map(item).join(',')}}`;
}

function item(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return literal(value);
  if (value instanceof Digits) return value.text;
  const text = typeof value === 'string' ? value : JSON.stringify(value, digitsAsNumbers);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Inside an object (an array of jsonb) numbers go back as they are; digits beyond a double are not kept there. */
function digitsAsNumbers(_key: string, value: unknown): unknown {
  return value instanceof Digits ? Number(value.text) : value;
}
