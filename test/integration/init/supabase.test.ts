/** A Supabase project that knows nothing of tidemark, taken from `init` to two devices in sync, and back. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { main } from '../../../src/cli/main.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';

// Each test starts a database, a server and devices of its own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const project = readFileSync(new URL('./supabase-project.sql', import.meta.url), 'utf8');
const SECRET = 'a secret of at least 32 characters';
const ANNA = '11111111-1111-4111-8111-111111111111';
const BEN = '22222222-2222-4222-8222-222222222222';
const SALT = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-init-'));
  database = await createDatabase();
  await database.sql.unsafe(project);
  await database.sql.unsafe(`
    INSERT INTO auth.users (id, email) VALUES ('${ANNA}', 'anna@example.com'), ('${BEN}', 'ben@example.com');
    INSERT INTO profiles (id, display_name) VALUES ('${ANNA}', 'Anna'), ('${BEN}', 'Ben');
    INSERT INTO ingredients (id, created_by, name) VALUES ('${SALT}', NULL, 'salt'), (gen_random_uuid(), '${ANNA}', 'secret spice');
    INSERT INTO recipes (id, author_id, title) VALUES ('eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee', '${ANNA}', 'Stew');
    INSERT INTO recipe_steps (recipe_id, position) SELECT 'eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee', generate_series(1, 3);
    INSERT INTO kitchens (id, owner_id, name) VALUES ('cccccccc-cccc-4ccc-8ccc-cccccccccccc', '${ANNA}', 'Corner');`);
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** A command in this process. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const started = start(args, env);
  return { code: await started.code, text: started.printed.join('\n'), warned: started.warned.join('\n') };
}

function start(args: readonly string[], env: Readonly<Record<string, string>>) {
  const printed: string[] = [];
  const warned: string[] = [];
  const stop = new AbortController();
  const { promise: said, resolve } = Promise.withResolvers<void>();
  const code = main(args, {
    cwd: folder,
    env,
    print: (text) => {
      printed.push(text);
      resolve();
    },
    warn: (text) => void warned.push(text),
    stop: stop.signal,
  });
  return { code, printed, warned, stop, said: Promise.race([said, code]) };
}

const init = (...more: string[]) => run(['init', 'postgres', '--url', database.url, ...more]);

/** What a device loads of the file that `init` wrote. */
async function serveProject(): Promise<{ url: string; schema: Schema }> {
  expect((await init()).warned).toBe('');
  const served = start(['serve', '--port', '0'], {
    TIDEMARK_SCHEMA: 'tidemark.schema.ts',
    TIDEMARK_HOOKS: 'tidemark.access.ts',
    TIDEMARK_DATABASE_URL: database.url,
    TIDEMARK_JWT_SECRET: SECRET,
    TIDEMARK_ROW_LEVEL_SECURITY: 'on',
  });
  await served.said;
  closing.push(() => {
    served.stop.abort();
    return served.code;
  });
  const url = /http:\S+/.exec(served.printed.join('\n'))?.[0] ?? `no url: ${served.warned.join('\n')}`;
  const { schema } = await import(join(folder, 'tidemark.schema.ts'));
  return { url, schema };
}

async function device({ url, schema }: { url: string; schema: Schema }, user: string) {
  const { text: token } = await run(['token', '--secret', SECRET, '--sub', user, '--claim', 'role=authenticated']);
  const sync = createSync({ schema, server: { url, auth: () => token } });
  closing.push(() => sync.close());
  await sync.sync();
  return sync;
}

const names = (query: TemplateStringsArray) => sql<{ name: string }>(query);

describe('init', () => {
  test('with --dry-run shows files and SQL, and leaves no trace', async () => {
    const { code, text } = await init('--dry-run');
    expect(code).toBe(0);
    expect(text).toContain('recipes: table(');
    expect(text).toContain('export const access');
    expect(text).toContain('CREATE SCHEMA IF NOT EXISTS tidemark');
    expect(readdirSync(folder)).toEqual([]);
    const [found] = await database.sql`SELECT to_regnamespace('tidemark') AS name`;
    expect(found?.name).toBeNull();
  });

  test('the SQL it shows is the SQL that installs, and may be run twice', async () => {
    const { text } = await init('--dry-run');
    const statements = text.slice(text.indexOf('-- SQL') + 6);
    await database.sql.unsafe(statements);
    await database.sql.unsafe(statements);
    expect((await init()).code).toBe(0);
  });

  test('twice is safe, also with the files that it wrote', async () => {
    expect((await init()).code).toBe(0);
    expect(await init()).toMatchObject({ code: 0, warned: '' });
  });

  test('does not write over files that say something else, and installs for one that was reviewed', async () => {
    expect((await init('--tables', 'recipes,recipe_steps')).code).toBe(0);
    const again = await init();
    expect(again).toMatchObject({ code: 1, warned: expect.stringContaining('--from') });
    expect(await init('--from', 'tidemark.schema.ts')).toMatchObject({
      code: 0,
      text: expect.stringContaining('triggers on 2 tables'),
    });
  });

  test.each([
    [['init'], 'received nothing'],
    [['init', 'mysql'], '"mysql"'],
    [['init', 'postgres'], '--url'],
    [['init', 'postgres', '--url', 'http://x:secret@y/z'], 'must be postgres://'],
    [['init', 'postgres', '--url', 'postgres://x:secret@127.0.0.1:1/z'], '127.0.0.1:1'],
    [['remove', 'postgres', '--url', 'postgres://x:secret@127.0.0.1:1/z'], ''],
  ])('says what is wrong, without the password: %j', async (args, message) => {
    const { code, warned } = await run(args);
    expect(code).toBe(1);
    expect(warned).toContain(message);
    expect(warned).not.toContain('secret');
    expect(warned).not.toMatch(/\n\s+at /);
  });
});

