import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Column, type ColumnKind, defineSchema, t, table } from '../../../src/core/schema.ts';
import { backfillCell, checkCell, fromCell, toAppRow, toCell, toKey, toParameter } from '../../../src/core/values.ts';
import { SyncError } from '../../../src/shared/error.ts';

const kindOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof SyncError ? error.kind : String(error);
  }
  return 'taken';
};

const text = fc.string({ unit: 'grapheme' });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

const KINDS: readonly [Column, fc.Arbitrary<unknown>][] = [
  [t.text(), text],
  [t.uuid(), fc.uuid()],
  [t.integer(), fc.maxSafeInteger()],
  [t.bigint(), int64],
  [t.real(), fc.double({ noNaN: true })],
  [t.boolean(), fc.boolean()],
  [
    t.timestamp(),
    fc.date({ min: new Date(0), noInvalidDate: true, max: new Date('2106-01-01') }).map((at) => at.toISOString()),
  ],
  [
    t.date(),
    fc
      .date({ min: new Date(0), noInvalidDate: true, max: new Date('2106-01-01') })
      .map((at) => at.toISOString().slice(0, 10)),
  ],
  [t.json(), fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)))],
  [t.blob(), fc.uint8Array()],
  [t.decimal(), fc.tuple(int64, fc.nat()).map(([whole, part]) => `${whole}.${part}`)],
  [t.counter(), fc.maxSafeInteger()],
];

describe('a value of each kind comes back as it went in', () => {
  test.each(KINDS.map(([column, values]) => [column.kind, column, values] as const))('%s', (_kind, column, values) => {
    fc.assert(
      fc.property(values, (value) => {
        const cell = toCell(column, value, 'a.b');
        expect(fromCell(column.kind, cell)).toEqual(value);
        expect(checkCell(column, cell, 'a.b')).toBe(cell);
      }),
    );
  });
});

