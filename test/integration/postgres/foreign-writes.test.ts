import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { NOW, Pusher, patch, put, remove } from '../../unit/server/support/fixture.ts';
import { createWorld, heard, lateHlc, numberNow, pulled, type World } from './world.ts';

const schema: Schema = defineSchema({
  version: 2,
  tables: {
    comment: table(
      { id: t.integer(), issue_id: t.text(), body: t.text() },
      { scope: { via: 'issue_id', table: 'issue' } },
    ),
    issue: table(
      { id: t.text(), project: t.text(), title: t.text(), comments: t.counter(), touched: t.integer().nullable() },
      { scope: { kind: 'project', by: 'project' } },
    ),
  },
});

const TABLES = `
  CREATE TABLE issue (
    id text PRIMARY KEY, project text NOT NULL, title text NOT NULL, comments integer NOT NULL DEFAULT 0, touched integer,
    internal_note text DEFAULT 'not synced'
  );
  CREATE TABLE comment (
    id integer PRIMARY KEY,
    issue_id text NOT NULL REFERENCES issue ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    body text NOT NULL
  );
  INSERT INTO issue VALUES ('old', 'p1', 'Was there before', 1);
  INSERT INTO comment VALUES (1, 'old', 'So was I');
`;

let world: World;
let service: SyncService;

beforeEach(async () => {
  world = await createWorld(schema, TABLES);
  service = await world.node();
});
afterEach(() => world.close());

const issues = async () => (await pulled(service, schema)).rows('issue');
const newIssue = (id: string, rest: Record<string, string | number | null> = {}) =>
  put('issue', [id], { project: 'p1', title: 'New', comments: 0, touched: null, ...rest });

