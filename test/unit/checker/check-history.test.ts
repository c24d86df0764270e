import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHistory } from '../../checker/check-history.ts';
import { type History, NOTHING, type Operation, type Transaction } from '../../checker/history.ts';
import { VIOLATIONS } from '../../checker/violation.ts';
import { events, play } from './replicas.ts';

/** `history('a: wx1 wy1', 'b: rx1 ry-')`: one transaction each; `-` is nothing. */
function history(...lines: string[]): History {
  const txns = lines.map((line): Transaction => {
    const [c = '', ops = ''] = line.split(': ');
    return { c, ops: ops.split(' ').map(operation) };
  });
  return { id: 'told', txns };
}

function operation(text: string): Operation {
  const [, o, k = '', v] = /^([wr])([a-z])(\d+|-)$/.exec(text) ?? [];
  return { o: o === 'w' ? 'w' : 'r', k, v: v === '-' ? NOTHING : Number(v) };
}

const broken: [string, string[], string[]][] = [
  ['a session that does not see its own write', ['a: wx1', 'a: rx-'], ['read-your-writes']],
  ['a transaction that does not see its own write', ['a: wx1 rx-'], ['read-your-writes']],
  ['a session that reads backwards', ['b: wx1', 'b: wx2', 'a: rx2', 'a: rx1'], ['monotonic-reads']],
  ['a session that reads backwards to nothing', ['b: wx1', 'b: wx2', 'a: rx2', 'a: rx-'], ['monotonic-reads']],
  ['a transaction that reads backwards', ['b: wx1', 'a: rx1 rx-'], ['monotonic-reads']],
  ['a later write without the earlier one', ['a: wx1', 'a: wy1', 'b: ry1', 'b: rx-'], ['monotonic-writes']],
  ['a later write without the earlier one, at once', ['a: wx1', 'a: wy1', 'b: rx- ry1'], ['monotonic-writes']],
  [
    'a write without what its author had read',
    ['a: wx1', 'b: rx1', 'b: wy1', 'c: ry1', 'c: rx-'],
    ['writes-follow-reads'],
  ],
  ['a write without what its transaction had read', ['a: wx1', 'b: rx1 wy1', 'c: ry1 rx-'], ['writes-follow-reads']],
  [
    'a write without its causes three clients away',
    ['a: wx1', 'b: rx1 wy1', 'c: ry1', 'c: wz1', 'd: rz1 wu1', 'e: ru1', 'e: rx-'],
    ['writes-follow-reads'],
  ],
  [
    'a write without an earlier one of an author met only through another',
    ['a: wx1', 'a: wy1', 'b: ry1 wz1', 'c: rz1 rx-'],
    ['writes-follow-reads'],
  ],
  ['half of a transaction', ['a: wx1 wy1', 'b: rx1 ry-'], ['atomic-visibility']],
  ['half of a transaction, the other half first', ['a: wx1 wy1', 'b: ry- rx1'], ['atomic-visibility']],
  ['half of a transaction, then not the rest', ['a: wx1 wy1', 'b: rx1', 'b: ry-'], ['atomic-visibility']],
  ['the middle of a transaction', ['a: wx1 wx2', 'b: rx1'], ['atomic-visibility']],
  ['a write that appears during a transaction', ['a: wx1', 'b: rx- rx1'], ['atomic-visibility']],
  ['a value that nobody wrote', ['a: wx1', 'b: rx7', 'b: rx1'], ['aborted-read']],
  ['a value that the session writes later', ['a: rx1', 'a: wx1'], ['future-read']],
  ['a value that the transaction writes later', ['a: rx1 wx1'], ['future-read']],
  ['values that wait for each other', ['a: rx1 wy1', 'b: ry1 wx1'], ['future-read']],
  ['a circle of causes over sessions', ['a: rz1', 'a: wx1', 'b: rx1 wy1', 'c: ry1', 'c: wz1'], ['future-read']],
  ['closing reads that differ', ['a: wx1', 'b: wx2', 'a: rx2', 'b: rx2', 'c: rx1'], ['convergence']],
  [
    'closing reads of one key each that differ',
    ['a: wx1', 'a: wy1', 'b: rx1', 'a: rx1', 'a: ry1', 'b: ry1', 'c: ry1', 'c: rx-'],
    ['convergence', 'monotonic-writes'],
  ],
  ['a write that all have lost', ['a: wx1', 'b: rx-', 'a: rx-'], ['lost-update', 'read-your-writes']],
  ['a write that all others lack when its author is gone', ['a: wx1', 'a: wx2', 'b: rx1', 'c: rx1'], ['lost-update']],
  [
    'several things at once',
    ['a: wx1 wy1', 'b: rx1 ry-', 'b: rx9', 'c: wz1', 'c: rz-'],
    ['aborted-read', 'atomic-visibility', 'read-your-writes'],
  ],
];

