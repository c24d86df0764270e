import type { WireMap, WireValue } from '../../src/protocol/codec.ts';

/** A map that has the key `__proto__` of its own. */
const prototypeKey = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as WireMap;

function nested(depth: number): WireValue {
  return depth === 0 ? null : [nested(depth - 1)];
}

/** Values at the edges of what CBOR and the columns can carry. All of them can be encoded. */
export const hostileValues: readonly WireValue[] = [
  null,
  true,
  0,
  -1,
  -0,
  1.5,
  5e-324,
  Infinity,
  -Infinity,
  Number.MAX_SAFE_INTEGER,
  2n ** 63n - 1n,
  -(2n ** 63n),
  '',
  'x'.repeat(201),
  '\u0000',
  'a\u0000b',
  '\u202Eevil\u202C',
  '\u200B\uFEFF\u2060',
  '\uFFFF\u{10FFFF}',
  'e\u0301 \u00E9 \u{1F469}\u200D\u{1F680}',
  "'; DROP TABLE issue; --",
  '"<img src=x onerror=alert(1)>"',
  '_tidemark_meta',
  'rowid',
  '__proto__',
  'constructor',
  'toString',
  '9999-12-31T23:59:59.999999Z',
  '2025-02-30',
  '{"a":',
  '1e400',
  'ffffffffffffffff',
  new Uint8Array(),
  new Uint8Array(64).fill(0xff),
  [],
  {},
  [[], {}, null],
  nested(31),
  prototypeKey,
];

/** Headers that announce more than there is, or what the profile does not have: lengths, tags, breaks, NaN. */
export const hostileBytes: readonly (readonly number[])[] = [
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xbb, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0x00, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff],
  [0x7a, 0xff, 0xff, 0xff, 0xff],
  [0x9a, 0x00, 0xff, 0xff, 0xff],
  [0x9f],
  [0xbf],
  [0x5f],
  [0x7f],
  [0xff],
  [0xc0],
  [0xc2, 0x58, 0x20],
  [0xd8, 0x1c],
  [0xd9, 0xdf, 0xff],
  [0xf7],
  [0xf8, 0x00],
  [0xf9, 0x7e, 0x00],
  [0xfb, 0x7f, 0xf8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01],
  [0x1c],
  [0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x62, 0xc3, 0x28],
  [0x63, 0xed, 0xa0, 0x80],
  [0x62, 0xc0, 0x80],
];
