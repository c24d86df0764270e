import { SyncError } from '../../shared/error.ts';
import { writeText } from './utf8.ts';
import type { CodecLimits, WireValue } from './wire-value.ts';
import { isBytes, withDefaults } from './wire-value.ts';
import type { Writer } from './writer.ts';
import { collectBytes, writeFloat, writeHead, writeHead64, writeRaw, writeSimple } from './writer.ts';

/** One encode: where it writes, what it may still write, and where in the value it is. */
interface Encoding {
  readonly writer: Writer;
  readonly limits: CodecLimits;
  /** The index or key taken at each level; only as deep as the current one does it mean anything. */
  readonly path: (string | number)[];
  itemsLeft: number;
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** Major types (RFC 8949, section 3.1) and the initial bytes of the simple values. */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BLOB = 2;
const ARRAY = 4;
const MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;

/**
 * Writes one value as CBOR. What it returns is the caller's own: no memory is shared between calls.
 *
 * Safe integers, and bigints of int64, become CBOR integers; every other number a float, of 4 bytes where that is exact,
 * else of 8. Properties that are `undefined` are left out. Keys keep the order of the object, so the bytes are not
 * canonical: never hash or sign them.
 *
 * @throws SyncError of kind `invalid-value`, naming the place, for what is no {@link WireValue}: NaN, text with a lone
 * surrogate, integers beyond int64, `undefined` in an array, cycles, dates and other class instances, what throws when it is read; of kind
 * `too-large` for what exceeds a limit.
 * @see https://www.rfc-editor.org/rfc/rfc8949
 */
export function encode(value: WireValue, limits?: Partial<CodecLimits>): Uint8Array {
  const all = withDefaults(limits);
  return collectBytes((writer) => {
    const encoding: Encoding = { writer, limits: all, path: [], itemsLeft: all.maxItems };
    try {
      writeItem(encoding, value, 0);
    } catch (thrown) {
      // A getter or a proxy of the value's own, or bytes that were given away: not ours to let through untyped.
      throw SyncError.from(thrown, 'invalid-value', 'Cannot encode a value that fails when it is read');
    }
    checkSize(encoding, 0);
  });
}

/** Takes `unknown`: callers in JavaScript, and rows of SQLite, bring what the types rule out. */
function writeItem(encoding: Encoding, value: unknown, depth: number): void {
  const { writer } = encoding;
  switch (typeof value) {
    case 'string':
      writeString(encoding, value, depth);
      break;
    case 'number':
      writeNumber(encoding, value, depth);
      break;
    case 'boolean':
      writeSimple(writer, value ? TRUE : FALSE);
      break;
    case 'bigint':
      writeBigint(encoding, value, depth);
      break;
    case 'object':
      if (value === null) writeSimple(writer, NULL);
      else writeObject(encoding, value, depth);
      break;
    default:
      throw invalid(encoding, depth, describe(value));
  }
}

function writeString(encoding: Encoding, text: string, depth: number): void {
  const limit = encoding.limits.maxTextBytes;
  const bytes = text.length > limit ? text.length : writeText(encoding.writer, text);
  if (bytes === undefined) throw invalid(encoding, depth, 'text with a lone surrogate');
  if (bytes > limit) throw tooLarge(encoding, depth, { what: 'a text', unit: 'bytes', received: bytes, limit });
  checkSize(encoding, depth);
}

function writeNumber(encoding: Encoding, value: number, depth: number): void {
  const { writer } = encoding;
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    if (Number.isNaN(value)) throw invalid(encoding, depth, 'NaN');
    writeFloat(writer, value);
  } else if (value < 0) {
    writeHead(writer, NEGATIVE, -1 - value);
  } else {
    writeHead(writer, UNSIGNED, value);
  }
}

function writeBigint(encoding: Encoding, value: bigint, depth: number): void {
  if (value > INT64_MAX || value < INT64_MIN) throw invalid(encoding, depth, 'an integer beyond int64');
  const small = Number(value);
  if (Number.isSafeInteger(small)) writeNumber(encoding, small, depth);
  else if (value < 0n) writeHead64(encoding.writer, NEGATIVE, -1n - value);
  else writeHead64(encoding.writer, UNSIGNED, value);
}

