import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LiveRun } from '../../../../src/client/engine-api.ts';
import { applyDelta, type LiveRows } from '../../../../src/client/live/apply-delta.ts';
import { diffRows } from '../../../../src/client/live/diff-rows.ts';
import { defineSchema, t, table } from '../../../../src/core/schema.ts';
import type { Cell } from '../../../../src/shared/cell.ts';

type Rows = readonly (readonly Cell[])[];

const schema = defineSchema({ version: 1, tables: { a: table({ id: t.text(), n: t.integer() }) } });
const columns = [
  { name: 'id', table: 'a', column: 'id' },
  { name: 'n', table: 'a', column: 'n' },
];

function whole(rows: Rows): LiveRows {
  return applyDelta(schema, null, { version: 1, columns, runs: [{ rows }] });
}

function apply(previous: Rows, runs: readonly LiveRun[]): { before: LiveRows; after: LiveRows } {
  const before = whole(previous);
  return { before, after: applyDelta(schema, before, { version: 2, runs }) };
}

const row = fc.tuple(
  fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  fc.constantFrom<Cell>(0, -0, 1, 1n << 60n, null, 'text', Uint8Array.of(1), Uint8Array.of(2)),
);
const rows = fc.array(row, { maxLength: 12 });

describe('a difference of results', () => {
  test('applied to the old rows gives the new ones, and keeps every row object that can be kept', () => {
    fc.assert(
      fc.property(rows, rows, fc.constantFrom<readonly number[]>([], [0], [0, 1]), (previous, next, keyColumns) => {
        const runs = diffRows(previous, next, keyColumns);
        const { before, after } = apply(previous, runs ?? [{ from: 0, count: previous.length }]);
        expect(after.rows).toEqual(whole(next).rows);
        const kept = after.rows.filter((it) => before.rows.includes(it)).length;
        expect(kept).toBe(mostThatCanBeKept(previous, next));
      }),
      { numRuns: 2_000 },
    );
  });

  test('is null for equal results only', () => {
    fc.assert(
      fc.property(rows, rows, (previous, next) => {
        const isSame = JSON.stringify(previous.map(texts)) === JSON.stringify(next.map(texts));
        expect(diffRows(previous, next, [0]) === null).toBe(isSame);
      }),
      { numRuns: 1_000 },
    );
  });

  test('tells a changed row in the middle as that row alone', () => {
    const previous = Array.from({ length: 1_000 }, (_, id): Cell[] => [String(id), 0]);
    const next = previous.with(500, ['500', 1]);
    expect(diffRows(previous, next, [0])).toEqual([
      { from: 0, count: 500 },
      { rows: [['500', 1]] },
      { from: 501, count: 499 },
    ]);
  });

  test('tells a row that moved to the front as runs, with nothing sent again', () => {
    const previous = Array.from({ length: 100 }, (_, id): Cell[] => [String(id), 0]);
    const next = [...previous.slice(40, 41), ...previous.slice(0, 40), ...previous.slice(41)];
    expect(diffRows(previous, next, [0])).toEqual([
      { from: 40, count: 1 },
      { from: 0, count: 40 },
      { from: 41, count: 59 },
    ]);
  });
});

function texts(cells: readonly Cell[]): string[] {
  return cells.map((cell) => (Object.is(cell, -0) ? '-0' : `${typeof cell} ${String(cell)}`));
}

/** The size of the intersection of both results as multisets. */
function mostThatCanBeKept(previous: Rows, next: Rows): number {
  const left = previous.map((it) => texts(it).join());
  let count = 0;
  for (const text of next.map((it) => texts(it).join())) {
    const at = left.indexOf(text);
    if (at < 0) continue;
    left.splice(at, 1);
    count += 1;
  }
  return count;
}
