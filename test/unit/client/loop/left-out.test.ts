import { expect, test } from 'vitest';
import { apartFrom } from '../../../../src/client/loop/left-out.ts';
import type { Change, Mutation } from '../../../../src/core/change.ts';

const put = (table: string, id: string, columns: Change['columns'] = {}): Change => ({
  table,
  key: [id],
  op: 'put',
  columns,
});

const mutations = (...changes: Change[][]): Mutation[] =>
  changes.map((list, index) => ({ mutationId: index + 1, hlc: '0'.repeat(16), base: 0, changes: list }));

const ids = (...changes: Change[][]) =>
  apartFrom(mutations(...changes), new Map([[1, true]])).map(({ mutationId }) => mutationId);

test('a mutation on other rows may go before', () => {
  expect(ids([put('issue', 'a')], [put('issue', 'b')])).toEqual([2]);
});

test('one on the same row may not, nor one that comes after that', () => {
  expect(ids([put('issue', 'a')], [put('issue', 'a'), put('issue', 'b')], [put('issue', 'b')])).toEqual([]);
});

test('one that refers to a row of those before it may not', () => {
  expect(ids([put('issue', 'a')], [put('comment', 'c', { issue_id: 'a' })], [put('comment', 'd')])).toEqual([3]);
});

test('a row whose key is made of another key may not', () => {
  expect(ids([put('issue', 'a')], [{ ...put('label', 'x'), key: ['a', 'x'] }])).toEqual([]);
});