function writeObject(encoding: Encoding, value: object, depth: number): void {
  if (Array.isArray(value)) writeArray(encoding, value, depth);
  else if (isBytes(value)) writeBlob(encoding, value, depth);
  else if (isPlainObject(value)) writeMap(encoding, value, depth);
  else throw invalid(encoding, depth, describe(value));
}

function writeBlob(encoding: Encoding, blob: Uint8Array, depth: number): void {
  const limit = encoding.limits.maxBlobBytes;
  if (blob.length > limit) {
    throw tooLarge(encoding, depth, { what: 'a blob', unit: 'bytes', received: blob.length, limit });
  }
  writeHead(encoding.writer, BLOB, blob.length);
  writeRaw(encoding.writer, blob);
  checkSize(encoding, depth);
}

function writeArray(encoding: Encoding, array: readonly unknown[], depth: number): void {
  const { length } = array;
  enter(encoding, length, depth);
  writeHead(encoding.writer, ARRAY, length);
  for (let i = 0; i < length; i++) {
    encoding.path[depth] = i;
    writeItem(encoding, array[i], depth + 1);
  }
}

function writeMap(encoding: Encoding, map: Readonly<Record<string, unknown>>, depth: number): void {
  // Read once, so that the count in the head is right whatever a getter answers the second time.
  const entries = Object.entries(map).filter(([, value]) => value !== undefined);
  enter(encoding, entries.length * 2, depth);
  writeHead(encoding.writer, MAP, entries.length);
  for (const [key, value] of entries) {
    encoding.path[depth] = key;
    writeKey(encoding, key, depth);
    writeItem(encoding, value, depth + 1);
  }
}

function writeKey(encoding: Encoding, key: string, depth: number): void {
  const limit = encoding.limits.maxKeyBytes;
  const bytes = key.length > limit ? key.length : writeText(encoding.writer, key);
  if (bytes === undefined) throw invalid(encoding, depth, 'a key with a lone surrogate');
  if (bytes > limit) throw tooLarge(encoding, depth, { what: 'a key', unit: 'bytes', received: bytes, limit });
}

/** Accounts for a container before its items are written; the depth limit is what ends a cycle. */
function enter(encoding: Encoding, items: number, depth: number): void {
  const { maxDepth, maxItems } = encoding.limits;
  if (depth >= maxDepth) throw invalid(encoding, depth, `a value nested deeper than ${maxDepth} levels, or a cycle`);
  encoding.itemsLeft -= items;
  if (encoding.itemsLeft < 0) {
    const received = maxItems - encoding.itemsLeft;
    throw tooLarge(encoding, depth, { what: 'a message', unit: 'items', received, limit: maxItems });
  }
  checkSize(encoding, depth);
}

/** Called wherever much may have been written, so that a message cannot grow far beyond its limit first. */
function checkSize(encoding: Encoding, depth: number): void {
  const received = encoding.writer.position;
  const limit = encoding.limits.maxBytes;
  if (received > limit) throw tooLarge(encoding, depth, { what: 'a message', unit: 'bytes', received, limit });
}

/** Made by a literal, `JSON.parse` or `Object.create(null)`, in any realm: its prototype, if any, is a root. */
function isPlainObject(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const maker = value.constructor;
  return typeof maker === 'function' ? `an instance of ${maker.name}` : 'an object with a prototype of its own';
}

function place(encoding: Encoding, depth: number): string {
  return `value${encoding.path.slice(0, depth).map(step).join('')}`;
}

function step(taken: string | number): string {
  return typeof taken === 'string' && /^[\w$]+$/.test(taken) ? `.${taken}` : `[${JSON.stringify(taken)}]`;
}

function invalid(encoding: Encoding, depth: number, what: string): SyncError {
  const path = place(encoding, depth);
  return new SyncError('invalid-value', `Cannot encode ${path}: it is ${what}. ${ADMITTED}`, {
    details: { path },
  });
}

const ADMITTED =
  'Values are null, booleans, numbers but NaN, bigints of int64, well-formed text, Uint8Array, and arrays and plain objects of these.';

interface Excess {
  readonly what: string;
  readonly unit: string;
  readonly received: number;
  readonly limit: number;
}

function tooLarge(encoding: Encoding, depth: number, { what, unit, received, limit }: Excess): SyncError {
  const path = place(encoding, depth);
  return new SyncError('too-large', `Cannot encode ${path}: ${what} of ${received} ${unit}; the limit is ${limit}.`, {
    details: { path, received, limit },
  });
}
