import { describe, expect, test } from 'vitest';
import { csvText, jsonText } from '../../../devtools/data/export-text.ts';

describe('rows as CSV', () => {
  test('tell null from an empty text, and quote what needs it', () => {
    const rows = [
      { id: 1, text: 'plain', more: null },
      { id: 2n, text: 'a "quoted", line\nbreak', more: '' },
      { id: 3, text: ['x'], more: new Uint8Array([10, 255]) },
    ];
    expect(csvText(['id', 'text', 'more'], rows)).toBe(
      'id,text,more\r\n1,plain,\r\n2,"a ""quoted"", line\nbreak",""\r\n3,"[""x""]",0aff\r\n',
    );
  });

  test('have their heading without any row', () => {
    expect(csvText(['id', 'a,b'], [])).toBe('id,"a,b"\r\n');
  });
});

test('rows as JSON keep large integers as text', () => {
  expect(JSON.parse(jsonText([{ n: 2n ** 60n, b: new Uint8Array([1]) }]))).toEqual([
    { n: '1152921504606846976', b: '01' },
  ]);
});
