// @vitest-environment happy-dom
import { cleanup, configure, render, screen, waitFor } from '@testing-library/react';
import { sql, useSyncedQuery } from 'tidemark';
import { defineSchema, SyncError, t, table } from 'tidemark/core';
import { syncOf, withSync } from 'tidemark/testing';
import { afterEach, expect, test } from 'vitest';

// The first to open a database loads SQLite, on a machine that may have much else to do.
configure({ asyncUtilTimeout: 10_000 });

const schema = defineSchema({ version: 1, tables: { issue: table({ id: t.text(), title: t.text() }) } });
const decorate = withSync({ schema, rows: { issue: [{ id: 'a', title: 'Gulls' }] }, fallback: <p>opening</p> });
const story = { id: 'list--normal' };

function Titles() {
  const { data = [] } = useSyncedQuery(sql<{ title: string }>`SELECT title FROM issue`);
  return <p>{data.map(({ title }) => title).join(', ')}</p>;
}

afterEach(cleanup);

test('a story has its rows, and a sync of its own for its play', async () => {
  render(decorate(Titles, story));
  expect(screen.getByText('opening')).toBeDefined();
  await screen.findByText('Gulls');
  await syncOf(story).write((tx) => tx.update('issue', 'a', { title: 'Terns' }));
  await screen.findByText('Terns');
});

test('a story that is shown anew begins anew', async () => {
  const first = render(decorate(Titles, story));
  await screen.findByText('Gulls');
  await syncOf(story).write((tx) => tx.delete('issue', 'a'));
  first.unmount();
  expect(() => syncOf(story)).toThrow(SyncError);
  render(decorate(Titles, story));
  await screen.findByText('Gulls');
});

test('a page of documentation shows a story twice: each has its own rows, and one may go', async () => {
  const first = render(decorate(Titles, story));
  await screen.findByText('Gulls');
  const ofFirst = syncOf(story);
  const second = render(decorate(Titles, story));
  await waitFor(() => expect(screen.getAllByText('Gulls')).toHaveLength(2));
  await syncOf(story).write((tx) => tx.update('issue', 'a', { title: 'Terns' }));
  await screen.findByText('Terns');
  expect(screen.getAllByText('Gulls')).toHaveLength(1);
  expect(syncOf(story)).not.toBe(ofFirst);
  first.unmount();
  expect(await syncOf(story).query(sql<{ title: string }>`SELECT title FROM issue`)).toEqual([{ title: 'Terns' }]);
  second.unmount();
});
