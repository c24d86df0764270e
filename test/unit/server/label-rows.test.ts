import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import { sqliteStorage } from '../../../src/server/sqlite/index.ts';
import { ana, manualRuntime, memoryService, put, temporaryFile } from './support/fixture.ts';
import { ModelClient } from './support/model-client.ts';

const issue = { id: t.text(), project_id: t.text() };
const comment = table({ id: t.text(), issue_id: t.text() }, { scope: { via: 'issue_id', table: 'issue' } });
const everybody: Schema = defineSchema({ version: 1, tables: { comment, issue: table(issue) } });
const byProject: Schema = defineSchema({
  version: 2,
  tables: { comment, issue: table(issue, { scope: { kind: 'project', by: 'project_id' } }) },
});
const extended: Schema = defineSchema({
  version: 3,
  tables: { comment, issue: table(issue), extra: table({ id: t.text() }) },
});

describe('the scopes of rows, when the server starts', () => {
  let place: ReturnType<typeof temporaryFile>;

  beforeEach(() => {
    place = temporaryFile();
  });

  afterEach(() => place.remove());

  const runtime = manualRuntime();
  const start = (schema: Schema, readable: string[]) =>
    memoryService({
      schema,
      runtime,
      storage: sqliteStorage({ file: place.file }),
      access: () => ({ read: readable, write: '*' }),
    });

  async function pull(schema: Schema, readable: string[], client?: ModelClient) {
    const service = await start(schema, readable);
    const model = new ModelClient({ service, schema, identity: ana });
    if (client) {
      model.cursor = client.cursor;
      model.scopes = client.scopes;
    }
    await model.pullAll().finally(() => service.close());
    return model;
  }

  test('follow a rule that has changed, under a new epoch', async () => {
    const first = await start(everybody, ['main']);
    await first.mutate(null, [put('issue', ['1'], { project_id: 'p1' }), put('issue', ['2'], { project_id: 'p2' })]);
    await first.mutate(null, [put('comment', ['c1'], { issue_id: '1' }), put('comment', ['c2'], { issue_id: '2' })]);
    await first.mutate(null, [put('comment', ['c3'], { issue_id: '1' })]);
    await first.close();
    const before = await pull(everybody, ['main']);
    expect(before.rows('issue')).toHaveLength(2);
    await expect(pull(byProject, ['project:p1'], before)).rejects.toMatchObject({ kind: 'epoch' });
    const after = await pull(byProject, ['project:p1']);
    expect([after.rows('issue'), after.rows('comment')]).toEqual([
      [{ id: '1', project_id: 'p1' }],
      [
        { id: 'c1', issue_id: '1' },
        { id: 'c3', issue_id: '1' },
      ],
    ]);
    expect((await pull(byProject, ['main'])).rows('issue')).toEqual([]);
    before.cursor = { epoch: after.cursor?.epoch ?? '', seq: 0 };
    await expect(pull(byProject, ['main'], before)).rejects.toMatchObject({ kind: 'resync' });
  });

  test('leave the epoch alone when tables are added', async () => {
    const before = await pull(everybody, ['main']);
    expect((await pull(everybody, ['main'], before)).cursor).toEqual(before.cursor);
    const after = await start(extended, ['main']);
    expect(after.stats().epoch).toBe(before.cursor?.epoch);
    await after.close();
  });

  test('are given to rows that were there before', async () => {
    const database = new DatabaseSync(place.file);
    database.exec(`CREATE TABLE issue (id TEXT NOT NULL, project_id TEXT NOT NULL, PRIMARY KEY (id)) STRICT`);
    database.exec(`INSERT INTO issue VALUES ('1', 'p1'), ('2', 'p2')`);
    database.close();
    const client = await pull(byProject, ['project:p2']);
    expect(client.rows('issue')).toEqual([{ id: '2', project_id: 'p2' }]);
  });
});
