// @vitest-environment happy-dom
import { renderHook, waitFor } from '@testing-library/react';
import { eq } from 'drizzle-orm';
import { integer, QueryBuilder, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { useSyncedQuery } from 'tidemark';
import { expect, test } from 'vitest';
import { insertIssues, openSync, within } from './harness.tsx';

const kysely = new Kysely<{ issue: { id: string; title: string; votes: number } }>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

const issue = sqliteTable('issue', { id: text().primaryKey(), title: text().notNull(), votes: integer().notNull() });
const drizzle = new QueryBuilder();

test('a Kysely query is live', async () => {
  const sync = openSync();
  await insertIssues(sync, 'a', 'b');
  const { result } = renderHook(
    () => useSyncedQuery(kysely.selectFrom('issue').select(['id', 'votes']).where('id', '=', 'b')),
    { wrapper: within(sync) },
  );
  await waitFor(() => expect(result.current.data).toEqual([{ id: 'b', votes: 0 }]));
});

test('a Drizzle query is live', async () => {
  const sync = openSync();
  await insertIssues(sync, 'a', 'b');
  const { result } = renderHook(
    () => useSyncedQuery(drizzle.select({ id: issue.id, votes: issue.votes }).from(issue).where(eq(issue.id, 'b'))),
    { wrapper: within(sync) },
  );
  await waitFor(() => expect(result.current.data).toEqual([{ id: 'b', votes: 0 }]));
});
