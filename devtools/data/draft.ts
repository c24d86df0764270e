import type { Column, ColumnKind } from '../../src/core/schema.ts';
import { fromCell, toCell } from '../../src/core/values.ts';
import type { Cell } from '../../src/shared/cell.ts';
import { hexText } from './value-text.ts';

/** A value while a person types it. */
export interface Draft {
  readonly text: string;
  readonly isNull: boolean;
}

export type ParsedDraft =
  | { readonly isValid: true; readonly value: unknown; readonly cell: Cell }
  | { readonly isValid: false; readonly message: string };

/** The draft that stands for an app value. */
export function draftOf(kind: ColumnKind, value: unknown): Draft {
  if (value === null || value === undefined) return { text: '', isNull: true };
  if (kind === 'json') return { text: JSON.stringify(value, null, 2), isNull: false };
  if (value instanceof Uint8Array) return { text: hexText(value), isNull: false };
  return { text: String(value), isNull: false };
}

/** What the draft means for a column: an app value and its cell, or why it cannot be stored. */
export function parseDraft(column: Column, draft: Draft, where: string): ParsedDraft {
  try {
    const cell = toCell(column, draft.isNull ? null : READERS[column.kind](draft.text), where);
    return { isValid: true, value: fromCell(column.kind, cell), cell };
  } catch (error) {
    return { isValid: false, message: error instanceof Error ? error.message : String(error) };
  }
}

const asWritten = (text: string): unknown => text;
const asInteger = (text: string): unknown => BigInt(text.trim());

const READERS: Readonly<Record<ColumnKind, (text: string) => unknown>> = {
  text: asWritten,
  uuid: asWritten,
  timestamp: asWritten,
  date: asWritten,
  decimal: asWritten,
  integer: readInteger,
  bigint: readInteger,
  counter: readInteger,
  real: readReal,
  boolean: (text) => text === 'true',
  json: (text) => JSON.parse(text),
  blob: readHex,
};

function readInteger(text: string): unknown {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new Error(`A whole number is wanted, not ${JSON.stringify(text)}.`);
  return asInteger(text.replace('+', ''));
}

function readReal(text: string): unknown {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new Error(`A number is wanted, not ${JSON.stringify(text)}.`);
  return value;
}

function readHex(text: string): unknown {
  const digits = text.replace(/\s/g, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new Error('Bytes are written as pairs of hexadecimal digits.');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