const sound: [string, string[]][] = [
  ['nothing at all', []],
  ['a write that is not there yet', ['a: wx1', 'b: rx-', 'b: rx1']],
  ['readers that see a write at different times', ['a: wx1', 'b: rx-', 'c: rx1']],
  ['whole transactions, or nothing of them', ['a: wx1 wy1', 'b: rx- ry-', 'b: rx1 ry1', 'c: rx- ry-']],
  ['a newer value beside the rest of a transaction', ['a: wx1 wy1', 'b: rx1 ry1 wy2', 'c: rx1 ry2']],
  ['half of a transaction first, the rest later', ['a: wx1 wy1', 'b: ry-', 'b: rx1']],
  ['concurrent writes seen one without the other', ['a: wx1', 'b: wy1', 'c: rx1 ry-', 'd: rx- ry1', 'd: wz1']],
  ['an own value over a smaller one of others', ['a: wx1', 'b: wx2', 'b: rx2', 'b: wx3 rx3']],
  ['a greater value over an own one', ['a: wx1', 'b: wx2', 'a: rx2', 'a: wy1']],
  ['a closing round that agrees', ['a: wx1', 'b: wx2', 'a: rx2', 'b: rx2']],
  ['no closing round: a client ends with a write', ['a: wx1', 'a: rx1', 'b: rx-', 'b: wy1']],
  ['no closing round: a key is missing', ['a: wx1', 'a: wy1', 'a: rx1', 'b: rx-']],
  ['values that several wrote', ['a: wx1', 'b: wx1', 'c: rx1', 'c: wy1']],
  ['keys and clients named like parts of a prototype', ['constructor: wx1', '__proto__: rx1']],
];

describe('the checker', () => {
  test.each(broken)('finds %s', (_, lines, names) => {
    const { valid, violations } = checkHistory(history(...lines));
    expect({ valid, violations }).toEqual({ valid: false, violations: names });
  });

  test.each(sound)('accepts %s', (_, lines) => {
    expect(checkHistory(history(...lines)).violations).toEqual([]);
  });

  test('knows each of its names from an example', () => {
    expect([...new Set(broken.flatMap(([, , names]) => names))].sort()).toEqual([...VIOLATIONS]);
  });

  test('passes over transactions without operations', () => {
    const txns = [...history('a: wx1', 'a: rx1', 'b: rx-').txns, { c: 'a', ops: [] }, { c: 'd', ops: [] }];
    expect(checkHistory({ id: 1, txns }).violations).toEqual(['convergence']);
  });

  test('says where', () => {
    const { details } = checkHistory(history('a: wx1 wy2', 'b: rx1 ry-'));
    expect(details).toEqual([{ name: 'atomic-visibility', txn: 1, key: 'y', read: NOTHING, least: 2 }]);
  });

  test('does not care in which order the clients stand in the file, but for its end', () => {
    const isOfTheEnd = (name: string) => name === 'lost-update' || name === 'convergence';
    for (const [, lines, names] of broken.filter(([, , wanted]) => !wanted.some(isOfTheEnd))) {
      const byClient = [...lines].sort((one, other) => other.charCodeAt(0) - one.charCodeAt(0));
      expect(checkHistory(history(...byClient)).violations).toEqual(names);
    }
  });
});

const played = fc
  .integer({ min: 2, max: 5 })
  .chain((clientCount) => events(clientCount).map((list) => play(clientCount, list)));

/** The reads of a history, by transaction and operation. */
function readsOf({ txns }: History) {
  return txns.flatMap(({ c, ops }, txn) =>
    ops.flatMap((op, at) => (op.o === 'r' ? [{ c, txn, at, key: op.k, value: op.v }] : [])),
  );
}

function withRead({ id, txns }: History, place: { txn: number; at: number }, v: number): History {
  const replaced = txns.map(({ c, ops }, txn) =>
    txn === place.txn ? { c, ops: ops.map((op, at) => (at === place.at ? { ...op, v } : op)) } : { c, ops },
  );
  return { id, txns: replaced };
}

