import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../../scripts/csv.ts';
import { toRows } from '../../../scripts/csv-rows.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';

describe('parseCsv', () => {
  test('reads fields with commas, quotes and line breaks', () => {
    expect(parseCsv('a,"b"\n"1,2","say ""hi"""\r\n"two\nlines\r",x\n')).toEqual({
      columns: ['a', 'b'],
      rows: [
        ['1,2', 'say "hi"'],
        ['two\nlines\r', 'x'],
      ],
    });
  });

  test('tells an empty field from an empty text', () => {
    expect(parseCsv('a,b,c\n,"",\n').rows).toEqual([[null, '', null]]);
  });

  test('reads a last line without an end, and an empty last field', () => {
    expect(parseCsv('a,b\n1,2').rows).toEqual([['1', '2']]);
    expect(parseCsv('a,b\n1,').rows).toEqual([['1', null]]);
  });

  test('skips a byte order mark and blank lines', () => {
    expect(parseCsv('\uFEFFa\n\n1\n\n')).toEqual({ columns: ['a'], rows: [['1']] });
  });

  test('names the line of a quote that never ends', () => {
    expect(() => parseCsv('a\n1\n"open\n')).toThrow('Line 3');
  });
});

describe('toRows', () => {
  const schema = defineSchema({
    version: 1,
    tables: {
      issue: table({
        id: t.uuid(),
        creator_id: t.text().nullable(),
        body: t.text(),
        done: t.boolean(),
        votes: t.counter(),
        rank: t.integer(),
        created_at: t.timestamp(),
      }),
    },
  });
  const issue = schema.tables.issue;

  test('matches names in snake case, with _at, and by the names given', () => {
    const csv = parseCsv('id,creatorID,description,done,created,extra\nx,ann,hello,true,1726270936000.0,1');
    const { rows, ignored } = toRows(issue, csv, { description: 'body' });
    expect(rows).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8/),
        creator_id: 'ann',
        body: 'hello',
        done: true,
        rank: 0,
        created_at: '2024-09-13T23:42:16.000Z',
      },
    ]);
    expect(ignored).toEqual(['extra']);
  });

  test('makes the same UUID of the same id, and keeps a UUID', () => {
    const uuid = '0b4c1d9e-1f2a-4b3c-8d4e-5f60718293a4';
    const { rows } = toRows(issue, parseCsv(`id\nabc\nabc\nabd\n${uuid}`));
    const ids = rows.map(({ id }) => id);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(ids[3]).toBe(uuid);
  });
});
