import { describe, expect, test } from 'vitest';
import { type CheckedChange, type CurrentRow, type Decision, decideChange } from '../../../src/core/decide.ts';
import { makeHlc, ZERO_HLC } from '../../../src/core/hlc.ts';
import type { NamedPolicy, RemoteAuthor } from '../../../src/core/policy.ts';
import type { Stamp } from '../../../src/core/row-version.ts';
import { defineSchema, t, table, tableOf } from '../../../src/core/schema.ts';
import type { Cells } from '../../../src/shared/cell.ts';

const schema = defineSchema({
  version: 1,
  tables: { issue: table({ id: t.text(), title: t.text(), body: t.text(), status: t.text(), votes: t.counter() }) },
});
const issue = tableOf(schema, 'issue');

/** The writer saw seq 10 and writes at time 100. Somebody else wrote before (seq 5) or after (seq 20) that. */
const writer = { clientId: 'me', hlc: makeHlc(100, 0), base: 10 };
const seen: Stamp = { seq: 5, hlc: makeHlc(5, 0), clientId: 'other' };
const earlier: Stamp = { seq: 20, hlc: makeHlc(50, 0), clientId: 'other' };
const later: Stamp = { seq: 20, hlc: makeHlc(150, 0), clientId: 'other' };
const mine: Stamp = { seq: 20, hlc: makeHlc(90, 0), clientId: 'me' };

const stamps = { earlier, later };
type When = keyof typeof stamps;

const cells = { title: 'theirs', body: 'B', status: 'open', votes: 7 };

function live(overrides: Record<string, Stamp> = {}, stamp: Stamp = seen): CurrentRow {
  return { columns: cells, image: null, stamp, overrides };
}

function dead(stamp: Stamp): CurrentRow {
  return { columns: null, image: cells, stamp, overrides: {} };
}

function change(op: CheckedChange['op'], columns: Cells = {}, rest: Partial<CheckedChange> = {}): CheckedChange {
  return { table: issue, key: ['1'], op, columns, counters: {}, old: undefined, fill: {}, ...rest };
}

function decide(
  one: CheckedChange,
  current: CurrentRow | null,
  policy: NamedPolicy | Record<string, NamedPolicy> = 'merge',
  isBehindLog = false,
): Decision {
  const policyOf = (column: string | null) =>
    typeof policy === 'string' ? policy : (policy[column ?? '*'] ?? 'merge');
  return decideChange({ change: one, current, writer, policyOf, isBehindLog });
}

const POLICIES: NamedPolicy[] = ['merge', 'server-wins', 'client-wins', 'last-write-wins', 'manual'];

describe('a change to a row nobody else touched', () => {
  test('applies as written', () => {
    expect(decide(change('patch', { title: 'mine' }), live())).toEqual({
      kind: 'patch',
      columns: { title: 'mine' },
      isMerged: false,
    });
    expect(decide(change('delete'), live())).toEqual({ kind: 'delete', isMerged: false });
    expect(decide(change('put', cells), null)).toEqual({ kind: 'put', columns: cells, isMerged: false });
  });

  test('applies over the writer’s own earlier mutation, whatever that one had seen', () => {
    expect(decide(change('patch', { title: 'mine' }), live({ title: mine }), 'manual')).toMatchObject({
      kind: 'patch',
      isMerged: false,
    });
    expect(decide(change('delete'), live({ title: mine }), 'manual')).toMatchObject({
      kind: 'delete',
      isMerged: false,
    });
  });

  test.each(POLICIES)('replaces a row the writer had seen with a put, under %s', (policy) => {
    const put = change('put', { title: 'mine', body: 'B', status: 'done', votes: 3 });
    expect(decide(put, live(), policy)).toMatchObject({
      kind: 'patch',
      columns: { title: 'mine', status: 'done', votes: 3 },
      isMerged: false,
    });
  });

  test('fills in what an insert leaves out', () => {
    const put = change('put', { title: 'mine' }, { fill: { body: '', status: 'open', votes: 0 } });
    expect(decide(put, null)).toMatchObject({ columns: { title: 'mine', body: '', status: 'open', votes: 0 } });
  });
});

