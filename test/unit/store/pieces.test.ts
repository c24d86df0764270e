import { describe, expect, test } from 'vitest';
import { schemaFromWire, schemaToWire } from '../../../src/client/schema-wire.ts';
import type { OutboxEntry } from '../../../src/client/types.ts';
import { type ConflictInput, compose, custom } from '../../../src/core/policy.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { decide, decidedTables } from '../../../src/store/decide.ts';
import { checkOptions, toConfig } from '../../../src/store/options.ts';
import { outboxText } from '../../../src/store/outbox-file.ts';
import { deleteStatement, insertStatements, updateStatement } from '../../../src/store/row-sql.ts';
import { Settlements } from '../../../src/store/settlements.ts';
import { shareEqual } from '../../../src/store/share.ts';
import { shareRows } from '../../../src/store/share-rows.ts';
import { createSyncMirror } from '../../../src/store/sync-store.ts';

const schema = defineSchema({
  version: 3,
  tables: {
    issue: table(
      { id: t.text(), title: t.text(), votes: t.counter(), body: t.text().nullable(), size: t.bigint().default(7n) },
      { conflict: custom(() => 'local'), indexes: [['title']] },
    ),
    tag: table({ issue: t.text(), name: t.text(), at: t.integer() }, { primaryKey: ['issue', 'name'] }),
    note: table({
      id: t.text(),
      text: t.text(),
      kind: t.text().conflict(
        compose(
          'manual',
          custom(() => 'remote'),
        ),
      ),
    }),
  },
});

function conflict(of: string, fields: ConflictInput['fields'], localIsLater = true): ConflictInput {
  const sides = { base: null, local: null, remote: null };
  return { table: of, kind: 'update-update', key: { id: 'a' }, fields, ...sides, localIsLater };
}

describe('statements for rows', () => {
  test('an insert writes every column, with defaults', () => {
    const [statement] = insertStatements(schema.tables.issue, [{ id: 'a', title: 'A' }]);
    expect(statement).toEqual({
      sql: 'INSERT INTO "issue" ("id", "title", "votes", "body", "size") VALUES (?, ?, ?, ?, ?)',
      parameters: ['a', 'A', 0, null, 7],
    });
  });

  test('many rows share statements up to the limit of parameters', () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => ({ id: String(index), title: 'x' }));
    const statements = insertStatements(schema.tables.issue, rows);
    expect(statements.map(({ parameters }) => parameters.length)).toEqual([32_765, 17_235]);
  });

  test('a column that is missing, misspelt or of a wrong type is named', () => {
    const insert = (row: Record<string, unknown>) => () => insertStatements(schema.tables.issue, [row]);
    expect(insert({ id: 'a' })).toThrow(/issue\.title/);
    expect(insert({ id: 'a', title: 'A', tilte: 'B' })).toThrow(/tilte/);
    expect(insert({ id: 'a', title: 5 })).toThrow(expect.objectContaining({ kind: 'invalid-value' }));
  });

  test('an update sets what is given and leaves undefined alone', () => {
    const values = { title: 'B', body: undefined };
    expect(updateStatement(schema.tables.issue, 'a', values)).toEqual({
      sql: 'UPDATE "issue" SET "title" = ? WHERE "id" = ?',
      parameters: ['B', 'a'],
    });
    expect(updateStatement(schema.tables.issue, 'a', { body: undefined })).toBeNull();
  });

  test('a composite key is given by name or in order', () => {
    const parameters = ['i', 'n'];
    expect(deleteStatement(schema.tables.tag, { name: 'n', issue: 'i' })).toMatchObject({ parameters });
    expect(deleteStatement(schema.tables.tag, ['i', 'n'])).toMatchObject({ parameters });
  });
});

describe('a schema sent to the worker', () => {
  test('is data, and comes back equal but for app code', () => {
    const wire = structuredClone(schemaToWire(schema));
    const back = schemaFromWire(wire);
    expect(schemaToWire(back)).toEqual(wire);
    expect(back.version).toBe(3);
    expect(back.tables.issue?.conflict).toBe('manual');
    expect(back.tables.note?.columns.kind?.policy).toBe('manual');
    expect(back.tables.tag?.primaryKey).toEqual(['issue', 'name']);
    expect(back.tables.issue?.columns.size?.defaultValue).toBe(7n);
  });
});