describe('a Supabase project in sync', () => {
  test('gives each user the shared catalogue and their own rows, and nobody else’s', async () => {
    const served = await serveProject();
    const [anna, ben] = [await device(served, ANNA), await device(served, BEN)];
    const ingredients = names`SELECT name FROM ingredients ORDER BY name`;
    expect(await anna.query(ingredients)).toEqual([{ name: 'salt' }, { name: 'secret spice' }]);
    expect(await ben.query(ingredients)).toEqual([{ name: 'salt' }]);
    expect(await ben.query(names`SELECT name FROM kitchens`)).toEqual([]);
    const steps = sql<{ position: number }>`SELECT position FROM recipe_steps ORDER BY position`;
    expect(await anna.query(steps)).toEqual([{ position: 1 }, { position: 2 }, { position: 3 }]);
    expect(await ben.query(steps)).toEqual([]);
  });

  test('carries a device’s write into Postgres, as the user, with what Postgres made of it', async () => {
    const anna = await device(await serveProject(), ANNA);
    const receipt = await anna.write((tx) =>
      tx.insert('ingredients', {
        id: 'dddddddd-dddd-4ddd-8ddd-dddddddddddd',
        created_by: ANNA,
        name: 'Fine Flour',
        tags: ['dry', 'a "b"'],
      }),
    );
    expect(await receipt.settled).toMatchObject({ outcome: 'applied' });
    const [row] = await database.sql`SELECT tags, created_by FROM ingredients WHERE name = 'Fine Flour'`;
    expect(row).toEqual({ tags: ['dry', 'a "b"'], created_by: ANNA });
    const search = sql<{ search: string }>`SELECT search FROM ingredients WHERE name = 'Fine Flour'`;
    await expect.poll(() => anna.query(search)).toEqual([{ search: "'fine':1 'flour':2" }]);
  });

  test('refuses what a policy refuses, with a reason, and keeps the work on the device', async () => {
    const ben = await device(await serveProject(), BEN);
    const receipt = await ben.write((tx) => tx.update('profiles', ANNA, { display_name: 'Eve' }));
    const settled = await receipt.settled;
    expect(settled.outcome).toBe('rejected');
    expect(JSON.stringify(settled)).not.toMatch(/internal/i);
    expect(await ben.outbox.list()).toMatchObject([{ state: 'rejected' }]);
    const [row] = await database.sql`SELECT display_name FROM profiles WHERE id = ${ANNA}`;
    expect(row?.display_name).toBe('Anna');
  });

  test('brings a transaction of another program whole, while devices follow', async () => {
    const anna = await device(await serveProject(), ANNA);
    const seen: unknown[] = [];
    const live = anna.liveQuery(sql<{ n: number; steps: number }>`
      SELECT count(*) AS n, (SELECT count(*) FROM recipe_steps) AS steps FROM recipes`);
    await live.ready;
    live.subscribe(() => seen.push(live.getSnapshot().rows?.[0]));
    await database.sql.begin(async (other) => {
      const [recipe] = await other`INSERT INTO recipes (author_id, title) VALUES (${ANNA}, 'Soup') RETURNING id`;
      for (const position of [1, 2, 3])
        await other`INSERT INTO recipe_steps (recipe_id, position, body) VALUES (${recipe?.id}, ${position}, 'stir')`;
    });
    await expect.poll(() => seen).toEqual([{ n: 2, steps: 6 }]);
    live.close();
  });

  test('follows a new member into the kitchen, and out again', async () => {
    const ben = await device(await serveProject(), BEN);
    const kitchens = names`SELECT name FROM kitchens`;
    const kitchen = 'cccccccc-cccc-4ccc-8ccc-cccccccccccc';
    await database.sql`INSERT INTO kitchen_members (kitchen_id, user_id) VALUES (${kitchen}, ${BEN})`;
    await ben.sync();
    expect(await ben.query(kitchens)).toEqual([{ name: 'Corner' }]);
    await database.sql`DELETE FROM kitchen_members`;
    await ben.sync();
    expect(await ben.query(kitchens)).toEqual([]);
  });
});

test('remove takes everything of ours away and nothing else', async () => {
  expect(await run(['remove', 'postgres', '--url', database.url])).toMatchObject({
    code: 0,
    text: expect.stringContaining('nothing of tidemark'),
  });
  await init();
  const [before] = await database.sql`SELECT count(*) AS n FROM pg_trigger WHERE NOT tgisinternal`;
  expect(Number(before?.n)).toBeGreaterThan(0);
  expect((await run(['remove', 'postgres', '--url', database.url, '--dry-run'])).text).toContain('DROP SCHEMA');
  expect(await run(['remove', 'postgres', '--url', database.url])).toMatchObject({ code: 0, warned: '' });
  const [after] = await database.sql`
    SELECT count(*) AS n, to_regnamespace('tidemark') AS name, (SELECT count(*) FROM profiles) AS rows
    FROM pg_trigger WHERE NOT tgisinternal`;
  expect(after).toMatchObject({ n: '0', name: null, rows: '2' });
  expect(existsSync(join(folder, 'tidemark.schema.ts'))).toBe(true);
});
