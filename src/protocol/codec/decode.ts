import { SyncError } from '../../shared/error.ts';
import { readUtf8Key } from './keys.ts';
import { readUtf8 } from './utf8.ts';
import type { CodecLimits, WireValue } from './wire-value.ts';
import { isBytes, withDefaults } from './wire-value.ts';

/** Where one decode stands. */
interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly limits: CodecLimits;
  position: number;
  itemsLeft: number;
}

type MutableMap = Record<string, WireValue>;

const INT64_MAX = 2n ** 63n - 1n;

/**
 * Reads one CBOR data item that fills `bytes` exactly, checking and building in a single pass.
 *
 * Admitted is a profile of RFC 8949: integers of int64, floats of 16, 32 and 64 bits but NaN, true, false, null, and
 * strings, arrays and maps of definite length, maps with distinct text keys. Blobs are copied, so that nothing decoded
 * holds on to `bytes`. A key such as `__proto__` becomes an ordinary own property: copy such a map with spread, not with
 * `Object.assign`, which would call a setter.
 *
 * @throws SyncError of kind `protocol`, naming the byte offset, for anything else and for whatever exceeds a limit.
 * @see https://www.rfc-editor.org/rfc/rfc8949
 */
export function decode(bytes: Uint8Array, limits?: Partial<CodecLimits>): WireValue {
  const reader = openReader(bytes, withDefaults(limits));
  const value = readItem(reader, 0);
  const end = reader.bytes.length;
  if (reader.position !== end) {
    throw malformed(reader.position, `${end - reader.position} more bytes after the end of the message`);
  }
  return value;
}

/** Takes `unknown`: callers in JavaScript bring what the types rule out. */
function openReader(given: unknown, limits: CodecLimits): Reader {
  if (!isBytes(given)) throw malformed(0, `no bytes: a Uint8Array is needed, and it is a ${typeof given}`);
  // What another thread may write over meanwhile is read as it is now.
  const isShared = typeof SharedArrayBuffer !== 'undefined' && given.buffer instanceof SharedArrayBuffer;
  const bytes = isShared ? given.slice() : given;
  // Also bytes that were given away to another thread, of which no view can be made.
  if (bytes.length === 0) throw malformed(0, 'the message ends where a value was expected');
  if (bytes.length > limits.maxBytes) {
    throw overLimit(0, { what: 'a message', unit: 'bytes', received: bytes.length, limit: limits.maxBytes });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, limits, position: 0, itemsLeft: limits.maxItems };
}

/** The initial byte of an item is its major type (3 bits) and its additional information (5 bits). */
function readItem(reader: Reader, depth: number): WireValue {
  const at = reader.position;
  const initial = reader.bytes[at];
  if (initial === undefined) throw malformed(at, 'the message ends where a value was expected');
  reader.position = at + 1;
  const info = initial & 0x1f;
  switch (initial >> 5) {
    case 0:
      return info < 24 ? info : readUnsigned(reader, info);
    case 1:
      return info < 24 ? -1 - info : readNegative(reader, info);
    case 2:
      return readBlob(reader, readLength(reader, info));
    case 3:
      return readText(reader, readLength(reader, info));
    case 4:
      return readArray(reader, readLength(reader, info), depth + 1);
    case 5:
      return readMap(reader, readLength(reader, info), depth + 1);
    case 6:
      throw malformed(at, 'a tag, and this protocol has none');
    default:
      return readSimple(reader, info);
  }
}

function readUnsigned(reader: Reader, info: number): number | bigint {
  const at = reader.position - 1;
  const argument = readArgument(reader, info);
  if (typeof argument === 'bigint' && argument > INT64_MAX) throw malformed(at, 'an integer above 2^63 - 1');
  return argument;
}

function readNegative(reader: Reader, info: number): number | bigint {
  const at = reader.position - 1;
  const argument = readArgument(reader, info);
  if (typeof argument === 'number') {
    // Only here does the answer leave the safe range although the argument is in it: −1 − (2^53 − 1) = −2^53.
    return argument === Number.MAX_SAFE_INTEGER ? -1n - BigInt(argument) : -1 - argument;
  }
  if (argument > INT64_MAX) throw malformed(at, 'an integer below -2^63');
  return -1n - argument;
}

function readLength(reader: Reader, info: number): number {
  if (info < 24) return info;
  const at = reader.position - 1;
  if (info === 31) throw malformed(at, 'an indefinite length, and this protocol has none');
  const length = readArgument(reader, info);
  if (typeof length === 'bigint') throw malformed(at, `a claimed length of ${length}`);
  return length;
}

/** The unsigned number that follows the initial byte in 1, 2, 4 or 8 bytes; bigint only beyond the safe integers. */
function readArgument(reader: Reader, info: number): number | bigint {
  const { view } = reader;
  switch (info) {
    case 24:
      return view.getUint8(advance(reader, 1));
    case 25:
      return view.getUint16(advance(reader, 2));
    case 26:
      return view.getUint32(advance(reader, 4));
    case 27: {
      const at = advance(reader, 8);
      const high = view.getUint32(at);
      return high < 0x20_0000 ? high * 0x1_0000_0000 + view.getUint32(at + 4) : view.getBigUint64(at);
    }
    default:
      throw malformed(reader.position - 1, `reserved additional information ${info}`);
  }
}

