import { expect, test } from 'vitest';
import {
  isComplete,
  kindWords,
  ownValues,
  previewRow,
  resolutionOf,
  suggestedChoices,
} from '../../../devtools/data/conflict-choice.ts';
import type { Conflict } from '../../../src/client/types.ts';
import { schema } from './schema.ts';

const base = { id: 'a', title: 'base', body: 'base', done: false, votes: 5 };
const conflict: Conflict = {
  id: 'c',
  mutationId: 1,
  table: 'issue',
  kind: 'update-update',
  key: { id: 'a' },
  state: 'open',
  columns: ['title', 'done'],
  fields: {
    title: { base: 'base', local: 'mine', remote: 'theirs' },
    done: { base: false, local: true, remote: null },
  },
  base,
  local: { ...base, title: 'mine', done: true, body: 'only mine', votes: 7 },
  remote: { ...base, title: 'theirs', votes: 10 },
  localIsLater: true,
  detectedAt: 1,
  remoteClientId: null,
  remoteAt: 1,
  localAt: 1,
  remoteSeq: 1,
  resolution: null,
};

test('one side for all columns is that side', () => {
  expect(resolutionOf(conflict, { title: { from: 'local' }, done: { from: 'local' } })).toBe('local');
  expect(resolutionOf(conflict, { title: { from: 'remote' }, done: { from: 'remote' } })).toBe('remote');
});

test('different sides, or a typed value, are a merge of the columns in conflict', () => {
  expect(resolutionOf(conflict, { title: { from: 'typed', value: 'both' }, done: { from: 'remote' } })).toEqual({
    merged: { title: 'both', done: null },
  });
  expect(resolutionOf(conflict, { title: { from: 'local' }, done: { from: 'remote' } })).toEqual({
    merged: { title: 'mine', done: null },
  });
});

test('what only this device changed is kept, counters as what was added', () => {
  expect(ownValues(schema, conflict)).toEqual({ body: 'only mine', votes: 12 });
});

test('the preview is the remote row with what is kept and what is chosen so far', () => {
  expect(previewRow(schema, conflict, { title: { from: 'local' } })).toEqual({
    ...base,
    title: 'mine',
    body: 'only mine',
    votes: 12,
  });
});

test('it is complete when each column has a choice', () => {
  expect(isComplete(conflict, { title: { from: 'local' } })).toBe(false);
  expect(isComplete(conflict, { title: { from: 'local' }, done: { from: 'remote' } })).toBe(true);
});

test('columns whose policy could decide alone are suggested, manual ones are not', () => {
  const wide = { ...conflict, columns: ['title', 'done', 'body'] };
  expect(suggestedChoices(schema, wide)).toEqual({ done: { from: 'remote' }, body: { from: 'local' } });
  expect(suggestedChoices(schema, { ...wide, localIsLater: false }).body).toEqual({ from: 'remote' });
});

test('a conflict with rows above or below says so in words', () => {
  const parents = [{ table: 'project', key: { id: 'p' }, row: { id: 'p' } }];
  const children = [{ table: 'comment', key: { id: 'c' } }];
  const words = (rest: Partial<Conflict>) => kindWords({ ...conflict, ...rest });
  expect([
    words({}),
    words({ kind: 'update-delete' }),
    words({ kind: 'update-delete', base: null, parents }),
    words({ kind: 'update-delete', parents }),
    words({ parents }),
    words({ kind: 'delete-update', children }),
  ]).toEqual([
    'Both sides changed the same columns.',
    'You changed this row; meanwhile it was deleted.',
    'You added this row below a project that was deleted meanwhile.',
    'You changed this row; meanwhile it was deleted, and the project above it too.',
    'You moved this row below a project that was deleted meanwhile.',
    'You deleted this row; meanwhile others worked on rows below it.',
  ]);
});