describe('app code that decides conflicts', () => {
  test('is found in resolvers and in the schema', () => {
    expect(decidedTables(schema, {})).toEqual(['issue', 'note']);
    expect(decidedTables(schema, { tag: 'client-wins' })).toEqual(['issue', 'tag', 'note']);
  });

  test('a resolver goes before the schema', async () => {
    const input = conflict('issue', { title: { base: 'a', local: 'b', remote: 'c' } });
    expect(await decide(schema, {}, input)).toBe('local');
    expect(await decide(schema, { issue: () => ({ merged: { title: 'd' } }) }, input)).toEqual({
      merged: { title: 'd' },
    });
    expect(await decide(schema, { issue: () => undefined }, input)).toBeNull();
  });

  test('columns of different policies are put together', async () => {
    const fields = { text: { base: 1, local: 2, remote: 3 }, kind: { base: 1, local: 2, remote: 3 } };
    expect(await decide(schema, {}, conflict('note', fields))).toEqual({ merged: { text: 2, kind: 3 } });
  });
});

describe('options', () => {
  test('that make no sense are refused, typed', () => {
    const check = (options: object) => () => checkOptions({ schema, ...options });
    expect(check({ storage: { kind: 'disk' } })).toThrow(/storage\.kind/);
    expect(check({ storage: { kind: 'opfs', name: '../x' } })).toThrow(/storage\.name/);
    expect(check({ server: { url: '' } })).toThrow(/server\.url/);
    expect(check({ resolvers: { isue: () => 'local' } })).toThrow(/isue/);
    expect(check({ autoSync: { intervalMs: -1 } })).toThrow(/intervalMs/);
    expect(() => checkOptions({ schema: {} as never })).toThrow(/defineSchema/);
  });

  test('become data, with the address made absolute', () => {
    const session = { sessionId: 's', kind: 'opfs', page: 'https://app.example/a/b' } as const;
    const config = toConfig({ schema, server: { url: '/sync', auth: () => 'x' } }, session);
    expect(config).toMatchObject({
      serverUrl: 'https://app.example/sync',
      hasAuth: true,
      name: 'tidemark',
      kind: 'opfs',
    });
    expect(structuredClone(config)).toEqual(config);
    expect(() => toConfig({ schema, server: { url: '/sync' } }, { ...session, page: null })).toThrow(/absolute/);
  });
});

describe('identity', () => {
  test('equal slices stay the same objects', () => {
    const before = {
      a: [
        { id: 1, x: { y: 1 } },
        { id: 2, x: { y: 2 } },
      ],
      b: new Uint8Array([1]),
    };
    const after = shareEqual(before, structuredClone(before));
    expect(after).toBe(before);
    const grown = shareEqual(before.a, [
      { id: 2, x: { y: 2 } },
      { id: 3, x: { y: 3 } },
    ]);
    expect(grown[0]).toBe(before.a[1]);
  });

  test('rows read anew stay the same objects wherever they stand', () => {
    const before = [
      { id: 'a', n: 1n },
      { id: 'b', n: 0 },
      { id: 'c', n: null },
    ];
    const next = shareRows(before, [
      { id: 'c', n: null },
      { id: 'b', n: -0 },
      { id: 'a', n: 1n },
    ]);
    expect(next[0]).toBe(before[2]);
    expect(next[2]).toBe(before[0]);
    expect(next[1]).not.toBe(before[1]);
    expect(shareRows(before, structuredClone(before))).toBe(before);
  });
});

