import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, type WireValue } from '../../../src/protocol/codec.ts';
import { syncErrorOf, toHex } from './codec-helpers.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const double = fc.oneof(
  fc.double({ noNaN: true }),
  fc.float({ noNaN: true }),
  fc.constantFrom(-0, 0, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, -(2 ** 53), 2 ** 63),
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.constantFrom('\0', 'a\0b', '\uFEFF', `\uFEFF${'x'.repeat(80)}`, 'שלום עולם', '👩‍👩‍👧‍👦', 'e\u0301', '\u00e9'),
  fc
    .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 400 }))
    .map(([unit, n]) => unit.repeat(n)),
);
const fieldName = text.filter((name) => name.length < 300);
const blob = fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));
const scalar: fc.Arbitrary<WireValue> = fc.oneof(
  fc.constantFrom(null, true, false),
  double,
  fc.maxSafeInteger(),
  int64,
  text,
  blob,
);
const { value: anyValue } = fc.letrec<{ value: WireValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(fieldName, tie('value'), { maxKeys: 30, noNullPrototype: true }),
  ),
}));

/** What a value comes back as: bigints in the safe range as numbers. */
function canonical(value: WireValue | undefined): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonical(item)]));
}

describe('a value', () => {
  it('comes back equal, bit for bit', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decode(encode(value))).toStrictEqual(canonical(value));
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, WireValue]>([
    ['-0', -0],
    ['Infinity', Infinity],
    ['the least double', Number.MIN_VALUE],
    ['the greatest double', Number.MAX_VALUE],
    ['2^53 as a double', 2 ** 53],
    ['the greatest safe integer', Number.MAX_SAFE_INTEGER],
    ['the least safe integer', Number.MIN_SAFE_INTEGER],
    ['2^53 as a bigint', 2n ** 53n],
    ['-2^53 as a bigint', -(2n ** 53n)],
    ['2^32', 2 ** 32],
    ['-2^32 - 1', -(2 ** 32) - 1],
    ['text after a byte order mark', `\uFEFF${'x'.repeat(80)}`],
    ['int64 max', 2n ** 63n - 1n],
    ['int64 min', -(2n ** 63n)],
  ])('comes back exactly: %s', (_, value) => {
    expect(decode(encode(value))).toBe(value);
  });

  it('comes back as a number when it was a small bigint', () => {
    expect(decode(encode(5n))).toBe(5);
    expect(decode(encode(-5n))).toBe(-5);
  });

  it('keeps text of every length around the changes of form', () => {
    for (const unit of ['a', 'é', '水', '😀']) {
      for (let length = 0; length <= 300; length++) {
        const value = unit.repeat(length);
        expect(decode(encode(value))).toBe(value);
      }
      for (const length of [10_922, 16_384, 21_845, 32_768, 65_535, 65_536]) {
        const value = unit.repeat(length);
        expect(decode(encode(value)) === value).toBe(true);
      }
    }
  });

  it('is written as cbor-x reads it, and read as cbor-x writes it', () => {
    const other = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });
    // cbor-x itself writes −0 as 0 and reads every integer of 8 bytes as a bigint.
    const fraction = fc.double({ noNaN: true, noInteger: true });
    const plain = fc.oneof(fc.constantFrom(null, true, false), fc.integer(), fc.string(), fraction);
    const row = fc.dictionary(fc.string({ unit: 'grapheme-ascii' }), fc.array(plain), { noNullPrototype: true });
    fc.assert(
      fc.property(row, (value) => {
        fc.pre(!Object.hasOwn(value, '__proto__'));
        expect(other.decode(encode(value))).toStrictEqual(value);
        expect(decode(Uint8Array.from(other.encode(value)))).toStrictEqual(value);
      }),
    );
  });
});

