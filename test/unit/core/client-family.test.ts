import { expect, test } from 'vitest';
import { copyId, familyOf, isOfOneFamily } from '../../../src/core/client-family.ts';
import { makeHlc } from '../../../src/core/hlc.ts';
import { isName } from '../../../src/shared/name.ts';

const first = { mutationId: 7, hlc: makeHlc(100, 3) };

test('a copy of a copy arrives at the same id as a copy of the original, and ids do not grow', () => {
  const root = '0190163d-8694-739b-aea5-966c26f8ad91';
  const copy = copyId(root, { mutationId: 3, hlc: makeHlc(50, 1) });
  expect(copyId(copy, first)).toBe(copyId(root, first));
  let id = root;
  for (let n = 1; n <= 50; n += 1) id = copyId(id, { mutationId: n * 1_000_000, hlc: makeHlc(n, n) });
  expect(isName(id)).toBe(true);
  expect(familyOf(id)).toBe(root);
  expect([isOfOneFamily(id, copy), isOfOneFamily(id, 'another')]).toEqual([true, false]);
});
