import { describe, expect, test } from 'vitest';
import { quoteName, sql, toStatement } from '../../../src/core/sql.ts';

describe('sql', () => {
  test('makes values parameters, whatever they hold', () => {
    const name = `x'; DROP TABLE issue; --`;
    expect(toStatement(sql`SELECT * FROM issue WHERE a = ${name} AND b = ${5}`)).toEqual({
      sql: 'SELECT * FROM issue WHERE a = ? AND b = ?',
      parameters: [name, 5],
    });
  });

  test('inlines fragments, with their parameters in order', () => {
    const open = sql`status = ${'open'}`;
    expect(toStatement(sql`SELECT ${1} WHERE ${open} AND ${sql`rank > ${2}`} LIMIT ${3}`)).toEqual({
      sql: 'SELECT ? WHERE status = ? AND rank > ? LIMIT ?',
      parameters: [1, 'open', 2, 3],
    });
  });

  test('joins lists, quotes names, and takes raw text as it is', () => {
    expect(toStatement(sql`a IN (${sql.join([1, sql`lower(${'X'})`])})`)).toEqual({
      sql: 'a IN (?, lower(?))',
      parameters: [1, 'X'],
    });
    expect(sql`${sql.identifier('we"ird')} ${sql.raw('DESC')}`.sql).toBe('"we""ird" DESC');
    expect(quoteName('a"b')).toBe('"a""b"');
  });

  test('an object that only looks like a fragment is a value, not SQL', () => {
    expect(toStatement(sql`SELECT ${{ sql: 'DROP TABLE issue', parameters: [] }}`)).toEqual({
      sql: 'SELECT ?',
      parameters: ['{"sql":"DROP TABLE issue","parameters":[]}'],
    });
  });
});

describe('toStatement', () => {
  test('takes { sql, parameters }, compile() and toSQL()', () => {
    const expected = { sql: 'SELECT ?', parameters: [1] };
    expect(toStatement({ sql: 'SELECT ?', parameters: [true] })).toEqual(expected);
    expect(toStatement({ compile: () => ({ sql: 'SELECT ?', parameters: [1] }) })).toEqual(expected);
    expect(toStatement({ toSQL: () => ({ sql: 'SELECT ?', params: [1] }) })).toEqual(expected);
  });

  test.each([
    ['a text', 'SELECT 1'],
    ['null', null],
    ['a number', 5],
    ['nothing in it', {}],
    ['empty SQL', { sql: ' ' }],
  ])('refuses %s', (_what, query) => {
    expect(() => toStatement(query as never)).toThrow(expect.objectContaining({ kind: 'invalid-query' }));
  });
});