describe('what other programs write', () => {
  test('is taken over from before, with its scopes', async () => {
    const client = await pulled(service, schema);
    expect(client.rows('issue')).toEqual([
      { id: 'old', project: 'p1', title: 'Was there before', comments: 1, touched: null },
    ]);
    expect(client.rows('comment')).toEqual([{ id: 1, issue_id: 'old', body: 'So was I' }]);
  });

  test('is later than the rows it changes, though a device with a fast clock wrote them', async () => {
    const inSeconds = (seconds: number) => Date.now() + seconds * 1_000 - NOW;
    const { seq: base } = await new Pusher(service, 'ahead').push([newIssue('a')], { at: inSeconds(50) });
    await world.database.sql`UPDATE issue SET title = 'Raw' WHERE id = 'a'`;
    await numberNow(service);
    const older = [patch('issue', 'a', { title: 'Before that' })];
    expect(await new Pusher(service, 'late').push(older, { at: inSeconds(40), base: base ?? 0 })).toMatchObject({
      outcome: 'merged',
      seq: null,
    });
    expect(await issues()).toContainEqual(expect.objectContaining({ id: 'a', title: 'Raw' }));
  });

  test('arrives as one commit for each of its transactions, a child before its parent too', async () => {
    const client = await pulled(service, schema);
    const { sql } = world.database;
    await sql.begin(async (tx) => {
      await tx`INSERT INTO comment VALUES (2, 'a', 'First')`;
      await tx`INSERT INTO issue (id, project, title) VALUES ('a', 'p1', 'Raw')`;
      await tx`UPDATE issue SET title = 'Raw, corrected' WHERE id = 'a'`;
    });
    await sql`UPDATE issue SET title = 'Later' WHERE id = 'old'`;
    await sql`DELETE FROM comment WHERE id = 1`;
    await numberNow(service);
    const transactions = (await client.pullChain()).flatMap((page) => page.transactions);
    expect(
      transactions.map(({ clientId, changes }) => [clientId, changes.map(({ table: of, op }) => `${op} ${of}`)]),
    ).toEqual([
      [null, ['put comment', 'put issue']],
      [null, ['patch issue']],
      [null, ['delete comment']],
    ]);
    expect(client.rows('issue')).toEqual([
      { id: 'a', project: 'p1', title: 'Raw, corrected', comments: 0, touched: null },
      { id: 'old', project: 'p1', title: 'Later', comments: 1, touched: null },
    ]);
  });

  test('wakes every node by itself', async () => {
    const other = await world.node();
    await world.database.sql`UPDATE issue SET title = 'Psql was here' WHERE id = 'old'`;
    await Promise.all([heard(service, 1), heard(other, 1)]);
    expect(await issues()).toMatchObject([{ title: 'Psql was here' }]);
  });

  test('leaves nothing when it is rolled back, or concerns other columns only', async () => {
    const { sql } = world.database;
    await sql
      .begin(async (tx) => {
        await tx`DELETE FROM issue`;
        throw new Error('no');
      })
      .catch(() => undefined);
    await sql`UPDATE issue SET internal_note = 'x', title = title`;
    await numberNow(service);
    expect(service.stats().head).toBe(0);
    expect(await issues()).toHaveLength(1);
  });

  test('is not skipped when transactions commit in another order than they wrote', async () => {
    const slow = world.database.connect();
    await slow`BEGIN`;
    await slow`INSERT INTO issue (id, project, title) VALUES ('slow', 'p1', 'Began first')`;
    await world.database.sql`INSERT INTO issue (id, project, title) VALUES ('fast', 'p1', 'Committed first')`;
    await numberNow(service);
    const client = await pulled(service, schema);
    expect(client.rows('issue').map(({ id }) => id)).toEqual(['fast', 'old']);
    await slow`COMMIT`;
    await numberNow(service);
    await client.pullAll();
    expect(client.rows('issue').map(({ id }) => id)).toEqual(['fast', 'old', 'slow']);
  });

  test('may change keys, scopes and whole tables', async () => {
    const client = await pulled(service, schema);
    const { sql } = world.database;
    await sql`INSERT INTO issue (id, project, title) VALUES ('a', 'p1', 'A')`;
    await sql`UPDATE issue SET id = 'b' WHERE id = 'a'`;
    await numberNow(service);
    await client.pullAll();
    expect(client.rows('issue').map(({ id }) => id)).toEqual(['b', 'old']);
    await sql`UPDATE issue SET project = 'p2' WHERE id = 'old'`;
    await numberNow(service);
    const [moved] = (await client.pullChain()).flatMap((page) => page.transactions);
    expect(moved?.changes.map(({ table: of, op }) => `${op} ${of}`)).toEqual(['put issue', 'put comment']);
    await sql`TRUNCATE issue, comment`;
    await numberNow(service);
    await client.pullAll();
    expect([client.rows('issue'), client.rows('comment')]).toEqual([[], []]);
  });

  test('moves the children of a row away from those who may not see its new scope', async () => {
    const access = () => ({ read: ['project:p1'], write: ['project:p1'] });
    const restricted = await world.node({ access });
    const client = await pulled(restricted, schema);
    expect(client.rows('comment')).toHaveLength(1);
    await world.database.sql`UPDATE issue SET project = 'p2' WHERE id = 'old'`;
    await numberNow(restricted);
    await client.pullAll();
    expect([client.rows('issue'), client.rows('comment')]).toEqual([[], []]);
  });

  test('takes along what was left below a row that it makes anew elsewhere', async () => {
    const access = () => ({ read: ['project:p1'], write: ['project:p1'] });
    const restricted = await world.node({ access });
    const client = await pulled(restricted, schema);
    const { sql } = world.database;
    // Else Postgres deletes the comments with their issue.
    await sql`ALTER TABLE comment DROP CONSTRAINT comment_issue_id_fkey`;
    await sql`DELETE FROM issue WHERE id = 'old'`;
    await numberNow(restricted);
    await client.pullAll();
    expect([client.rows('issue'), client.rows('comment')]).toMatchObject([[], [{ id: 1 }]]);
    await sql`INSERT INTO issue VALUES ('old', 'p2', 'There again')`;
    await numberNow(restricted);
    await client.pullAll();
    expect([client.rows('issue'), client.rows('comment')]).toEqual([[], []]);
  });

  test('meets the writes of clients as those of another device would', async () => {
    const device = new Pusher(service, 'a');
    await device.push([newIssue('a')]);
    await world.database.sql`UPDATE issue SET title = 'By psql' WHERE id = 'a'`;
    const merged = await device.push([patch('issue', 'a', { touched: 5 })], { base: 1 });
    expect(merged.outcome).toBe('merged');
    const conflict = await device.push([patch('issue', 'a', { title: 'By a' })], { base: 1, decides: ['issue'] });
    expect(conflict).toMatchObject({
      outcome: 'conflict',
      conflicts: [{ kind: 'update-update', columns: ['title'], remote: { title: 'By psql' } }],
    });
  });

  test('shows in a snapshot only together with the log that knows of it', async () => {
    const device = new Pusher(service, 'a');
    await device.push([newIssue('a')]);
    const client = await pulled(service, schema);
    await device.push([patch('issue', 'a', { title: 'Patched' })]);
    // Nobody has numbered this yet: the row is gone from the table, and the log still has patches for it.
    await world.database.sql`DELETE FROM issue WHERE id = 'a'`;
    const fresh = await pulled(service, schema);
    await client.pullAll();
    expect(fresh.rows('issue')).toEqual(client.rows('issue'));
  });
});

