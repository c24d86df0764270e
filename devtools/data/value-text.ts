import type { ColumnKind, Schema } from '../../src/core/schema.ts';
import { fromCell } from '../../src/core/values.ts';
import type { Cell } from '../../src/shared/cell.ts';

/** A value as text for people. `undefined` is a value that does not exist (a row that was not there). */
export function valueText(value: unknown): string {
  if (value === undefined) return '—';
  if (value === null) return 'null';
  if (value === '') return '""';
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return bytesText(value);
  if (typeof value === 'object') return JSON.stringify(value, jsonSafe);
  return String(value);
}

/** Values that JSON does not know, readable instead of an error. */
export function jsonSafe(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? bytesText(value) : value;
}

function bytesText(bytes: Uint8Array): string {
  return `${hexText(bytes.subarray(0, 16))}${bytes.length > 16 ? '…' : ''} (${bytes.length} bytes)`;
}

export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A cell as the app sees it; a cell that is not what its column promises is shown as it is. */
export function cellValue(schema: Schema, place: { table: string; column: string }, cell: Cell | undefined): unknown {
  if (cell === undefined) return undefined;
  const kind = kindOf(schema, place);
  try {
    return kind === undefined ? cell : fromCell(kind, cell);
  } catch {
    return cell;
  }
}

/** Undefined for a table or column that this schema version no longer has. */
export function kindOf(schema: Schema, { table, column }: { table: string; column: string }): ColumnKind | undefined {
  return schema.tables[table]?.columns[column]?.kind;
}

/** Whether two app values read the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && hexText(a) === hexText(b);
  }
  return JSON.stringify(a, jsonSafe) === JSON.stringify(b, jsonSafe);
}
