import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/shared/error.ts';
import { parseHistories } from '../../checker/history.ts';

function refusal(text: string): SyncError {
  try {
    parseHistories(text);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

const withOp = (op: object) => JSON.stringify([{ id: 1, txns: [{ c: 'a', ops: [op] }] }]);

describe('a file of histories', () => {
  test('is read, with clients and keys as texts', () => {
    const text = JSON.stringify([{ id: 'h', txns: [{ c: 1, at: 5, ops: [{ o: 'w', k: 7, v: 0 }] }] }]);
    expect(parseHistories(text)).toEqual([{ id: 'h', txns: [{ c: '1', ops: [{ o: 'w', k: '7', v: 0 }] }] }]);
  });

  test('may begin with a byte order mark', () => {
    expect(parseHistories('\uFEFF[]')).toEqual([]);
  });

  test.each([
    ['no JSON', '[{', 'not JSON'],
    ['no array', '{}', 'the file must be an array; received {}'],
    ['a history that is none', '[null]', '[0] must be an object; received null'],
    ['a history without id', '[{"txns":[]}]', '[0].id must be a text or an integer; received nothing'],
    ['a history without transactions', '[{"id":1}]', '[0].txns must be an array; received nothing'],
    ['a transaction without client', '[{"id":1,"txns":[{"ops":[]}]}]', '[0].txns[0].c must be'],
    ['a transaction without operations', '[{"id":1,"txns":[{"c":"a"}]}]', '[0].txns[0].ops must be an array'],
    ['an operation of another kind', withOp({ o: 'x', k: 'k', v: 1 }), '.ops[0].o must be "w" or "r"; received "x"'],
    ['a key that is none', withOp({ o: 'w', k: null, v: 1 }), '.ops[0].k must be a text or an integer; received null'],
    ['a fraction', withOp({ o: 'w', k: 'k', v: 0.5 }), '.ops[0].v must be an integer'],
    ['a value as text', withOp({ o: 'r', k: 'k', v: '1' }), '.ops[0].v must be an integer'],
    ['a written nothing', withOp({ o: 'w', k: 'k', v: -1 }), '.ops[0].v must be an integer from 0 on'],
  ])('is refused for %s', (_, text, message) => {
    expect(refusal(text)).toMatchObject({ kind: 'invalid-value', message: expect.stringContaining(message) });
  });
});