describe('columns that others changed too', () => {
  test.each(POLICIES)('merge when they are disjoint, under %s', (policy) => {
    const decision = decide(change('patch', { body: 'mine' }), live({ title: later }), policy);
    expect(decision).toEqual({ kind: 'patch', columns: { body: 'mine' }, isMerged: true });
  });

  test.each(POLICIES)('do not conflict when both wrote the same value, under %s', (policy) => {
    const decision = decide(change('patch', { title: 'theirs' }), live({ title: later }), policy);
    expect(decision).toEqual({ kind: 'nothing', columns: {}, isMerged: true });
  });

  test.each<[NamedPolicy, When, 'local' | 'remote']>([
    ['merge', 'earlier', 'local'],
    ['merge', 'later', 'remote'],
    ['last-write-wins', 'earlier', 'local'],
    ['last-write-wins', 'later', 'remote'],
    ['server-wins', 'earlier', 'remote'],
    ['server-wins', 'later', 'remote'],
    ['client-wins', 'earlier', 'local'],
    ['client-wins', 'later', 'local'],
  ])('under %s against an %s write go to the %s side', (policy, when, winner) => {
    const decision = decide(change('patch', { title: 'mine' }), live({ title: stamps[when] }), policy);
    expect(decision.kind).toBe(winner === 'local' ? 'patch' : 'nothing');
    expect(decision).toMatchObject({
      isMerged: true,
      conflict: {
        kind: 'update-update',
        columns: ['title'],
        decided: { title: { policy, winner } },
        remote: { columns: cells, seq: 20, author: { clientId: 'other', hlc: stamps[when].hlc } },
      },
    });
  });

  test('leave the decision to the client under manual, the disjoint columns with it', () => {
    const decision = decide(change('patch', { title: 'mine', body: 'mine' }), live({ title: later }), 'manual');
    expect(decision).toEqual({
      kind: 'open',
      conflict: {
        kind: 'update-update',
        columns: ['title'],
        decided: {},
        remote: { columns: cells, seq: 20, author: { clientId: 'other', hlc: later.hlc } },
      },
    });
  });

  test('are decided column by column where columns have their own policies', () => {
    const policies = { title: 'server-wins', body: 'client-wins', status: 'merge' } as const;
    const patch = change('patch', { title: 'mine', body: 'mine', status: 'mine' });
    const decision = decide(patch, live({ title: earlier, body: later, status: later }), policies);
    expect(decision).toMatchObject({
      columns: { body: 'mine' },
      conflict: {
        decided: {
          title: { winner: 'remote' },
          body: { winner: 'local' },
          status: { policy: 'merge', winner: 'remote' },
        },
      },
    });
  });

  test('lose with all their columns under last-write-wins, and stay readable in the report', () => {
    const patch = change('patch', { title: 'mine', body: 'mine' }, { counters: { votes: 1 } });
    const decision = decide(patch, live({ title: later }), 'last-write-wins');
    expect(decision).toMatchObject({ kind: 'patch', columns: { votes: 8 }, conflict: { columns: ['title', 'body'] } });
  });

  test('win with all their columns under last-write-wins when they are the later ones', () => {
    const patch = change('patch', { title: 'mine', body: 'mine' });
    const decision = decide(patch, live({ title: earlier }), 'last-write-wins');
    expect(decision).toMatchObject({ columns: { title: 'mine', body: 'mine' }, conflict: { columns: ['title'] } });
  });

  test('break a tie of equal stamps by clientId', () => {
    const tie = (clientId: string) => ({ seq: 20, hlc: writer.hlc, clientId });
    expect(decide(change('patch', { title: 'mine' }), live({ title: tie('aaa') }))).toMatchObject({ kind: 'patch' });
    expect(decide(change('patch', { title: 'mine' }), live({ title: tie('zzz') }))).toMatchObject({ kind: 'nothing' });
    expect(
      decide(change('patch', { title: 'mine' }), live({ title: { ...tie('aaa'), clientId: null } })),
    ).toMatchObject({ kind: 'patch' });
  });
});

