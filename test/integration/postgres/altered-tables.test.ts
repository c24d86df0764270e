import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Column, defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { Pusher, patch } from '../../unit/server/support/fixture.ts';
import type { ModelClient } from '../../unit/server/support/model-client.ts';
import { createWorld, pulled, type World } from './world.ts';

const schemaWith = (columns: Record<string, Column>, version = 2): Schema =>
  defineSchema({ version, tables: { note: table({ id: t.integer(), title: t.text(), ...columns }) } });
const schema = schemaWith({ n: t.integer(), body: t.text().nullable() });

const TABLES = `
  CREATE TABLE note (id integer PRIMARY KEY, title text NOT NULL, n integer NOT NULL DEFAULT 1, body text, extra text);
  INSERT INTO note (id, title) SELECT i, 'Note ' || i FROM generate_series(1, 20) i`;

let world: World;
let service: SyncService;
let client: ModelClient;
const troubles: string[] = [];

beforeEach(async () => {
  troubles.length = 0;
  world = await createWorld(schema, TABLES);
  service = await node();
  client = await pulled(service, schema);
});
afterEach(() => world.close());

function node(options: { schema?: Schema } = {}): Promise<SyncService> {
  const quiet = () => undefined;
  const logger = {
    info: quiet,
    warn: quiet,
    error: (fields: object) => void troubles.push(String((fields as { error: unknown }).error)),
  };
  return world.node({ logger, ...options }, { pollMs: 20 });
}

/** Asks until it is so: the node looks after its database by itself, now and then. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}

/** What the database holds, as clients have it. */
async function stored(columns = 'id, title, n, body'): Promise<Record<string, unknown>[]> {
  const rows = await world.database.sql.unsafe(`SELECT ${columns} FROM note ORDER BY id`);
  // The driver has texts for bigint.
  return rows.map((row) => ({ ...row, id: Number(row.id), n: Number(row.n) }));
}

const byId = (rows: readonly Record<string, unknown>[]) => rows.toSorted((a, b) => Number(a.id) - Number(b.id));

/** Resolves once a client that follows has what the database has. */
async function followed(): Promise<void> {
  await until(async () => {
    await client.pullAll();
    return JSON.stringify(byId(client.rows('note'))) === JSON.stringify(await stored());
  });
}

/** A session of long standing, whose plans were made before the table changed, and writes without a pause. */
function writer(columns = 'title = $2') {
  const sql = world.database.connect();
  let isWriting = true;
  const write = async () => {
    let count = 0;
    for (; isWriting; count += 1) {
      const id = 1 + (count % 20);
      await sql.unsafe(`UPDATE note SET ${columns} WHERE id = $1`, [id, `Written ${count}`]);
      await sql.unsafe(`INSERT INTO note (id, title) VALUES ($1, $2)`, [1_000 + count, `New ${count}`]);
      if (count % 3 === 0) await sql.unsafe('DELETE FROM note WHERE id = $1', [1_000 + count]);
    }
    return count;
  };
  const writing = write();
  return {
    end: () => {
      isWriting = false;
      return writing;
    },
  };
}

