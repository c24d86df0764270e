import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cell, keyText, sameCell } from '../../../src/shared/cell.ts';

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constant(null),
  fc.double(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 54n, max: 2n ** 62n }),
  fc.string(),
  fc.constantFrom('null', '1', '[1]', 'x01', '"1"', '1,2'),
  fc.uint8Array({ maxLength: 4 }),
);

test('keys are the same text exactly when they are the same cells', () => {
  const key = fc.array(cell, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(key, key, (a, b) => {
      const isSame = a.length === b.length && a.every((one, index) => sameKeyCell(one, b[index] ?? null));
      expect(keyText(a) === keyText(b)).toBe(isSame);
      expect(keyText(a)).toBe(keyText([...a]));
    }),
  );
});

/** In keys −0 and 0 are one integer. */
const sameKeyCell = (a: Cell, b: Cell) => sameCell(a, b) || (a === 0 && b === 0);

test('cells are compared by kind and to the bit', () => {
  expect(sameCell(1, '1')).toBe(false);
  expect(sameCell(0, -0)).toBe(false);
  expect(sameCell(null, 0)).toBe(false);
  expect(sameCell(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true);
  expect(sameCell(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBe(false);
  expect(sameCell(new Uint8Array([1]), new Uint8Array([1, 0]))).toBe(false);
});