describe('transactions that get in the way of a push', () => {
  test('are waited for, and seen', async () => {
    const device = new Pusher(service, 'a');
    await device.push([newIssue('a')]);
    const psql = world.database.connect();
    await psql`BEGIN`;
    await psql`UPDATE issue SET title = 'By psql' WHERE id = 'a'`;
    const pushing = device.push([patch('issue', 'a', { touched: 1 })], { base: 1 });
    await waitingForLock(world);
    await psql`COMMIT`;
    expect((await pushing).outcome).toBe('merged');
    expect(await issues()).toMatchObject([{ title: 'By psql', touched: 1 }, { id: 'old' }]);
  });

  test('may insert the same row', async () => {
    const device = new Pusher(service, 'a');
    const psql = world.database.connect();
    await psql`BEGIN`;
    await psql`INSERT INTO issue (id, project, title) VALUES ('a', 'p1', 'By psql')`;
    const pushing = device.push([newIssue('a', { title: 'By a' })], { decides: ['issue'] });
    await waitingForLock(world);
    await psql`COMMIT`;
    expect(await pushing).toMatchObject({ outcome: 'conflict', conflicts: [{ kind: 'insert-insert' }] });
  });

  test('do not stop others for long, and their row is written once they are done', async () => {
    const patient = await world.node({}, { lockTimeoutMs: 20 });
    const [a, b] = [new Pusher(patient, 'a'), new Pusher(patient, 'b')];
    await a.push([newIssue('a'), newIssue('b')]);
    const psql = world.database.connect();
    await psql`BEGIN`;
    await psql`UPDATE issue SET title = 'Held' WHERE id = 'a'`;
    const mutation = a.mutation([patch('issue', 'a', { touched: 1 })], { base: 1 });
    const [held, free] = await Promise.allSettled([a.send([mutation]), b.push([patch('issue', 'b', { touched: 1 })])]);
    expect(held).toMatchObject({ status: 'rejected', reason: { kind: 'server' } });
    expect(free).toMatchObject({ status: 'fulfilled', value: { seq: 2 } });
    await psql`ROLLBACK`;
    expect(await a.send([mutation])).toMatchObject([{ outcome: 'applied' }]);
  });
});

describe('what the database makes of a push', () => {
  test('by cascade reaches the clients', async () => {
    const client = await pulled(service, schema);
    const device = new Pusher(service, 'a');
    expect((await device.push([remove('issue', 'old')])).outcome).toBe('applied');
    await client.pullAll();
    expect([client.rows('issue'), client.rows('comment')]).toEqual([[], []]);
  });

  test('by BEFORE triggers and defaults is what everybody sees, and counts as the writer’s own', async () => {
    await world.database.sql.unsafe(`
      CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.title := btrim(NEW.title); NEW.touched := coalesce(OLD.touched, 0) + 1; RETURN NEW; END $$;
      CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON issue FOR EACH ROW EXECUTE FUNCTION tidy()`);
    const client = await pulled(service, schema);
    const device = new Pusher(service, 'a');
    await device.push([newIssue('a', { title: '  spaced ' })]);
    await device.push([patch('issue', 'a', { title: ' again  ' })], { base: 0 });
    const fresh = await pulled(service, schema);
    await client.pullAll();
    expect(client.rows('issue')).toEqual(fresh.rows('issue'));
    expect(client.rows('issue')).toMatchObject([{ id: 'a', title: 'again', touched: 2 }, { id: 'old' }]);
    // Nobody else was there: nothing to merge with, not even for a deletion that has seen none of it.
    expect((await device.push([remove('issue', 'a')], { base: 0 })).outcome).toBe('applied');
  });

  test('by AFTER triggers on other rows, and on the same, follows at once', async () => {
    await world.database.sql.unsafe(`
      CREATE FUNCTION count_comments() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN UPDATE issue SET comments = comments + 1 WHERE id = NEW.issue_id; RETURN NULL; END $$;
      CREATE TRIGGER a_count AFTER INSERT ON comment FOR EACH ROW EXECUTE FUNCTION count_comments();
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.touched IS DISTINCT FROM 7 THEN UPDATE issue SET touched = 7 WHERE id = NEW.id; END IF; RETURN NULL; END $$;
      CREATE TRIGGER a_touch AFTER UPDATE ON issue FOR EACH ROW EXECUTE FUNCTION touch()`);
    const client = await pulled(service, schema);
    const device = new Pusher(service, 'a');
    await device.push([put('comment', [5], { issue_id: 'old', body: 'x' })]);
    await world.database.sql`UPDATE issue SET title = 'By psql' WHERE id = 'old'`;
    await numberNow(service);
    await client.pullAll();
    const fresh = await pulled(service, schema);
    expect(client.rows('issue')).toEqual(fresh.rows('issue'));
    expect(client.rows('issue')).toMatchObject([{ title: 'By psql', comments: 2, touched: 7 }]);
  });
});

test('a stamp of another program is its own clock’s, so that the later write wins', async () => {
  const device = new Pusher(service, 'a');
  await world.database.sql`UPDATE issue SET title = 'By psql' WHERE id = 'old'`;
  const mutation = { ...device.mutation([patch('issue', 'old', { title: 'Later, by a' })]), hlc: lateHlc(), base: 0 };
  await device.send([mutation]);
  expect(await issues()).toMatchObject([{ title: 'Later, by a' }]);
});

/** Resolves once some connection waits for a lock. */
async function waitingForLock({ database }: World): Promise<void> {
  for (let isWaiting = false; !isWaiting; ) {
    const rows =
      await database.sql`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    isWaiting = rows.length > 0;
  }
}