/** Steps over `length` bytes, after making sure that they are there, and returns where they start. */
function advance(reader: Reader, length: number): number {
  const start = reader.position;
  const left = reader.bytes.length - start;
  if (length > left) throw malformed(start, `${length} bytes announced and ${left} left`);
  reader.position = start + length;
  return start;
}

function readBlob(reader: Reader, length: number): Uint8Array {
  const limit = reader.limits.maxBlobBytes;
  if (length > limit) throw overLimit(reader.position, { what: 'a blob', unit: 'bytes', received: length, limit });
  const start = advance(reader, length);
  const blob = new Uint8Array(length);
  blob.set(reader.bytes.subarray(start, start + length));
  return blob;
}

function readText(reader: Reader, length: number): string {
  const limit = reader.limits.maxTextBytes;
  if (length > limit) throw overLimit(reader.position, { what: 'a text', unit: 'bytes', received: length, limit });
  const start = advance(reader, length);
  const text = readUtf8(reader.bytes, start, length);
  if (text === undefined) throw malformed(start, 'text that is not valid UTF-8');
  return text;
}

function readArray(reader: Reader, length: number, depth: number): WireValue[] {
  enter(reader, length, depth);
  const array = new Array<WireValue>(length);
  for (let i = 0; i < length; i++) array[i] = readItem(reader, depth);
  return array;
}

function readMap(reader: Reader, size: number, depth: number): MutableMap {
  enter(reader, size * 2, depth);
  const map: MutableMap = {};
  for (let i = 0; i < size; i++) {
    const at = reader.position;
    const key = readKey(reader);
    // `in` also finds what the prototype has: rare, and assigning to `__proto__` would run its setter.
    if (!(key in map)) map[key] = readItem(reader, depth);
    else if (Object.hasOwn(map, key)) throw malformed(at, `the key ${JSON.stringify(key)} for the second time`);
    else defineOwn(map, key, readItem(reader, depth));
  }
  return map;
}

function readKey(reader: Reader): string {
  const at = reader.position;
  const initial = reader.bytes[at];
  if (initial === undefined) throw malformed(at, 'the message ends where a map key was expected');
  if (initial >> 5 !== 3) throw malformed(at, 'a map key that is not text');
  reader.position = at + 1;
  const length = readLength(reader, initial & 0x1f);
  const limit = reader.limits.maxKeyBytes;
  if (length > limit) throw overLimit(at, { what: 'a map key', unit: 'bytes', received: length, limit });
  const start = advance(reader, length);
  const text = readUtf8Key(reader.bytes, start, length);
  if (text === undefined) throw malformed(start, 'text that is not valid UTF-8');
  return text;
}

function defineOwn(map: MutableMap, key: string, value: WireValue): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Checks a container before anything is allocated for it: each item takes a byte at least, and the items of all
 * containers come off one budget, so that neither one header nor many nested ones can make us allocate at will.
 */
function enter(reader: Reader, items: number, depth: number): void {
  const { limits, position } = reader;
  if (depth > limits.maxDepth) {
    throw overLimit(position, { what: 'nesting', unit: 'levels', received: depth, limit: limits.maxDepth });
  }
  const left = reader.bytes.length - position;
  if (items > left) throw malformed(position, `${items} items announced and ${left} bytes left`);
  reader.itemsLeft -= items;
  if (reader.itemsLeft < 0) {
    const received = limits.maxItems - reader.itemsLeft;
    throw overLimit(position, { what: 'a message', unit: 'items', received, limit: limits.maxItems });
  }
}

function readSimple(reader: Reader, info: number): WireValue {
  const at = reader.position - 1;
  switch (info) {
    case 20:
      return false;
    case 21:
      return true;
    case 22:
      return null;
    case 25:
      return withoutNaN(at, halfToDouble(reader.view.getUint16(advance(reader, 2))));
    case 26:
      return withoutNaN(at, reader.view.getFloat32(advance(reader, 4)));
    case 27:
      return withoutNaN(at, reader.view.getFloat64(advance(reader, 8)));
    default:
      throw malformed(at, refusedSimple(info));
  }
}

function refusedSimple(info: number): string {
  if (info === 23) return 'undefined, which is not a value here';
  if (info === 31) return 'a break outside of an indefinite length';
  return `the simple value or reserved form ${info}`;
}

/** IEEE 754 binary16, bit by bit: sign, 5 bits of exponent, 10 of fraction (RFC 8949, appendix D). */
function halfToDouble(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function withoutNaN(at: number, value: number): number {
  if (Number.isNaN(value)) throw malformed(at, 'NaN, which is not a value here');
  return value;
}

function malformed(offset: number, what: string): SyncError {
  return new SyncError('protocol', `Cannot decode CBOR: at byte ${offset}, ${what}.`, {
    details: { offset },
  });
}

interface Excess {
  readonly what: string;
  readonly unit: string;
  readonly received: number;
  readonly limit: number;
}

function overLimit(offset: number, { what, unit, received, limit }: Excess): SyncError {
  return new SyncError(
    'protocol',
    `Cannot decode CBOR: at byte ${offset}, ${what} of ${received} ${unit}; the limit is ${limit}.`,
    { details: { offset, received, limit } },
  );
}
