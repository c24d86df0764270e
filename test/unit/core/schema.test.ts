import { describe, expect, test } from 'vitest';
import { compose, custom, serverPolicy } from '../../../src/core/policy.ts';
import {
  columnOf,
  defineSchema,
  policyOf,
  type SharedWhen,
  type TableInput,
  t,
  table,
  tableOf,
} from '../../../src/core/schema.ts';
import { SyncError } from '../../../src/shared/error.ts';

const schemaOf = (tables: Record<string, TableInput>) => defineSchema({ version: 1, tables });

const shared = (sharedWhen: SharedWhen) =>
  table(
    { id: t.uuid(), owner: t.uuid(), is_public: t.boolean(), at: t.timestamp() },
    { scope: { kind: 'user', by: 'owner', sharedWhen } },
  );

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof SyncError && error.kind === 'invalid-schema') return error.message;
    throw error;
  }
  throw new Error('The schema was taken.');
}

describe('defineSchema', () => {
  test('completes a table: key, scope, policy, value columns', () => {
    const { tables } = schemaOf({ note: table({ id: t.uuid(), text: t.text() }) });
    expect(tables.note).toMatchObject({
      name: 'note',
      primaryKey: ['id'],
      valueColumns: ['text'],
      scope: 'main',
      indexes: [],
      conflict: 'merge',
    });
  });

  test('takes composite keys, scopes by column, through the parent, and for null', () => {
    const { tables } = schemaOf({
      issue: table({ id: t.uuid(), project: t.text() }, { scope: { kind: 'project', by: 'project' } }),
      tag: table(
        { issue: t.uuid(), name: t.text() },
        { primaryKey: ['issue', 'name'], scope: { via: 'issue', table: 'issue' } },
      ),
      catalog: table(
        { id: t.uuid(), owner: t.text().nullable() },
        { scope: { kind: 'user', by: 'owner', whenNull: 'public' } },
      ),
    });
    expect(tables.tag?.primaryKey).toEqual(['issue', 'name']);
    expect(tables.catalog?.scope).toEqual({ kind: 'user', by: 'owner', whenNull: 'public' });
  });

  const id = t.uuid();
  const refused: Record<string, [() => unknown, RegExp]> = {
    'a version that is no whole number': [() => defineSchema({ version: 1.5, tables: {} }), /version/],
    'a table without columns': [() => schemaOf({ a: table({}) }), /no columns/],
    'a table name with SQL in it': [() => schemaOf({ 'a"; DROP TABLE b': table({ id }) }), /name/],
    'a reserved table name': [() => schemaOf({ _tidemark_outbox: table({ id }) }), /reserved/],
    'a reserved name in other letters': [() => schemaOf({ SQLite_master: table({ id }) }), /reserved/],
    'a column name with a space': [() => schemaOf({ a: table({ id, 'b c': t.text() }) }), /b c/],
    'columns that differ in case only': [() => schemaOf({ a: table({ id, B: t.text(), b: t.text() }) }), /case/],
    'a key that is no column': [() => schemaOf({ a: table({ key: t.text() }) }), /"id"/],
    'an empty key': [() => schemaOf({ a: table({ id }, { primaryKey: [] }) }), /empty/],
    'a nullable key': [() => schemaOf({ a: table({ id: t.text().nullable() }) }), /nullable/],
    'a counter as key': [() => schemaOf({ a: table({ id: t.counter() }) }), /counter/],
    'an index over no column': [() => schemaOf({ a: table({ id }, { indexes: [['x']] }) }), /"x"/],
    'an unknown policy': [() => schemaOf({ a: table({ id }, { conflict: 'newest' as never }) }), /newest/],
    'an unknown policy inside compose': [
      () => schemaOf({ a: table({ id, b: t.text().conflict(compose('nope' as never)) }) }),
      /nope/,
    ],
    'a shared row by no column': [() => schemaOf({ a: shared({ column: 'x', is: [true], scope: 'public' }) }), /"x"/],
    'a shared row by a kind that is not compared': [
      () => schemaOf({ a: shared({ column: 'at', is: ['now'], scope: 'public' }) }),
      /kind timestamp/,
    ],
    'a shared row by a value of another type': [
      () => schemaOf({ a: shared({ column: 'is_public', is: ['true'], scope: 'public' }) }),
      /never "true"/,
    ],
    'a shared row by no value': [
      () => schemaOf({ a: shared({ column: 'is_public', isNot: [], scope: 'public' }) }),
      /needs values/,
    ],
    'shared rows without a scope': [
      () => schemaOf({ a: shared({ column: 'is_public', is: [true], scope: '' }) }),
      /needs a scope/,
    ],
    'a scope by no column': [() => schemaOf({ a: table({ id }, { scope: { kind: 'k', by: 'x' } }) }), /"x"/],
    'a nullable scope without whenNull': [
      () => schemaOf({ a: table({ id, o: t.text().nullable() }, { scope: { kind: 'k', by: 'o' } }) }),
      /whenNull/,
    ],
    'a parent that is not there': [
      () => schemaOf({ a: table({ id, p: t.uuid() }, { scope: { via: 'p', table: 'gone' } }) }),
      /gone/,
    ],
    'parents in a circle': [
      () =>
        schemaOf({
          a: table({ id, b: t.uuid() }, { scope: { via: 'b', table: 'b' } }),
          b: table({ id, a: t.uuid() }, { scope: { via: 'a', table: 'a' } }),
        }),
      /circle/,
    ],
    'a parent with a composite key': [
      () =>
        schemaOf({
          a: table({ id, p: t.uuid() }, { scope: { via: 'p', table: 'b' } }),
          b: table({ x: t.text(), y: t.text() }, { primaryKey: ['x', 'y'] }),
        }),
      /several columns/,
    ],
  };

  test.each(Object.entries(refused))('refuses %s', (_what, [make, message]) => {
    expect(refusal(make)).toMatch(message);
  });
});

test('tableOf and columnOf do not find what only the prototype has', () => {
  const schema = schemaOf({ note: table({ id: t.uuid() }) });
  for (const name of ['constructor', 'toString', 'missing']) {
    expect(() => tableOf(schema, name)).toThrow(/has no table/);
    expect(() => columnOf(tableOf(schema, 'note'), name)).toThrow(/has no column/);
  }
});

test('a column keeps what it was given when it is refined', () => {
  const column = t.text().nullable().default('x').conflict('manual');
  expect(column).toMatchObject({ kind: 'text', isNullable: true, defaultValue: 'x', policy: 'manual' });
});

test('the policy of a column goes before that of its table', () => {
  const { tables } = schemaOf({
    a: table({ id: t.uuid(), b: t.text().conflict('manual'), c: t.text() }, { conflict: 'server-wins' }),
  });
  expect(policyOf(tables.a as never, 'b')).toBe('manual');
  expect(policyOf(tables.a as never, 'c')).toBe('server-wins');
});

test('the server leaves app code to the client', () => {
  const code = custom(() => undefined);
  expect(serverPolicy('server-wins')).toBe('server-wins');
  expect(serverPolicy(code)).toBe('manual');
  expect(serverPolicy(compose('client-wins', code))).toBe('client-wins');
  expect(serverPolicy(compose(code, 'client-wins'))).toBe('manual');
  expect(serverPolicy(compose())).toBe('manual');
});