describe('counters', () => {
  test.each(POLICIES)('add up and never conflict, under %s', (policy) => {
    const decision = decide(change('patch', {}, { counters: { votes: -3 } }), live({ votes: later }), policy);
    expect(decision).toEqual({ kind: 'patch', columns: { votes: 4 }, isMerged: true });
  });

  test('refuse to leave ±2^53', () => {
    const patch = change('patch', {}, { counters: { votes: Number.MAX_SAFE_INTEGER } });
    expect(decide(patch, live())).toEqual({ kind: 'overflow', column: 'votes' });
  });

  test('count on from what the writer saw when a put writes over a row', () => {
    const put = change('put', { ...cells, votes: 5 }, { old: { ...cells, votes: 3 } });
    expect(decide(put, live({ votes: later }))).toMatchObject({ kind: 'patch', columns: { votes: 9 } });
  });
});

describe('a put by a writer who saw the row', () => {
  test('sets only what it changed, and conflicts only there', () => {
    const put = change('put', { ...cells, title: 'old', body: 'mine' }, { old: { ...cells, title: 'old' } });
    expect(decide(put, live({ title: later }), 'manual')).toEqual({
      kind: 'patch',
      columns: { body: 'mine' },
      isMerged: true,
    });
    expect(decide(put, live({ body: later }), 'manual')).toMatchObject({
      kind: 'open',
      conflict: { kind: 'update-update', columns: ['body'] },
    });
  });

  test('meets a deletion as an update does', () => {
    const put = change('put', { ...cells, body: 'mine' }, { old: cells });
    expect(decide(put, dead(later))).toMatchObject({
      kind: 'nothing',
      conflict: { kind: 'update-delete', columns: ['body'] },
    });
    expect(decide(put, dead(earlier))).toMatchObject({ kind: 'put', columns: { ...cells, body: 'mine' } });
    // A device with an older schema leaves a column out: the row comes back with what it held there, not with the default.
    const older = change('put', { title: 'theirs', body: 'mine' }, { old: cells, fill: { status: 'by default' } });
    expect(decide(older, dead(earlier))).toMatchObject({ kind: 'put', columns: { ...cells, body: 'mine' } });
  });
});

describe('the same key inserted twice', () => {
  const put = change('put', { title: 'mine', body: 'B', status: 'open', votes: 2 });

  test.each<[NamedPolicy, When, Cells]>([
    ['merge', 'earlier', { title: 'mine', body: 'B', status: 'open', votes: 9 }],
    ['merge', 'later', { votes: 9 }],
    ['server-wins', 'later', { votes: 9 }],
    ['client-wins', 'later', { title: 'mine', votes: 9 }],
    ['last-write-wins', 'later', { votes: 9 }],
  ])(
    'adds counters, ignores equal cells and decides the rest, under %s against an %s insert',
    (policy, when, columns) => {
      const decision = decide(put, live({}, stamps[when]), policy);
      expect(decision).toMatchObject({
        kind: 'patch',
        isMerged: true,
        conflict: { kind: 'insert-insert', columns: ['title'] },
      });
      expect(decision).toHaveProperty('columns', columns);
    },
  );

  test('waits for the client under manual', () => {
    expect(decide(put, live({}, later), 'manual')).toMatchObject({
      kind: 'open',
      conflict: { kind: 'insert-insert', columns: ['title'] },
    });
  });

  test('is no conflict when both inserted the same', () => {
    const same = change('put', { ...cells, votes: 0 });
    expect(decide(same, live({}, later), 'manual')).toEqual({ kind: 'nothing', columns: {}, isMerged: true });
  });
});

describe('a deletion against an update', () => {
  test.each<[NamedPolicy, When, 'delete' | 'nothing']>([
    ['merge', 'earlier', 'delete'],
    ['merge', 'later', 'nothing'],
    ['last-write-wins', 'earlier', 'delete'],
    ['last-write-wins', 'later', 'nothing'],
    ['server-wins', 'earlier', 'nothing'],
    ['client-wins', 'later', 'delete'],
  ])('under %s against an %s update ends as %s', (policy, when, kind) => {
    const decision = decide(change('delete'), live({ title: stamps[when] }), policy);
    expect(decision).toMatchObject({ kind, isMerged: true, conflict: { kind: 'delete-update', columns: ['title'] } });
    expect(decision).toHaveProperty(['conflict', 'decided', '*', 'policy'], policy);
  });

  test('waits for the client under manual, with the row as it is', () => {
    const decision = decide(change('delete'), live({ title: later }), 'manual');
    expect(decision).toMatchObject({ kind: 'open', conflict: { decided: {}, remote: { columns: cells, seq: 20 } } });
  });

  test('meets another deletion without a conflict', () => {
    expect(decide(change('delete'), dead(later), 'manual')).toEqual({ kind: 'nothing', isMerged: false });
    expect(decide(change('delete'), null, 'manual')).toEqual({ kind: 'nothing', isMerged: false });
  });
});