describe('a table that is altered while others write to it', () => {
  test.each([
    ['a column more', 'ALTER TABLE note ADD COLUMN more text'],
    ['another type that fits', 'ALTER TABLE note ALTER COLUMN n TYPE bigint'],
    ['other values with it', 'ALTER TABLE note ALTER COLUMN n TYPE smallint USING n * 7'],
    ['another text type', `ALTER TABLE note ALTER COLUMN body TYPE varchar USING coalesce(body, 'none')`],
    ['a wider key', 'ALTER TABLE note ALTER COLUMN id TYPE bigint'],
    [
      'two columns that swap names',
      'ALTER TABLE note RENAME title TO t; ALTER TABLE note RENAME extra TO title; UPDATE note SET title = t; ALTER TABLE note ALTER title SET NOT NULL; ALTER TABLE note DROP COLUMN t',
    ],
  ])('goes on by itself with %s', async (_what, ddl) => {
    const other = writer();
    await until(() => service.stats().head > 10);
    await world.database.sql.unsafe(ddl);
    const { head } = service.stats();
    await until(() => service.stats().head > head + 10);
    await other.end();
    await followed();
    const device = new Pusher(service, 'device');
    const outcome = await device.push([patch('note', [1], { n: 5 })], { base: client.cursor?.seq ?? 0 });
    expect(outcome.outcome).toBe('applied');
    await followed();
    expect((await stored())[0]).toMatchObject({ n: expect.toSatisfy((n) => Number(n) === 5) });
    expect(troubles).toEqual([]);
  });

  test.each([
    ['dropped', 'DROP COLUMN body', 'ADD COLUMN body text', 'column body is not in the database'],
    ['renamed', 'RENAME n TO number', 'RENAME number TO n', 'column n is not in the database'],
    [
      'of a type that does not fit',
      'ALTER COLUMN n TYPE text',
      'ALTER COLUMN n TYPE integer USING n::integer',
      'column n is text in the database and integer in the schema',
    ],
    ['gone with its table', 'RENAME TO notes', 'RENAME TO note', 'no table public.note'],
  ])('is named when a column of the schema is %s, and taken up again once it fits', async (what, ddl, undo, reason) => {
    const other = writer();
    await until(() => service.stats().head > 10);
    if (what === 'gone with its table') await other.end();
    await world.database.sql.unsafe(`ALTER TABLE note ${ddl}`);
    await until(() => troubles.length > 0);
    await expect(service.check()).rejects.toThrow(reason);
    await expect(new Pusher(service, 'device').push([patch('note', [1], { title: 'x' })])).rejects.toThrow(reason);
    // Nobody else is bothered.
    const { sql } = world.database;
    const name = what === 'gone with its table' ? 'notes' : 'note';
    await sql.unsafe(`UPDATE ${name} SET title = 'Unseen' WHERE id <= 5; DELETE FROM ${name} WHERE id = 6`);
    await sql.unsafe(`INSERT INTO ${name} (id, title) VALUES (500, 'Unseen')`);
    await sql.unsafe(`ALTER TABLE ${name} ${undo}`);
    await until(() =>
      service.check().then(
        () => true,
        () => false,
      ),
    );
    await other.end();
    await followed();
    expect(troubles).toEqual([expect.stringContaining(reason)]);
  });

  test('serves a server without the column at once, and the changes made meanwhile', async () => {
    const { sql } = world.database;
    await sql`ALTER TABLE note DROP COLUMN body`;
    await sql`UPDATE note SET title = 'After' WHERE id = 3`;
    await until(() => troubles.length > 0);
    const next = schemaWith({ n: t.integer() }, 3);
    const fresh = await pulled(await node({ schema: next }), next);
    expect(byId(fresh.rows('note'))).toEqual(await stored('id, title, n'));
    expect(fresh.rows('note').find(({ id }) => id === 3)).toMatchObject({ title: 'After' });
  });
});

test('triggers that were switched off are noticed, and what went by them is told', async () => {
  const { sql } = world.database;
  await sql.unsafe(`BEGIN; ALTER TABLE note DISABLE TRIGGER ALL; UPDATE note SET title = 'Went by' WHERE id < 4;
    DELETE FROM note WHERE id = 9; COMMIT`);
  await followed();
  await sql`UPDATE note SET title = 'Captured' WHERE id = 10`;
  await followed();
});

test('what is only told anew does not count as a change of anybody', async () => {
  const { sql } = world.database;
  const base = client.cursor?.seq ?? 0;
  await sql`ALTER TABLE note ALTER COLUMN n TYPE bigint`;
  await until(() => service.stats().head > base);
  const outcome = await new Pusher(service, 'device').push([patch('note', [1], { title: 'Mine' })], {
    base,
    decides: ['note'],
  });
  expect(outcome).toMatchObject({ outcome: 'applied', conflicts: [] });
});
