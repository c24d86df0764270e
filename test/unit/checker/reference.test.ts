import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHistory } from '../../checker/check-history.ts';
import { type History, NOTHING, type Operation } from '../../checker/history.ts';
import { doesGrow, hasViews, namesByDefinition } from './reference.ts';

interface Plan {
  readonly client: number;
  readonly ops: readonly { readonly isWrite: boolean; readonly key: string; readonly pick: number }[];
}

const plans: fc.Arbitrary<Plan[]> = fc.array(
  fc.record({
    client: fc.nat(2),
    ops: fc.array(fc.record({ isWrite: fc.boolean(), key: fc.constantFrom('x', 'y', 'z'), pick: fc.nat(60) }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** Values grow with the file. A read returns any value that is written anywhere, nothing, or now and then an invented one. */
function historyOf(list: readonly Plan[]): History {
  let last = 0;
  const written = new Map<string, number[]>();
  const txns = list.map(({ client, ops }) => ({
    c: `c${client}`,
    ops: ops.map(({ isWrite, key, pick }): Operation & { pick: number } => {
      if (isWrite) written.set(key, [...(written.get(key) ?? []), ++last]);
      return { o: isWrite ? 'w' : 'r', k: key, v: isWrite ? last : NOTHING, pick };
    }),
  }));
  const readValue = (key: string, pick: number) => {
    if (pick === 60) return 1_000_000;
    const values = [NOTHING, ...(written.get(key) ?? [])];
    return values[pick % values.length] ?? NOTHING;
  };
  return {
    id: 'drawn',
    txns: txns.map(({ c, ops }) => ({
      c,
      ops: ops.map(({ o, k, v, pick }) => ({ o, k, v: o === 'w' ? v : readValue(k, pick) })),
    })),
  };
}

const drawn = plans.map(historyOf);
const withoutClosing = (history: History) =>
  checkHistory(history).violations.filter((name) => name !== 'convergence' && name !== 'lost-update');

describe('on any history of a few transactions', () => {
  test('the checker finds one broken exactly where no views explain it', () => {
    fc.assert(
      fc.property(drawn, (history) => {
        expect(withoutClosing(history).length === 0).toBe(hasViews(history));
      }),
      { numRuns: 3_000 },
    );
  });

  test('and calls it by the names that the definitions give', () => {
    fc.assert(
      fc.property(drawn, (history) => {
        fc.pre(doesGrow(history));
        expect(withoutClosing(history)).toEqual(namesByDefinition(history));
      }),
      { numRuns: 3_000 },
    );
  });
});