describe('the store', () => {
  const settledEvent = (at: number, mutationId: number) => ({
    at,
    type: 'mutation-written' as const,
    mutationId,
    tables: ['issue'],
  });

  test('keeps slices that did not change', () => {
    const { store, apply } = createSyncMirror('s', 0);
    const { status } = store.getState();
    apply({ status: { ...status, phase: 'synced' }, cursors: [] });
    const first = store.getState();
    expect(first.status.phase).toBe('synced');
    apply({ status: { ...first.status }, outbox: [] });
    expect(store.getState()).toBe(first);
  });

  test('tells new events once, also when the oldest were dropped', () => {
    const { apply } = createSyncMirror('s', 10);
    const [e1, e2, e3] = [settledEvent(5, 1), settledEvent(10, 2), settledEvent(10, 3)];
    expect(apply({ events: [e1, e2] })).toEqual([e2]);
    expect(apply({ events: structuredClone([e2, e3]) })).toEqual([e3]);
    expect(apply({ events: structuredClone([e2, e3]) })).toEqual([]);
  });

  test('keeps its own events among the engine’s, and misses none of those', () => {
    const { store, apply, applySession } = createSyncMirror('s', 0);
    const [e1, e2] = [settledEvent(5, 1), settledEvent(6, 2)];
    apply({ events: [e1] });
    const [changed] = applySession({ type: 'leadership', isLeader: true }, 9);
    expect(apply({ events: structuredClone([e1, e2]) })).toEqual([e2]);
    expect(store.getState().events).toEqual([e1, changed, e2]);
    const e3 = settledEvent(8, 3);
    expect(apply({ events: [e3] }), 'another engine begins its own list').toEqual([e3]);
    expect(store.getState().events).toEqual([e1, changed, e2, e3]);
  });

  test('shows trouble before what the engine said last, until it is over', () => {
    const { store, apply, applySession } = createSyncMirror('s', 0);
    apply({ status: { ...store.getState().status, phase: 'synced' } });
    applySession({ type: 'trouble', error: { kind: 'storage', message: 'silent' } }, 1);
    expect(store.getState().status).toMatchObject({ phase: 'error', error: { kind: 'storage' } });
    applySession({ type: 'trouble', error: null }, 2);
    expect(store.getState().status).toMatchObject({ phase: 'synced', error: null });
  });
});

describe('receipts', () => {
  test('get their outcome whichever comes first', async () => {
    const settlements = new Settlements();
    const outcome = { mutationId: 1, outcome: 'applied', seq: 4, reason: null } as const;
    const before = settlements.outcomeOf(1, 'a');
    settlements.deliver(outcome);
    expect(await before).toEqual(outcome);
    expect(await settlements.outcomeOf(1, 'a')).toEqual(outcome);
  });

  test('of the next database are not told of what became of the same number in the one that was wiped', async () => {
    const settlements = new Settlements();
    settlements.deliver({ mutationId: 1, outcome: 'applied', seq: 4, reason: null });
    settlements.discardAll('a');
    const next = settlements.outcomeOf(1, 'b');
    settlements.deliver({ mutationId: 1, outcome: 'applied', seq: 9, reason: null });
    expect(await next).toMatchObject({ seq: 9 });
  });

  test('are told by the engine of now after a change of leader, each once', async () => {
    const settlements = new Settlements();
    const told = (mutationId: number, outcome: 'applied' | 'rejected') => ({
      mutationId,
      outcome,
      seq: null,
      reason: null,
    });
    const all = [1, 2, 3].map((id) => settlements.outcomeOf(id, 'a'));
    settlements.deliver(told(1, 'applied'));
    settlements.reconcile([told(1, 'rejected'), told(2, 'rejected')]);
    expect(await all[0]).toMatchObject({ outcome: 'applied' });
    expect(await all[1]).toMatchObject({ outcome: 'rejected' });
    expect(settlements.waitingIds()).toEqual([3]);
  });
});

test('unsent work is exported as JSON that keeps every value', () => {
  const columns = { n: 2n ** 60n, z: -0, i: Number.POSITIVE_INFINITY, b: new Uint8Array([1, 2]), x: null, s: 'text' };
  const change = { table: 'issue', key: ['a'], op: 'patch', columns };
  const entries = [{ mutationId: 1, state: 'pending', changes: [change] } as unknown as OutboxEntry];
  const file = JSON.parse(outboxText(entries, { clientId: 'c', schemaVersion: 3, exportedAt: 0 }));
  expect(file.mutations[0].changes[0].columns).toEqual({
    n: { $bigint: '1152921504606846976' },
    z: { $real: '-0' },
    i: { $real: 'Infinity' },
    b: { $blob: 'AQI=' },
    x: null,
    s: 'text',
  });
});
