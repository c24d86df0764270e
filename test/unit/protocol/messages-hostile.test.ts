import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode, type WireValue } from '../../../src/protocol/codec.ts';
import { parseMessage } from '../../../src/protocol/parse.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { examples } from './messages-examples.ts';

/** Any bytes are a message or a `protocol` error, and nothing else. */
function expectTyped(schema: (typeof examples)[number]['schema'], bytes: Uint8Array): void {
  try {
    parseMessage(schema, bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(SyncError);
    expect((error as SyncError).kind).toBe('protocol');
  }
}

/** Values that CBOR can carry, hostile keys among them. */
const anyValue = fc.letrec<{ value: WireValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<WireValue>(null, true, -0, 1.5, -1, 2n ** 62n, '', 'put', '__proto__'),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('type', 'changes', 'key', '__proto__', 'constructor', 'x'), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;

describe.each(examples.map(({ name, schema, value }) => ({ name, schema, value })))('$name', ({ schema, value }) => {
  const bytes = encode(value);

  test('cut short or with a byte changed, is refused or still a message', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseMessage(schema, bytes.subarray(0, length))).toThrow(SyncError);
    }
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(fc.property(change, ([at, byte]) => expectTyped(schema, bytes.with(at, byte))));
  });

  test('with any value in the place of a field, is refused or still a message', () => {
    const fields = Object.keys(value as object);
    const change = fc.tuple(fc.constantFrom(...fields), anyValue);
    fc.assert(
      fc.property(change, ([field, other]) => expectTyped(schema, encode({ ...(value as object), [field]: other }))),
    );
  });
});

test('random bytes are refused by every message', () => {
  fc.assert(
    fc.property(fc.constantFrom(...examples), fc.uint8Array({ maxLength: 80 }), ({ schema }, bytes) =>
      expectTyped(schema, bytes),
    ),
    { numRuns: 500 },
  );
});
