/** Checked by the compiler alone: what the hooks infer. Nothing here is ever called. */
import { sql as drizzleSql } from 'drizzle-orm';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { drizzle } from 'drizzle-orm/sqlite-proxy';
import type { Kysely } from 'kysely';
import {
  createSync,
  defineSchema,
  type InferInsert,
  type InferRow,
  type MutationOutcome,
  type RowStatus,
  type SyncPhase,
  type SyncStatus,
  sql,
  t,
  table,
  useConflicts,
  useRowStatus,
  useSuspenseSyncedQuery,
  useSync,
  useSyncedMutation,
  useSyncedQuery,
  useSyncStatus,
} from 'tidemark';
import { expectTypeOf } from 'vitest';

const schema = defineSchema({
  version: 1,
  tables: {
    issue: table({
      id: t.uuid(),
      title: t.text(),
      body: t.text().nullable(),
      votes: t.counter(),
      size: t.bigint(),
      labels: t.json<string[]>(),
    }),
    tag: table({ issue_id: t.uuid(), label: t.text() }, { primaryKey: ['issue_id', 'label'] }),
  },
});
type Schema = typeof schema;
type Issue = InferRow<Schema, 'issue'>;

export function rowsOfTheSchema() {
  expectTypeOf<Issue>().toEqualTypeOf<{
    id: string;
    title: string;
    body: string | null;
    votes: number;
    size: bigint;
    labels: string[];
  }>();
  expectTypeOf<InferInsert<Schema, 'issue'>>().toExtend<{ id: string; body?: string | null; votes?: number }>();
  // @ts-expect-error title must be given
  const missing: InferInsert<Schema, 'issue'> = { id: '', size: 1n, labels: [] };
  return missing;
}

export function QueriesOfTemplates() {
  const { data, isComplete } = useSyncedQuery(sql<Issue>`SELECT * FROM issue`);
  expectTypeOf(data).toEqualTypeOf<readonly Issue[] | undefined>();
  expectTypeOf(isComplete).toEqualTypeOf<boolean>();
  expectTypeOf(useSuspenseSyncedQuery(sql<Issue>`SELECT * FROM issue`).data).toEqualTypeOf<readonly Issue[]>();
  expectTypeOf(useSyncedQuery(sql`SELECT 1`).data).toEqualTypeOf<readonly Record<string, unknown>[] | undefined>();
  expectTypeOf(useSyncedQuery({ sql: 'SELECT 1', parameters: [] }).data).toEqualTypeOf<
    readonly Record<string, unknown>[] | undefined
  >();
  const { data: count } = useSyncedQuery(sql<Issue>`SELECT * FROM issue`, { select: (rows) => rows.length });
  expectTypeOf(count).toEqualTypeOf<number | undefined>();
  // @ts-expect-error the key is ours
  useSyncedQuery(sql`SELECT 1`, { queryKey: ['mine'] });
}

declare const kysely: Kysely<{ issue: { id: string; title: string; votes: number } }>;
const issueTable = sqliteTable('issue', { id: text().primaryKey(), votes: integer().notNull() });
const db = drizzle(async () => ({ rows: [] }));

export function QueriesOfBuilders() {
  expectTypeOf(useSyncedQuery(kysely.selectFrom('issue').select(['id', 'votes'])).data).toEqualTypeOf<
    readonly { id: string; votes: number }[] | undefined
  >();
  expectTypeOf(
    useSyncedQuery(db.select({ id: issueTable.id, votes: issueTable.votes }).from(issueTable)).data,
  ).toEqualTypeOf<readonly { id: string; votes: number }[] | undefined>();
  expectTypeOf(useSyncedQuery(db.select({ n: drizzleSql<number>`count(*)` }).from(issueTable)).data).toEqualTypeOf<
    readonly { n: number }[] | undefined
  >();
}

export function TypedWrites() {
  const sync = createSync({ schema });
  void sync.write(async (tx) => {
    await tx.insert('issue', { id: '', title: '', size: 1n, labels: ['a'] });
    await tx.update('tag', { issue_id: '', label: '' }, { label: 'b' });
    // @ts-expect-error there is no such table
    await tx.insert('isue', { id: '' });
    // @ts-expect-error votes are a number
    await tx.update('issue', '', { votes: 'many' });
  });
  void useSync<Schema>().write((tx) => tx.delete('issue', ''));
  // @ts-expect-error there is no such table
  void useSync<Schema>().write((tx) => tx.delete('isue', ''));

  const vote = useSyncedMutation((tx, id: string) => tx.run(sql`UPDATE issue SET votes = votes + 1 WHERE id = ${id}`));
  vote.mutate('');
  // @ts-expect-error the variable is a text
  vote.mutate(1);
  expectTypeOf(vote.data?.settled).toEqualTypeOf<Promise<MutationOutcome> | undefined>();
  expectTypeOf(vote.data?.result).toEqualTypeOf<number | undefined>();
  const done = useSyncedMutation(() => undefined);
  done.mutate();
}

export function StateHooks() {
  expectTypeOf(useSyncStatus()).toEqualTypeOf<SyncStatus>();
  expectTypeOf(useSyncStatus((status) => status.phase)).toEqualTypeOf<SyncPhase>();
  expectTypeOf(useRowStatus('issue', '')).toEqualTypeOf<RowStatus>();
  useRowStatus('tag', { issue_id: '', label: '' });
  void useConflicts().resolve('', { merged: { title: '' } });
  void useConflicts({ table: 'issue', state: 'resolved' }).resolveAll('local');
}
