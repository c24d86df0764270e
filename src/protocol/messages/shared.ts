import * as v from 'valibot';
import type { Cell } from '../../shared/cell.ts';
import { MAX_NAME_LENGTH } from '../../shared/name.ts';

/** The parts that several messages share. */

/** A whole number from 0 to 2^53 − 1. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** The id of a mutation: it counts up per client, from 1. */
export const mutationId = v.pipe(count, v.minValue(1));
/** A seq: a position in the log. 0 is before the first commit. */
export const seq = count;
/** A name or an id: 1 to 200 characters. */
export const name = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME_LENGTH));
export const hlc = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'must be an HLC stamp: 16 hex digits'));
export const cell = v.custom<Cell>(isCell, 'must be null, a number, an integer, a text or bytes');
export const cells = v.custom<Readonly<Record<string, Cell>>>(isCells, 'must be a map of cells');
export const rowKey = v.custom<readonly Cell[]>(
  (input) => Array.isArray(input) && input.length > 0 && input.length <= 32 && input.every(isCell),
  'must be a list of key cells',
);
/** Positional rows: each a list of cells. Checked in one tight loop: pages hold tens of thousands. */
export const rows = v.custom<readonly (readonly Cell[])[]>(
  (input) => Array.isArray(input) && input.every((row) => Array.isArray(row) && row.every(isCell)),
  'must be lists of cells',
);
export const cursor = v.object({ epoch: name, seq });

function isCell(input: unknown): input is Cell {
  if (input === null || typeof input === 'string' || typeof input === 'number' || typeof input === 'bigint')
    return true;
  return input instanceof Uint8Array;
}

function isCells(input: unknown): boolean {
  if (typeof input !== 'object' || input === null || Array.isArray(input) || input instanceof Uint8Array) return false;
  return Object.values(input).every(isCell);
}