describe('encode', () => {
  it('leaves out properties that are undefined', () => {
    expect(decode(encode({ a: 1, b: undefined, c: null }))).toStrictEqual({ a: 1, c: null });
  });

  it('writes maps of more than 65,535 entries', () => {
    const map = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]));
    expect(decode(encode(map))).toStrictEqual(map);
  });

  it('takes objects without a prototype, frozen ones, and Node buffers', () => {
    const bare = Object.assign(Object.create(null), { a: Object.freeze([1]) });
    expect(decode(encode(bare))).toStrictEqual({ a: [1] });
    const back = decode(encode(Buffer.from([1, 2])));
    expect(back).toStrictEqual(Uint8Array.of(1, 2));
  });

  it('returns memory of its own', () => {
    const first = encode([1, 2, 3]);
    const hex = toHex(first);
    encode([9, 9, 9]);
    expect(toHex(first)).toBe(hex);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  it('works again after it has thrown, and within itself', () => {
    expect(() => encode([1, Number.NaN])).toThrow();
    const nested = {
      get inner(): WireValue {
        return encode(['in', 'between']);
      },
      after: 1,
    };
    const back = decode(encode(nested)) as Record<string, Uint8Array>;
    expect(decode(back.inner as Uint8Array)).toStrictEqual(['in', 'between']);
    expect(back.after).toBe(1);
  });

  it.each<[string, unknown, string, RegExp]>([
    ['undefined', undefined, 'value', /it is undefined/],
    ['undefined in an array', [1, undefined], 'value[1]', /undefined/],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the case
    ['a hole', { rows: [1, , 2] }, 'value.rows[1]', /undefined/],
    ['NaN', { a: [0, { b: Number.NaN }] }, 'value.a[1].b', /it is NaN/],
    ['2^63', [2n ** 63n], 'value[0]', /beyond int64/],
    ['-2^63 - 1', -(2n ** 63n) - 1n, 'value', /beyond int64/],
    ['a lone high surrogate', ['\ud800'], 'value[0]', /lone surrogate/],
    ['a lone low surrogate in long text', [`${'x'.repeat(500)}\udc00`], 'value[0]', /lone surrogate/],
    ['a lone surrogate beside text of as many bytes', ['\ud800é'], 'value[0]', /lone surrogate/],
    ['a key with a lone surrogate', { '\udc00': 1 }, 'value', /a key with a lone surrogate/],
    ['a date', { at: new Date(0) }, 'value.at', /an instance of Date/],
    ['a map', new Map(), 'value', /an instance of Map/],
    ['a set', [new Set()], 'value[0]', /an instance of Set/],
    ['a class instance', new (class Row {})(), 'value', /an instance of Row/],
    ['a function', { f: () => 1 }, 'value.f', /a function/],
    ['a symbol', Symbol('s'), 'value', /a symbol/],
    ['an ArrayBuffer', new ArrayBuffer(1), 'value', /an instance of ArrayBuffer/],
    ['an Int8Array', new Int8Array(1), 'value', /an instance of Int8Array/],
    ['a boxed number', Object(1), 'value', /an instance of Number/],
    ['a promise', Promise.resolve(), 'value', /an instance of Promise/],
    ['floats in disguise', disguised(new Float64Array(2)), 'value', /an instance of Float64Array/],
  ])('refuses %s and says where', (_, value, path, reason) => {
    const error = syncErrorOf(() => encode(value as WireValue));
    expect(error.kind).toBe('invalid-value');
    expect(error.message).toMatch(reason);
    expect(error.details.path).toBe(path);
  });

  it.each<[string, () => unknown]>([
    ['a getter that throws', () => Object.defineProperty({}, 'a', { enumerable: true, get: fail })],
    ['a proxy that throws', () => new Proxy({}, { ownKeys: fail })],
    ['a proxy that was revoked', revoked],
    ['a constructor that throws', () => Object.create(Object.defineProperty({}, 'constructor', { get: fail }))],
    ['bytes that were given away', () => givenAway()],
  ])('refuses %s with a typed error', (_, make) => {
    expect(syncErrorOf(() => encode(make() as WireValue)).kind).toBe('invalid-value');
  });

  it('refuses a cycle and what is too deep', () => {
    const cycle: WireValue[] = [];
    cycle.push({ cycle });
    expect(syncErrorOf(() => encode(cycle))).toMatchObject({
      kind: 'invalid-value',
      message: expect.stringMatching(/32 levels, or a cycle/),
    });
    let deep: WireValue = 1;
    for (let i = 0; i < 32; i++) deep = [deep];
    expect(decode(encode(deep))).toStrictEqual(deep);
    expect(syncErrorOf(() => encode([deep])).kind).toBe('invalid-value');
  });

  it('refuses a value that shares its parts until it explodes', () => {
    let bomb: WireValue = 'x';
    for (let i = 0; i < 31; i++) bomb = [bomb, bomb];
    expect(syncErrorOf(() => encode(bomb)).kind).toBe('too-large');
    expect(syncErrorOf(() => encode(new Array<WireValue>(2 ** 31))).kind).toBe('too-large');
  });

  it('stops soon after the limit when long texts repeat', () => {
    const text = 'x'.repeat(1_000_000);
    const error = syncErrorOf(() => encode(new Array<WireValue>(1_000_000).fill(text), { maxBytes: 2_000_000 }));
    expect(error.details).toMatchObject({ path: 'value[1]', limit: 2_000_000 });
  });

  it.each<[string, object, WireValue]>([
    ['maxBytes', { maxBytes: 3 }, 'abc'],
    ['maxItems', { maxItems: 1 }, [1, 2]],
    ['maxItems', { maxItems: 1 }, { a: 1 }],
    ['maxTextBytes', { maxTextBytes: 3 }, 'éé'],
    ['maxBlobBytes', { maxBlobBytes: 3 }, new Uint8Array(4)],
    ['maxKeyBytes', { maxKeyBytes: 3 }, { éé: 1 }],
  ])('holds %s and admits one less', (_, limits, value) => {
    const error = syncErrorOf(() => encode(value, limits));
    expect(error.kind).toBe('too-large');
    const [[name, limit]] = Object.entries(limits) as [[string, number]];
    expect(error.details.limit).toBe(limit);
    expect(() => encode(value, { [name]: limit + 1 })).not.toThrow();
  });
});

