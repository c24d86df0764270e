import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CurrentRow, type Decision, decideChange } from '../../../src/core/decide.ts';
import { makeHlc } from '../../../src/core/hlc.ts';
import type { NamedPolicy } from '../../../src/core/policy.ts';
import { overrideStamps } from '../../../src/core/row-version.ts';
import { defineSchema, t, table, tableOf } from '../../../src/core/schema.ts';
import type { Cells } from '../../../src/shared/cell.ts';

const schema = defineSchema({
  version: 1,
  tables: { issue: table({ id: t.text(), a: t.integer(), b: t.integer(), votes: t.counter() }) },
});
const issue = tableOf(schema, 'issue');

interface Write {
  readonly clientId: string;
  readonly at: number;
  readonly columns: Cells;
  readonly counters: Record<string, number>;
}

const writes = fc.uniqueArray(
  fc.record({
    clientId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    at: fc.integer({ min: 1, max: 6 }),
    columns: fc.record({ a: fc.integer({ min: 0, max: 2 }), b: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: [] }),
    counters: fc.record({ votes: fc.integer({ min: -3, max: 3 }) }, { requiredKeys: [] }),
  }),
  { selector: (write) => write.clientId, minLength: 2, maxLength: 6 },
);

/** Applies writes that all started from the same row, in this order of arrival. */
function run(order: readonly Write[], policy: NamedPolicy): { row: CurrentRow; decisions: Decision[] } {
  const stamp = { seq: 1, hlc: makeHlc(0, 0), clientId: 'origin' };
  let row: CurrentRow = { columns: { a: 9, b: 9, votes: 0 }, image: null, stamp, overrides: {} };
  const decisions = order.map((write, index) => {
    const decision = decideChange({
      change: {
        table: issue,
        key: ['1'],
        op: 'patch',
        columns: write.columns,
        counters: write.counters,
        old: undefined,
        fill: {},
      },
      current: row,
      writer: { clientId: write.clientId, hlc: makeHlc(write.at, 0), base: 1 },
      policyOf: () => policy,
    });
    if (decision.kind === 'patch') {
      const own = { seq: index + 2, hlc: makeHlc(write.at, 0), clientId: write.clientId };
      const version = overrideStamps(row, Object.keys(decision.columns), own);
      row = { ...version, columns: { ...row.columns, ...decision.columns }, image: null };
    }
    return decision;
  });
  return { row, decisions };
}

const shuffled = writes.chain((order) =>
  fc.record({ order: fc.constant(order), other: fc.shuffledSubarray(order, { minLength: order.length }) }),
);

describe('writes from the same starting point', () => {
  test('end in the same row under merge, in whatever order they arrive', () => {
    fc.assert(
      fc.property(shuffled, ({ order, other }) => {
        expect(run(other, 'merge').row.columns).toEqual(run(order, 'merge').row.columns);
      }),
    );
  });

  test('keep in each column the value with the greatest stamp under merge', () => {
    fc.assert(
      fc.property(writes, (order) => {
        const { columns } = run(order, 'merge').row;
        for (const name of ['a', 'b'] as const) {
          const candidates = order.filter((write) => Object.hasOwn(write.columns, name));
          const last = candidates.sort((x, y) => x.at - y.at || (x.clientId < y.clientId ? -1 : 1)).at(-1);
          expect(columns?.[name]).toBe(last?.columns[name] ?? 9);
        }
      }),
    );
  });

  test.each<NamedPolicy>(['merge', 'server-wins', 'client-wins', 'last-write-wins'])(
    'count every increment under %s',
    (policy) => {
      fc.assert(
        fc.property(writes, (order) => {
          const sum = order.reduce((total, write) => total + (write.counters.votes ?? 0), 0);
          expect(run(order, policy).row.columns?.votes).toBe(sum);
        }),
      );
    },
  );

  test.each<NamedPolicy>(['merge', 'server-wins', 'client-wins', 'last-write-wins', 'manual'])(
    'lose no value silently under %s: what is not in the row is in a report',
    (policy) => {
      fc.assert(
        fc.property(writes, (order) => {
          const { decisions } = run(order, policy);
          order.forEach((write, index) => {
            const decision = decisions[index];
            const set = decision && 'columns' in decision ? decision.columns : {};
            const reported = decision && 'conflict' in decision ? (decision.conflict?.columns ?? []) : [];
            const before = run(order.slice(0, index), policy).row.columns ?? {};
            for (const [name, value] of Object.entries(write.columns)) {
              if (decision?.kind === 'open') continue;
              expect(name in set || reported.includes(name) || before[name] === value).toBe(true);
            }
          });
        }),
      );
    },
  );
});