describe('a value that is no such thing is refused', () => {
  const refused: readonly [Column, readonly unknown[]][] = [
    [t.text(), ['\ud800', 5, {}, true]],
    [t.uuid(), ['no', '00000000-0000-0000-0000-00000000000', 5]],
    [t.integer(), [1.5, '5', 2n ** 63n, Number.NaN, 2 ** 53, true]],
    [t.bigint(), [2n ** 63n, -(2n ** 63n) - 1n, 1.5, '1']],
    [t.real(), [Number.NaN, '1', 1n, false]],
    [t.boolean(), [2, 'true', 1.5]],
    [
      t.timestamp(),
      ['yesterday', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T00:00:61Z', new Date(Number.NaN), 'T'],
    ],
    [t.date(), ['2026-1-1', '2026-13-01', '2026-02-31', '2025-02-29', 5]],
    [
      t.json(),
      [
        undefined,
        () => 0,
        5n,
        Number.NaN,
        { a: [{ b: Number.POSITIVE_INFINITY }] },
        new Map([['a', 1]]),
        { a: new Set() },
        { a: Promise.resolve(1) },
        [/a/],
        [undefined],
        [() => 0],
      ],
    ],
    [t.blob(), ['bytes', [1, 2]]],
    [t.decimal(), ['1,5', 'x', '', '1e5']],
    [t.counter(), [1.5, 2 ** 53, '1', true]],
  ];
  test.each(refused.map(([column, values]) => [column.kind, column, values] as const))(
    '%s',
    (_kind, column, values) => {
      for (const value of values) expect(kindOf(() => toCell(column, value, 'a.b'))).toBe('invalid-value');
    },
  );

  test('null where the column is not nullable', () => {
    expect(kindOf(() => toCell(t.text(), null, 'a.b'))).toBe('invalid-value');
    expect(toCell(t.text().nullable(), null, 'a.b')).toBeNull();
    expect(toCell(t.text().nullable(), undefined, 'a.b')).toBeNull();
  });

  test('and the message names the column and what was received', () => {
    expect(() => toCell(t.integer(), 1.5, 'issue.rank')).toThrow(
      /issue\.rank is a integer column and received number 1\.5/,
    );
  });
});

test('what says itself what it is in JSON is written as that, and a property that is undefined as none', () => {
  const at = new Date('2026-01-02T03:04:05.006Z');
  const noPrototype = Object.assign(Object.create(null) as object, {});
  for (const value of [{}, [], [null], { a: null }, { a: {} }, noPrototype, new (class Empty {})(), 'null', '{}'])
    expect(toCell(t.json(), value, 'a')).toBe(JSON.stringify(value));
  expect(toCell(t.json(), { at, gone: undefined, none: null }, 'a')).toBe(`{"at":"${at.toISOString()}","none":null}`);
});

test('null is a value of a json column, and NULL where the column is nullable', () => {
  expect(toCell(t.json(), null, 'a')).toBe('null');
  expect(fromCell('json', 'null')).toBeNull();
  expect(toCell(t.json().nullable(), null, 'a')).toBeNull();
});

test('dates, epoch milliseconds and small bigints are taken where they mean something', () => {
  const at = Date.UTC(2026, 0, 31, 12);
  expect(toCell(t.timestamp(), at, 'a')).toBe('2026-01-31T12:00:00.000Z');
  expect(toCell(t.timestamp(), new Date(at), 'a')).toBe('2026-01-31T12:00:00.000Z');
  expect(toCell(t.date(), new Date(at), 'a')).toBe('2026-01-31');
  expect(toCell(t.decimal(), 10, 'a')).toBe('10');
  expect(toCell(t.bigint(), 5n, 'a')).toBe(5);
  expect(toCell(t.counter(), 5n, 'a')).toBe(5);
});

test('query parameters become cells, or are refused', () => {
  expect(toParameter(true)).toBe(1);
  expect(toParameter(false)).toBe(0);
  expect(toParameter(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
  expect(toParameter(['a', 1])).toBe('["a",1]');
  expect(toParameter(2n ** 60n)).toBe(2n ** 60n);
  for (const value of [undefined, Symbol('x'), () => 0, Number.NaN, '\udfff', 2n ** 64n]) {
    expect(kindOf(() => toParameter(value))).toBe('invalid-value');
  }
});

describe('keys', () => {
  const { tables } = defineSchema({
    version: 1,
    tables: {
      issue: table({ id: t.text(), title: t.text() }),
      tag: table({ issue: t.text(), name: t.text(), on: t.boolean() }, { primaryKey: ['issue', 'name'] }),
    },
  });

  test('are given as a value, in order, or by name', () => {
    expect(toKey(tables.issue, 'a')).toEqual(['a']);
    expect(toKey(tables.issue, { id: 'a' })).toEqual(['a']);
    expect(toKey(tables.tag, ['a', 'b'])).toEqual(['a', 'b']);
    expect(toKey(tables.tag, { name: 'b', issue: 'a' })).toEqual(['a', 'b']);
  });

  test('of the wrong shape are refused', () => {
    for (const key of ['a', ['a'], { issue: 'a' }, ['a', 5]]) {
      expect(kindOf(() => toKey(tables.tag, key))).toBe('invalid-value');
    }
  });

  test('and columns make an app row; unknown columns are left out', () => {
    expect(toAppRow(tables.tag, ['a', 'b'], { on: 1, later: 'x' })).toEqual({ issue: 'a', name: 'b', on: true });
  });
});

test('every kind has something for rows that are older than the column', () => {
  const kinds = Object.entries(t) as [ColumnKind, () => Column][];
  for (const [kind, make] of kinds) {
    const cell = backfillCell(make(), kind);
    expect(checkCell(make(), cell, kind)).toBe(cell);
  }
  expect(backfillCell(t.text().default('x'), 'a')).toBe('x');
  expect(backfillCell(t.text().nullable(), 'a')).toBeNull();
});
