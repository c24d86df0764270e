import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../src/protocol/codec.ts';
import { fromHex, syncErrorOf } from './codec-helpers.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A map of `count` entries `key → 0`, as bytes. */
function mapOf(count: number, key: (index: number) => string): Uint8Array {
  const parts: number[] = [0xba, count >>> 24, (count >>> 16) & 0xff, (count >>> 8) & 0xff, count & 0xff];
  for (let i = 0; i < count; i++) {
    const bytes = utf8(key(i));
    parts.push(0x60 | bytes.length, ...bytes, 0);
  }
  return Uint8Array.from(parts);
}

describe('decode refuses what is not well-formed', () => {
  it.each([
    ['nothing at all', '', /ends where a value was expected/, 0],
    ['a head without its argument', '19', /2 bytes announced and 0 left/, 1],
    ['half an argument', '1a0000', /4 bytes announced and 2 left/, 1],
    ['half a float', 'fb0000', /8 bytes announced and 2 left/, 1],
    ['text that ends early', '63 61 62', /3 bytes announced and 2 left/, 1],
    ['a blob that ends early', '43 0102', /3 bytes announced and 2 left/, 1],
    ['an array that ends early', '83 01 02', /3 items announced and 2 bytes left/, 1],
    ['an array whose items took the bytes of the last', '82 63616263', /ends where a value was expected/, 5],
    ['a map that ends early', 'a1 6161', /ends where a value was expected/, 3],
    ['a map that ends before its key', 'a2 6161 6161', /ends where a map key was expected/, 5],
    ['bytes after the end', '01 02', /1 more bytes after the end/, 1],
    ['reserved additional information 28', '1c', /reserved additional information 28/, 0],
    ['reserved additional information 30 of text', '7e', /reserved additional information 30/, 0],
    ['reserved additional information of a simple value', 'fc', /simple value/, 0],
    ['a simple value in a longer form than allowed', 'f814', /simple value/, 0],
    ['a break on its own', 'ff', /a break/, 0],
    ['an indefinite length of an integer', '1f', /reserved additional information 31/, 0],
    ['a map key of bytes', 'a1 4161 01', /key that is not text/, 1],
    ['a map key that is an array', 'a1 80 01', /key that is not text/, 1],
    ['the same key twice', 'a2 6161 01 6161 02', /the key "a" for the second time/, 4],
    ['the same empty key twice', 'a2 60 01 60 02', /the key "" for the second time/, 3],
    ['__proto__ twice', 'a2 695f5f70726f746f5f5f 01 695f5f70726f746f5f5f 02', /second time/, 12],
    ['a key of ill-formed text', 'a1 61ff 01', /not valid UTF-8/, 2],
    ['a shared value (tag 28)', 'd81c 80', /a tag/, 0],
    ['a reference (tag 29)', 'd81d 00', /a tag/, 0],
    ['a record (tag 105)', 'd869 83 01 8161 61 02', /a tag/, 0],
    ['a record of cbor-x', 'd9dfff 83 19e000 816161 01', /a tag/, 0],
    ['a negative integer below int64', '3b8000000000000000', /below -2\^63/, 0],
    ['an integer above int64', '1b8000000000000000', /above 2\^63/, 0],
  ])('%s', (_, hex, reason, offset) => {
    const error = syncErrorOf(() => decode(fromHex(hex.replaceAll(' ', ''))));
    expect(error.kind).toBe('protocol');
    expect(error.message).toMatch(reason);
    expect(error.details.offset).toBe(offset);
  });

  it.each([
    ['a continuation byte alone', '80'],
    ['a lead byte alone', 'c3'],
    ['an overlong slash', 'c0af'],
    ['an overlong slash in three bytes', 'e080af'],
    ['an overlong slash in four bytes', 'f08080af'],
    ['a high surrogate', 'eda080'],
    ['a pair of surrogates (CESU-8)', 'eda081edb080'],
    ['a code point beyond U+10FFFF', 'f4908080'],
    ['five bytes', 'f888808080'],
    ['a truncated code point', 'f09f98'],
    ['the byte 0xFF', 'ff'],
  ])('text with %s, short and long', (_, hex) => {
    for (const padding of [0, 15, 100]) {
      const bytes = Uint8Array.from([...utf8('x'.repeat(padding)), ...fromHex(hex)]);
      const message = Uint8Array.from([0x78, bytes.length, ...bytes]);
      expect(syncErrorOf(() => decode(message)).message).toMatch(/not valid UTF-8/);
    }
  });

  it('answers any bytes with a value or a protocol error', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.constantFrom(0x9b, 0xbb, 0x5b, 0x7b, 0x81, 0xa1, 0x61, 0x61, 0, 1, 0xff, 0xf9, 0xfb), {
        maxLength: 60,
      }),
    );
    fc.assert(
      fc.property(anyBytes, (input) => {
        try {
          decode(Uint8Array.from(input));
        } catch (error) {
          expect(error).toMatchObject({ name: 'SyncError', kind: 'protocol' });
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses every proper prefix of a message', () => {
    const message = encode({
      rows: [[1, 'é', null, 1.5, 2n ** 60n, Uint8Array.of(1, 2)], ['x'.repeat(300)]],
      more: true,
    });
    for (let length = 0; length < message.length; length++) {
      expect(syncErrorOf(() => decode(message.subarray(0, length))).kind).toBe('protocol');
    }
  });
});

describe('what is no Uint8Array at all', () => {
  const given = new Uint8Array([1]);
  structuredClone(given.buffer, { transfer: [given.buffer] });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'abc'],
    ['a number', 5],
    ['a list', [1]],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['other elements', new Uint16Array(2)],
    ['what only says that it is', Object.defineProperty({}, Symbol.toStringTag, { value: 'Uint8Array' })],
    ['bytes that were given away', given],
  ])('is refused: %s', (_, value) => {
    expect(syncErrorOf(() => decode(value as Uint8Array)).kind).toBe('protocol');
  });

  it('may be shared memory, and is read as it is at that moment', () => {
    const text = 'é'.repeat(40);
    const message = encode([text]);
    const shared = new Uint8Array(new SharedArrayBuffer(message.length));
    shared.set(message);
    expect(decode(shared)).toStrictEqual([text]);
  });
});