describe('decode', () => {
  it('reads from the middle of a buffer, and keeps nothing of it', () => {
    const message = encode({ blob: Uint8Array.of(1, 2, 3), text: 'x'.repeat(100) });
    const padded = new Uint8Array(message.length + 20).fill(0xff);
    padded.set(message, 7);
    const value = decode(padded.subarray(7, 7 + message.length)) as Record<string, Uint8Array>;
    padded.fill(0);
    expect(value.blob).toStrictEqual(Uint8Array.of(1, 2, 3));
    expect(value.blob?.buffer.byteLength).toBe(3);
  });

  it('remembers no key by memory that is not its own', () => {
    const message = Buffer.from(encode({ remembered: 1 }));
    decode(message);
    // A key of the same length, ends and middle, written over the first one.
    message.set(encode({ rxxxxbxxxd: 1 }));
    expect(decode(encode({ rxxxxbxxxd: 2 }))).toStrictEqual({ rxxxxbxxxd: 2 });
  });

  it('takes a limit that is undefined for one that is not given', () => {
    const deep = Uint8Array.from({ length: 33 }, (_, i) => (i < 32 ? 0x81 : 0x80));
    expect(() => decode(deep, { maxDepth: undefined })).toThrow(/the limit is 32/);
  });

  it('reads keys that look alike as different keys', () => {
    const keys = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', 'ab', 'é'), maxLength: 6 }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(keys, (names) => {
        const map = Object.fromEntries(names.map((name, i) => [name, i]));
        expect(decode(encode(map))).toStrictEqual(map);
      }),
    );
  });
});

function fail(): never {
  throw new Error('of the value itself');
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function givenAway(): Uint8Array {
  const bytes = new Uint8Array([1, 2]);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function disguised(value: object): object {
  return Object.defineProperty(value, Symbol.toStringTag, { value: 'Uint8Array' });
}
