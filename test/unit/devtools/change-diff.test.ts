import { expect, test } from 'vitest';
import { changeDiff, changesWords, keyWords, opWords, undoDiff } from '../../../devtools/data/change-diff.ts';
import { draftsOf, editedChanges } from '../../../devtools/data/change-draft.ts';
import type { Change } from '../../../src/core/change.ts';
import { schema } from './schema.ts';

const patch: Change = {
  table: 'issue',
  key: ['a'],
  op: 'patch',
  columns: { done: 1, title: 'new' },
  counters: { votes: 2 },
  old: { title: 'old', done: 0, votes: 5 },
};

test('a patch shows old and new in app values and in the order of the schema', () => {
  expect(changeDiff(schema, patch)).toEqual([
    { column: 'title', before: 'old', after: 'new', increment: null },
    { column: 'done', before: false, after: true, increment: null },
    { column: 'votes', before: 5, after: 7, increment: 2 },
  ]);
});

test('discarding shows the way back', () => {
  expect(undoDiff(schema, patch).at(-1)).toEqual({ column: 'votes', before: 7, after: 5, increment: -2 });
});

test('a delete shows what goes', () => {
  const change: Change = { table: 'issue', key: ['a'], op: 'delete', columns: {}, old: { title: 'gone' } };
  expect(changeDiff(schema, change)).toEqual([{ column: 'title', before: 'gone', after: undefined, increment: null }]);
});

test('columns that this schema does not know are shown as they are', () => {
  const change: Change = { ...patch, columns: { legacy: 3 }, counters: {}, old: {} };
  expect(changeDiff(schema, change)).toEqual([{ column: 'legacy', before: undefined, after: 3, increment: null }]);
  expect(changeDiff(schema, { ...change, table: 'gone' })).toHaveLength(1);
});

test('a cell that is not what its column promises does not break the view', () => {
  const change: Change = { ...patch, columns: { data: '{broken' }, counters: {}, old: {} };
  expect(changeDiff(schema, change)[0]?.after).toBe('{broken');
});

test('words name what a mutation does', () => {
  expect(changesWords(schema, [patch])).toBe('update title, done, votes');
  const put: Change = { table: 'tag', key: ['a', 'red'], op: 'put', columns: {} };
  expect(changesWords(schema, [patch, put, put])).toBe('update 1 row, insert 2 rows');
  expect(opWords({ ...put, old: {} })).toBe('replace');
  expect(keyWords(schema, put)).toBe('issue_id=a, label=red');
  expect(keyWords(schema, patch)).toBe('a');
});

test('drafts that were not touched give the same changes', () => {
  expect(editedChanges(schema, [patch], draftsOf(schema, [patch]))).toEqual([patch]);
});

test('an edited draft changes its cell alone', () => {
  const [draft] = draftsOf(schema, [patch]);
  const typed = { ...draft, done: { text: 'false', isNull: false }, votes: { text: '9', isNull: false } };
  expect(editedChanges(schema, [patch], [typed])).toEqual([
    { ...patch, columns: { done: 0, title: 'new' }, counters: { votes: 9 } },
  ]);
});

test('a draft that cannot be stored gives no changes', () => {
  const typed = { votes: { text: 'many', isNull: false } };
  expect(editedChanges(schema, [patch], [typed])).toBeNull();
});