describe('an update against a deletion', () => {
  const patch = change('patch', { title: 'mine' }, { counters: { votes: 1 } });
  const back = { kind: 'put', columns: { ...cells, title: 'mine', votes: 8 } };

  test.each<[NamedPolicy, When, object]>([
    ['merge', 'earlier', back],
    ['merge', 'later', { kind: 'nothing' }],
    ['last-write-wins', 'earlier', back],
    ['server-wins', 'earlier', { kind: 'nothing' }],
    ['client-wins', 'later', back],
  ])('under %s against an %s deletion has its outcome', (policy, when, expected) => {
    expect(decide(patch, dead(stamps[when]), policy)).toMatchObject({
      ...expected,
      isMerged: true,
      conflict: { kind: 'update-delete', columns: ['title', 'votes'], remote: { columns: null, seq: 20 } },
    });
  });

  test.each(['merge', 'server-wins', 'client-wins', 'manual'] as const)(
    'tells under %s what the row held in the end, which the device may not have pulled',
    (policy) => {
      const current = dead(later);
      expect(decide(patch, current, policy)).toMatchObject({ conflict: { remote: { image: current.image } } });
    },
  );

  test('waits for the client under manual', () => {
    expect(decide(patch, dead(later), 'manual')).toMatchObject({
      kind: 'open',
      conflict: { kind: 'update-delete', decided: {} },
    });
  });

  test('finds nothing where the row never was, or where the writer itself deleted it', () => {
    expect(decide(patch, null)).toEqual({ kind: 'not-found' });
    expect(decide(patch, dead(mine))).toEqual({ kind: 'not-found' });
  });

  test.each<[string, CurrentRow | null, RemoteAuthor]>([
    ['is forgotten', null, { clientId: null, hlc: ZERO_HLC }],
    ['the writer seems to have seen', dead(seen), { clientId: 'other', hlc: seen.hlc }],
  ])('that %s brings nothing back, and is on record', (_what, current, author) => {
    // The seq is the one that the writer had seen: its answer goes from there.
    const image = current?.image ? { image: current.image } : {};
    const remote = { columns: null, ...image, seq: 10, author };
    const conflict = { kind: 'update-delete', columns: ['title', 'votes'], remote };
    for (const policy of ['merge', 'last-write-wins', 'server-wins'] as const) {
      const decided = { '*': { policy, winner: 'remote' } };
      const expected = { kind: 'nothing', isMerged: true, conflict: { ...conflict, decided } };
      expect(decide(patch, current, policy, true)).toEqual(expected);
    }
    for (const policy of ['manual', 'client-wins'] as const) {
      const expected = { kind: 'open', conflict: { ...conflict, decided: {} } };
      expect(decide(patch, current, policy, true)).toEqual(expected);
    }
  });

  test('with the whole row writes it over a forgotten one where the client wins', () => {
    const put = change('put', { ...cells, title: 'mine' }, { old: cells });
    expect(decide(put, null, 'client-wins', true)).toMatchObject({
      kind: 'put',
      columns: { ...cells, title: 'mine' },
      isMerged: true,
      conflict: { columns: ['title'], decided: { '*': { policy: 'client-wins', winner: 'local' } } },
    });
    expect(decide(put, null, 'merge', true)).toMatchObject({ kind: 'nothing', isMerged: true });
    expect(decide(put, null, 'manual', true)).toMatchObject({ kind: 'open' });
  });

  test('inserts anew with a put that saw no row', () => {
    expect(decide(change('put', cells), dead(later), 'manual')).toEqual({
      kind: 'put',
      columns: cells,
      isMerged: false,
    });
  });
});
