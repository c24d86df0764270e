import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftOf, parseDraft } from '../../../devtools/data/draft.ts';
import { columnOf, tableOf } from '../../../src/core/schema.ts';
import { schema } from './schema.ts';

const column = (name: string) => columnOf(tableOf(schema, 'issue'), name);
const parse = (name: string, text: string) => parseDraft(column(name), { text, isNull: false }, `issue.${name}`);

describe('a draft', () => {
  const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    title: fc.string({ unit: 'grapheme' }),
    done: fc.boolean(),
    votes: fc.maxSafeInteger(),
    size: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    data: fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value))),
    hash: fc.uint8Array(),
    ratio: fc.double({ noNaN: true }),
  };
  test.each(Object.entries(values))('of %s comes back as the value it was made of', (name, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        fc.pre(value !== null && !Object.is(value, -0));
        const parsed = parseDraft(column(name), draftOf(column(name).kind, value), name);
        expect(parsed).toMatchObject({ isValid: true });
        expect(parsed.isValid && parsed.value).toEqual(value);
      }),
    );
  });

  test('of null is null where the column may be null, and refused elsewhere', () => {
    expect(parseDraft(column('body'), draftOf('text', null), 'body')).toMatchObject({ isValid: true, value: null });
    expect(parseDraft(column('title'), draftOf('text', null), 'title')).toMatchObject({ isValid: false });
  });
});

test.each([
  ['votes', 'four'],
  ['votes', '1.5'],
  ['size', '9223372036854775808'],
  ['ratio', ''],
  ['ratio', '1,5'],
  ['data', '{broken'],
  ['hash', 'xyz'],
  ['hash', 'abc'],
])('%s does not take %j', (name, text) => {
  expect(parse(name, text).isValid).toBe(false);
});

test.each([
  ['votes', ' +4 ', 4],
  ['size', '9223372036854775807', 9223372036854775807n],
  ['ratio', '1e-3', 0.001],
  ['data', 'null', null],
  ['hash', 'de ad', new Uint8Array([0xde, 0xad])],
])('%s takes %j', (name, text, value) => {
  expect(parse(name, text)).toMatchObject({ isValid: true, value });
});
