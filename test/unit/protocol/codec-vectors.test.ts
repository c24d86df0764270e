import { describe, expect, it } from 'vitest';
import { decode, encode, type WireValue } from '../../../src/protocol/codec.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { fromHex, toHex } from './codec-helpers.ts';

/** Examples of RFC 8949, appendix A, that lie in the profile of this protocol. */
const admitted: readonly (readonly [hex: string, value: WireValue])[] = [
  ['00', 0],
  ['01', 1],
  ['0a', 10],
  ['17', 23],
  ['1818', 24],
  ['1819', 25],
  ['1864', 100],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['20', -1],
  ['29', -10],
  ['3863', -100],
  ['3903e7', -1000],
  ['f90000', 0],
  ['f98000', -0],
  ['f93c00', 1],
  ['fb3ff199999999999a', 1.1],
  ['f93e00', 1.5],
  ['f97bff', 65504],
  ['fa47c35000', 100_000],
  ['fa7f7fffff', 3.4028234663852886e38],
  ['fb7e37e43c8800759c', 1e300],
  ['f90001', 2 ** -24],
  ['f90400', 2 ** -14],
  ['f9c400', -4],
  ['fbc010666666666666', -4.1],
  ['f97c00', Infinity],
  ['f9fc00', -Infinity],
  ['fa7f800000', Infinity],
  ['faff800000', -Infinity],
  ['fb7ff0000000000000', Infinity],
  ['fbfff0000000000000', -Infinity],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', new Uint8Array()],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['6161', 'a'],
  ['6449455446', 'IETF'],
  ['62225c', '"\\'],
  ['62c3bc', 'ü'],
  ['63e6b0b4', '水'],
  ['64f0908591', '\u{10151}'],
  ['80', []],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', Array.from({ length: 25 }, (_, i) => i + 1)],
  ['a0', {}],
  ['a26161016162820203', { a: 1, b: [2, 3] }],
  ['826161a161626163', ['a', { b: 'c' }]],
  ['a56161614161626142616361436164614461656145', { a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }],
];

/** The other examples, and why this protocol refuses them. */
const refused: readonly (readonly [hex: string, reason: RegExp])[] = [
  ['1bffffffffffffffff', /above 2\^63/],
  ['c249010000000000000000', /a tag/],
  ['3bffffffffffffffff', /below -2\^63/],
  ['c349010000000000000000', /a tag/],
  ['f97e00', /NaN/],
  ['fa7fc00000', /NaN/],
  ['fb7ff8000000000000', /NaN/],
  ['f7', /undefined/],
  ['f0', /simple value/],
  ['f818', /simple value/],
  ['f8ff', /simple value/],
  ['c074323031332d30332d32315432303a30343a30305a', /a tag/],
  ['c11a514b67b0', /a tag/],
  ['c1fb41d452d9e8200000', /a tag/],
  ['d74401020304', /a tag/],
  ['d818456449455446', /a tag/],
  ['d82076687474703a2f2f7777772e6578616d706c652e636f6d', /a tag/],
  ['a201020304', /key that is not text/],
  ['5f42010243030405ff', /indefinite/],
  ['7f657374726561646d696e67ff', /indefinite/],
  ['9fff', /indefinite/],
  ['9f018202039f0405ffff', /indefinite/],
  ['9f01820203820405ff', /indefinite/],
  ['83018202039f0405ff', /indefinite/],
  ['83019f0203ff820405', /indefinite/],
  ['9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff', /indefinite/],
  ['bf61610161629f0203ffff', /indefinite/],
  ['826161bf61626163ff', /indefinite/],
  ['bf6346756ef563416d7421ff', /indefinite/],
];

describe('the examples of RFC 8949, appendix A', () => {
  it.each(admitted)('decodes %s', (hex, value) => {
    expect(decode(fromHex(hex))).toStrictEqual(value);
  });

  it.each(admitted)('encodes the value of %s to bytes that decode to it', (_, value) => {
    expect(decode(encode(value))).toStrictEqual(value);
  });

  it.each(admitted.filter(([hex]) => !/^f9|^fa[7f]f80|^fb[7f]ff0/.test(hex)))(
    'encodes to %s: the shortest form, but for floats of 16 bits',
    (hex, value) => {
      // 100,000.0 and other whole doubles are integers here: JavaScript has one kind of number.
      if (hex === 'fa47c35000') expect(toHex(encode(value))).toBe('1a000186a0');
      else expect(toHex(encode(value))).toBe(hex);
    },
  );

  it.each(refused)('refuses %s', (hex, reason) => {
    expect(() => decode(fromHex(hex))).toThrow(SyncError);
    expect(() => decode(fromHex(hex))).toThrow(reason);
  });
});