describe('decode stays within its limits', () => {
  it('has a bottom whatever depth is asked for, and no limit that is no number', () => {
    const deep = new Uint8Array(300_000).fill(0x81);
    const error = syncErrorOf(() => decode(deep, { maxDepth: Number.POSITIVE_INFINITY }));
    expect(error.message).toMatch(/the limit is 512/);
    expect(syncErrorOf(() => decode(deep, { maxDepth: Number.NaN })).message).toMatch(/the limit is 32/);
    expect(syncErrorOf(() => decode(deep, null as never)).message).toMatch(/the limit is 32/);
  });

  it('refuses 200,000 nested arrays, maps or tags at the depth limit', () => {
    expect(syncErrorOf(() => decode(new Uint8Array(200_000).fill(0x81)))).toMatchObject({
      kind: 'protocol',
      message: expect.stringMatching(/nesting of 33 levels; the limit is 32/),
      details: { offset: 33, limit: 32 },
    });
    const maps = Uint8Array.from({ length: 300_000 }, (_, i) => [0xa1, 0x61, 0x61][i % 3] as number);
    expect(syncErrorOf(() => decode(maps)).message).toMatch(/the limit is 32/);
    expect(syncErrorOf(() => decode(new Uint8Array(200_000).fill(0xc2))).message).toMatch(/a tag/);
  });

  it('admits the depth limit itself', () => {
    const deepest = Uint8Array.from({ length: 32 }, (_, i) => (i < 31 ? 0x81 : 0x80));
    expect(encode(decode(deepest))).toStrictEqual(deepest);
  });

  it.each(['5b', '7b', '9b', 'bb'])('refuses a claimed length of 2^60 (%s) without allocating for it', (head) => {
    expect(syncErrorOf(() => decode(fromHex(`${head}1000000000000000`))).kind).toBe('protocol');
    expect(syncErrorOf(() => decode(fromHex(`${head}001fffffffffffff`))).kind).toBe('protocol');
    expect(syncErrorOf(() => decode(fromHex(`${head}00000000ffffffff`))).kind).toBe('protocol');
  });

  it('charges nested arrays that each claim all that is left to one budget', () => {
    // Each head announces 60,000 items: within the bytes that follow, together far beyond the limit.
    const bomb = new Uint8Array(70_000);
    for (let i = 0; i < 30; i++) bomb.set([0x99, 0xea, 0x60], i * 3);
    expect(syncErrorOf(() => decode(bomb, { maxItems: 100_000 })).message).toMatch(/120000 items; the limit is 100000/);
  });

  it.each([
    ['maxBytes', { maxBytes: 4 }, '8401020304', /a message of 5 bytes; the limit is 4/],
    ['maxItems', { maxItems: 3 }, '8401020304', /a message of 4 items; the limit is 3/],
    ['maxItems of a map', { maxItems: 3 }, 'a2616101616202', /a message of 4 items; the limit is 3/],
    ['maxTextBytes', { maxTextBytes: 2 }, '63616263', /a text of 3 bytes; the limit is 2/],
    ['maxBlobBytes', { maxBlobBytes: 2 }, '43616263', /a blob of 3 bytes; the limit is 2/],
    ['maxKeyBytes', { maxKeyBytes: 2 }, 'a16361626301', /a map key of 3 bytes; the limit is 2/],
    ['maxDepth', { maxDepth: 1 }, '8180', /nesting of 2 levels; the limit is 1/],
  ])('holds %s and admits one less', (_, limits, hex, reason) => {
    const error = syncErrorOf(() => decode(fromHex(hex), limits));
    expect(error.message).toMatch(reason);
    const [[name, limit]] = Object.entries(limits) as [[string, number]];
    expect(() => decode(fromHex(hex), { [name]: limit + 1 })).not.toThrow();
  });

  it('takes a map of 100,000 keys, and refuses it when the last repeats the first', () => {
    expect(Object.keys(decode(mapOf(100_000, (i) => `k${i}`)) as object)).toHaveLength(100_000);
    const repeated = mapOf(100_000, (i) => `k${i % 99_999}`);
    expect(syncErrorOf(() => decode(repeated)).message).toMatch(/the key "k0" for the second time/);
    const numbers = mapOf(100_000, (i) => String((i * 7919) % 4_294_967));
    expect(() => decode(numbers)).not.toThrow();
  });
});

describe('keys that JavaScript finds special', () => {
  const special = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '0', ''];

  it('become ordinary own properties, and no prototype changes', () => {
    const bytes = mapOf(special.length, (i) => special[i] as string);
    const map = decode(bytes) as Record<string, unknown>;
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(Object.keys(map).sort()).toStrictEqual([...special].sort());
    for (const key of special) {
      expect(Object.getOwnPropertyDescriptor(map, key)).toStrictEqual({
        value: 0,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('do not inherit from a map that comes under __proto__', () => {
    const map = decode(fromHex('a1695f5f70726f746f5f5fa168706f6c6c75746564f5')) as Record<string, unknown>;
    expect(map.polluted).toBeUndefined();
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
  });

  it('survive a round trip', () => {
    const map = Object.fromEntries(special.map((key) => [key, `value of ${key}`]));
    expect(Object.entries(decode(encode(map)) as object)).toStrictEqual(Object.entries(map));
  });
});