describe('histories of a causally consistent store', () => {
  test('are valid', () => {
    fc.assert(
      fc.property(played, (one) => {
        expect(checkHistory(one).details).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('are valid before all is delivered, as long as no closing round is claimed', () => {
    fc.assert(
      fc.property(played, fc.nat(), (one, cut) => {
        const clients = new Set(one.txns.map(({ c }) => c));
        const start = one.txns.slice(0, cut % (one.txns.length - clients.size + 1));
        const last = [...clients].map((c, i) => ({ c, ops: [{ o: 'w' as const, k: `end ${i}`, v: 0 }] }));
        expect(checkHistory({ id: 'cut', txns: [...start, ...last] }).details).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('break when a read in the closing round returns less', () => {
    fc.assert(
      fc.property(played, fc.nat(), (one, pick) => {
        const closing = readsOf(one).filter(({ txn, value }) => value >= 0 && one.txns[txn]?.ops.length === 3);
        const last = closing.filter(({ c, txn }) => !one.txns.slice(txn + 1).some((later) => later.c === c));
        fc.pre(last.length > 0);
        const read = last[pick % last.length];
        if (!read) return;
        expect(checkHistory(withRead(one, read, NOTHING)).violations).toContain('convergence');
      }),
      { numRuns: 200 },
    );
  });

  test('break when a read returns less than the session had written or read, or what nobody wrote', () => {
    fc.assert(
      fc.property(played, fc.nat(), (one, pick) => {
        const reads = readsOf(one).filter(({ value }) => value >= 0);
        const read = reads[pick % reads.length];
        fc.pre(read !== undefined);
        if (!read) return;
        expect(checkHistory(withRead(one, read, 1_000_000)).violations).toContain('aborted-read');
        const earlier = one.txns.slice(0, read.txn).filter(({ c }) => c === read.c);
        const before = earlier.flatMap(({ ops }) => ops.filter(({ k, v }) => k === read.key && v >= 0));
        const { violations } = checkHistory(withRead(one, read, NOTHING));
        expect(violations.includes('read-your-writes')).toBe(
          before.some(({ o }) => o === 'w') ||
            (one.txns[read.txn]?.ops.slice(0, read.at).some(({ o, k }) => o === 'w' && k === read.key) ?? false),
        );
        if (before.some(({ o }) => o === 'r')) expect(violations).toContain('monotonic-reads');
      }),
      { numRuns: 200 },
    );
  });

  test('break when a delivery overtakes its causes', () => {
    const overtaken = history('a: wx1', 'b: rx1', 'b: wy2', 'c: ry2 rx-', 'a: rx1 ry2', 'b: rx1 ry2', 'c: rx1 ry2');
    expect(checkHistory(overtaken).violations).toEqual(['writes-follow-reads']);
  });
});

describe('tens of thousands of operations', () => {
  const txn = (c: string, ...ops: Operation[]): Transaction => ({ c, ops });
  const write = (k: string, v: number): Operation => ({ o: 'w', k, v });
  const read = (k: string, v: number): Operation => ({ o: 'r', k, v });
  const many = (count: number, make: (i: number) => Transaction) => Array.from({ length: count }, (_, i) => make(i));

  // What grew with the square of them took minutes: the test's own time tells.
  test.each([
    [
      'in one transaction',
      [txn('a', ...many(25_000, (i) => txn('a', write('x', i), read('x', i))).flatMap((t) => t.ops))],
    ],
    ['of as many clients', many(50_000, (i) => txn(`${i}`, i % 2 ? read('x', i - 1) : write('x', i)))],
    ['of one client', many(25_000, (i) => txn('a', write(`${i % 100}`, i), read(`${i % 100}`, i)))],
    ['on as many keys', many(25_000, (i) => txn(`${i % 3}`, write(`${i}`, 1), read(`${i}`, 1)))],
  ])(
    'are checked, %s',
    (_, txns) => {
      expect(checkHistory({ id: 'large', txns }).violations).toEqual([]);
    },
    60_000,
  );
});

test('thousands of transactions are checked in one go', () => {
  const list = Array.from({ length: 12_000 }, (_, i) =>
    i % 3 === 0
      ? {
          type: 'transact' as const,
          client: i % 8,
          plan: [
            { o: 'r' as const, k: 'x' },
            { o: 'w' as const, k: 'yz'[i % 2] ?? 'y' },
          ],
        }
      : { type: 'deliver' as const, client: (i * 5) % 8, from: (i * 3 + 1) % 8 },
  );
  const long = play(8, list);
  expect(long.txns.length).toBeGreaterThan(4000);
  expect(checkHistory(long).violations).toEqual([]);
});
