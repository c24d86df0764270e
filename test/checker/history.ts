/** A recorded history, as `npm run check-history` reads it. */
import { SyncError } from '../../src/shared/error.ts';

/** What a read returns that saw no value. */
export const NOTHING = -1;

export interface Operation {
  /** A write or a read. */
  readonly o: 'w' | 'r';
  readonly k: string;
  /** Of a key the greatest value wins, so the values written to it grow. */
  readonly v: number;
}

/** One atomic transaction that was acknowledged to its client. */
export interface Transaction {
  readonly c: string;
  readonly ops: readonly Operation[];
}

export interface History {
  readonly id: string | number;
  /** Those of one client stand in its own order; how the clients are interleaved says nothing about time. */
  readonly txns: readonly Transaction[];
}

/**
 * Reads a JSON array of histories. Clients and keys may be texts or integers; fields that are not known are ignored.
 *
 * @throws SyncError `invalid-value`, saying what is wrong and where.
 */
export function parseHistories(text: string): History[] {
  return list(parseJson(text), 'the file').map((history, i) => readHistory(history, `[${i}]`));
}

function parseJson(text: string): unknown {
  try {
    // Some editors begin a file with a mark of its byte order.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw SyncError.from(error, 'invalid-value', 'The file is not JSON');
  }
}

function readHistory(value: unknown, at: string): History {
  const { id, txns } = fields(value, at);
  return { id: name(id, `${at}.id`), txns: list(txns, `${at}.txns`).map((txn, i) => readTxn(txn, `${at}.txns[${i}]`)) };
}

function readTxn(value: unknown, at: string): Transaction {
  const { c, ops } = fields(value, at);
  const read = list(ops, `${at}.ops`).map((op, i) => readOperation(op, `${at}.ops[${i}]`));
  return { c: String(name(c, `${at}.c`)), ops: read };
}

function readOperation(value: unknown, at: string): Operation {
  const { o, k, v } = fields(value, at);
  if (o !== 'w' && o !== 'r') throw wrong(`${at}.o`, '"w" or "r"', o);
  if (typeof v !== 'number' || !Number.isSafeInteger(v)) throw wrong(`${at}.v`, 'an integer inside ±(2^53 − 1)', v);
  if (o === 'w' && v < 0) throw wrong(`${at}.v`, `an integer from 0 on, since a read of ${NOTHING} saw nothing`, v);
  return { o, k: String(name(k, `${at}.k`)), v };
}

function fields(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(at, 'an object', value);
  return value as Record<string, unknown>;
}

function list(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(at, 'an array', value);
  return value;
}

function name(value: unknown, at: string): string | number {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as string | number;
  throw wrong(at, 'a text or an integer', value);
}

function wrong(at: string, expected: string, received: unknown): SyncError {
  const shown = received === undefined ? 'nothing' : JSON.stringify(received).slice(0, 60);
  return new SyncError('invalid-value', `Not a history: ${at} must be ${expected}; received ${shown}.`);
}
