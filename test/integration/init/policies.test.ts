/** Projects whose policies are easily misread: what each user's device holds, held against what the policies let them see. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { proposeAnswered } from '../../../src/cli/init/answered.ts';
import { CALLER } from '../../../src/cli/init/policy/group-query.ts';
import { printAccess, printReview, printSchema } from '../../../src/cli/init/print-files.ts';
import { type Proposal, propose } from '../../../src/cli/init/propose.ts';
import { readCatalogue } from '../../../src/cli/init/read-catalogue.ts';
import { toSchema } from '../../../src/cli/init/to-schema.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { createSyncService } from '../../../src/server/create-service.ts';
import type { AccessFunction } from '../../../src/server/options.ts';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { ModelClient } from '../../unit/server/support/model-client.ts';

const read = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8');
const USERS = [1, 2, 3, 4, 5].map((n) => `00000000-0000-4000-8000-00000000000${n}`);

interface Project {
  readonly database: TestDatabase;
  readonly ownerUrl: string;
  readonly proposal: Proposal;
}

async function createProject(name: string): Promise<Project> {
  const database = await createDatabase();
  await database.sql.unsafe(read('supabase-prelude'));
  await database.sql`SET ROLE project_owner`;
  await database.sql.unsafe(read(`${name}-project`));
  const catalogue = await readCatalogue(database.sql, { schema: 'public', tables: null });
  const proposal = await proposeAnswered(database.sql, catalogue);
  await database.sql`RESET ROLE`;
  const url = new URL(database.url);
  [url.username, url.password] = ['project_owner', 'password'];
  return { database, ownerUrl: url.href, proposal };
}

const scopeOf = ({ proposal }: Project, name: string) => proposal.tables.find((table) => table.name === name)?.scope;

/** What is proposed, running: the access file as it is printed, and row level security. */
async function serve({ proposal, ownerUrl }: Project) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-init-'));
  writeFileSync(join(folder, 'access.ts'), printAccess(proposal));
  const { access }: { access: AccessFunction } = await import(pathToFileURL(join(folder, 'access.ts')).href);
  rmSync(folder, { recursive: true });
  const schema = toSchema(proposal) as Schema;
  const storage = postgresStorage({ url: ownerUrl, rowSecurity: {} });
  return { schema, service: await createSyncService({ schema, storage, access }) };
}

/** The keys a user reads by the policies, as PostgREST would have them. */
async function allowed({ database }: Project, user: string, table: Proposal['tables'][number]): Promise<string[]> {
  const reading = database.sql.begin(async (sql) => {
    const claims = JSON.stringify({ sub: user, role: 'authenticated', email: `${user}@example.com` });
    await sql`SELECT set_config('request.jwt.claims', ${claims}, true)`;
    await sql`SET LOCAL ROLE authenticated`;
    const key = table.key.map((name) => `"${name}"::text`).join(` || '|' || `);
    return await sql.unsafe<{ key: string }[]>(`SELECT ${key} AS key FROM "${table.name}"`);
  });
  // A policy may ask a table that the user may not read: then there is nothing to see.
  const rows = await reading.catch(() => []);
  return rows.map(({ key }) => key).sort();
}

/** Tables of which a device holds rows that its user may not read, and those of which it lacks rows. */
async function compare(project: Project, served: { service: SyncService; schema: Schema }) {
  const [more, less] = [new Set<string>(), new Set<string>()];
  for (const user of USERS) {
    const client = new ModelClient({ ...served, identity: { id: user } });
    await client.pullAll();
    for (const table of project.proposal.tables) {
      const held = client.rows(table.name).map((row) => table.key.map((name) => String(row[name])).join('|'));
      const may = await allowed(project, user, table);
      if (held.some((key) => !may.includes(key))) more.add(table.name);
      if (may.some((key) => !held.includes(key))) less.add(table.name);
    }
  }
  return { more: [...more].sort(), less: [...less].sort() };
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.each([
  {
    name: 'gym',
    more: [],
    less: ['coach_clients', 'follows'],
  },
  {
    name: 'office',
    more: [],
    less: ['announcements', 'api_keys', 'invites', 'salaries'],
  },
  {
    name: 'market',
    more: ['club_members'], // Their own, but not approved.
    less: [
      'expiring',
      'messages',
      'not_mine',
      'order_items',
      'orders',
      'posts',
      'product_images',
      'reports',
      'shared_docs',
    ],
  },
  {
    name: 'library',
    more: [],
    // A member of the staff reads drafts; somebody's first circle is one of several.
    less: ['articles', 'first_texts'],
  },
])('the $name project', ({ name, more, less }) => {
  let project: Project;
  beforeAll(async () => {
    project = await createProject(name);
  });
  afterAll(() => project.database.drop());

  test('gives each user what the policies do: no row more, and less only where the review says so', async () => {
    const served = await serve(project);
    closing.push(() => served.service.close());
    expect(await compare(project, served)).toEqual({ more, less });
    for (const table of more) expect(scopeOf(project, table)?.notes.join(), table).toContain('REVIEW');
    for (const table of less) {
      const scope = scopeOf(project, table);
      // Children lack what their parents lack.
      if (!JSON.stringify(scope?.rule).includes('via')) expect(scope?.notes.join(), table).toContain('REVIEW');
    }
  });
});

describe('the scopes of tables that look as if they were for everybody', () => {
  let market: Project;
  let office: Project;
  let gym: Project;
  beforeAll(async () => {
    [market, office, gym] = [await createProject('market'), await createProject('office'), await createProject('gym')];
  });
  afterAll(() => Promise.all([market, office, gym].map(({ database }) => database.drop())));

  test.each([
    ['store_payouts', 'private rows of a parent that everybody reads', { kind: 'store-owner', by: 'store_id' }],
    ['payout_lines', 'their children', { via: 'payout_id', table: 'store_payouts' }],
    ['secret_posts', 'a policy for all beside one that takes away', { kind: 'user', by: 'author_id' }],
    ['chats', 'members who have left', { kind: 'chat-left_at', by: 'id' }],
    ['carts', 'rows without an owner that belong to a guest', { kind: 'user', by: 'user_id', whenNull: 'nobody' }],
    ['suggestions', 'a policy that only checks what is written', 'nobody'],
    ['clubs', 'members in a list that is itself under a policy', { kind: 'club-approved', by: 'id' }],
    ['club_news', 'the same, by another table', { kind: 'club-approved', by: 'club_id' }],
    ['club_members', 'own rows, of which a policy hides some', { kind: 'user', by: 'user_id' }],
    ['posts', 'everybody but those who are in a list', 'nobody'],
    ['not_mine', 'everybody but one', 'nobody'],
    ['mfa_only', 'own rows, but only with a claim of the token', 'nobody'],
  ])('%s: %s', (name, _what, rule) => {
    expect(scopeOf(market, name)?.rule).toEqual(rule);
  });

  test.each([
    ['billing_accounts', 'members with a role', { kind: 'organization-owner', by: 'org_id' }],
    ['audit_log', 'a role that a function is given', { kind: 'organization-owner-admin', by: 'org_id' }],
    ['project_secrets', 'one person of a group', { kind: 'project-lead', by: 'project_id' }],
    ['documents', 'everybody, but within a group', { kind: 'organization', by: 'org_id' }],
    ['time_entries', 'own rows within a group', { kind: 'user', by: 'user_id' }],
    [
      'salaries',
      'own rows, or those of a group for whom a function says so that cannot be read',
      { kind: 'user', by: 'user_id' },
    ],
    ['teams', 'a value that a function looks up', { kind: 'current_org', by: 'org_id' }],
    ['announcements', 'rows of a group that are ready', 'nobody'],
  ])('%s: %s', (name, _what, rule) => {
    expect(scopeOf(office, name)?.rule).toEqual(rule);
  });

  test('a policy may look into a table that no device is to hold', async () => {
    const some = await readCatalogue(office.database.sql, { schema: 'public', tables: ['tasks', 'task_comments'] });
    const { tables, memberships } = propose(some);
    expect(tables.map(({ name, scope }) => [name, scope.rule])).toEqual([
      ['tasks', { kind: 'organization', by: 'org_id' }],
      ['task_comments', { via: 'task_id', table: 'tasks' }],
    ]);
    expect(memberships).toMatchObject([{ kind: 'organization' }]);
  });

  test('what is null is nobody’s group', () => {
    expect(office.proposal.memberships).toContainEqual({
      kind: 'current_org',
      sql: `SELECT current_org AS id FROM users WHERE id = ${CALLER} AND current_org IS NOT NULL`,
    });
  });

  test('what the role authenticated may not read stays behind: tables, and columns', () => {
    expect(market.proposal.skipped).toContainEqual({
      name: 'webhook_secrets',
      reason: 'the role authenticated may not read it',
    });
    const profiles = market.proposal.tables.find(({ name }) => name === 'profiles');
    expect(profiles?.columns.map(({ name }) => name)).toEqual(['user_id', 'handle']);
    expect(profiles?.notes).toContain('column email is left out: the role authenticated may not read it');
  });

  test('tables of somebody else stay behind, since only their owner may put triggers on them', () => {
    for (const { proposal } of [market, office, gym])
      expect(proposal.skipped).toContainEqual(
        expect.objectContaining({ name: 'spatial_ref_sys', reason: expect.stringContaining('role postgres') }),
      );
  });
});

describe('rows that are shared for what stands in a column', () => {
  let library: Project;
  beforeAll(async () => {
    library = await createProject('library');
  });
  afterAll(() => library.database.drop());

  const shared = (column: string, values: object) => ({ sharedWhen: { column, ...values, scope: 'public' } });
  const editors = { kind: 'circle-editor-librarian', by: 'circle_id' };
  test.each([
    ['shelves', { kind: 'user', by: 'owner_id', ...shared('is_public', { is: [true] }) }],
    ['shelf_books', { via: 'shelf_id', table: 'shelves' }],
    ['notes', { kind: 'user', by: 'author_id', ...shared('sharing', { isNot: ['private'] }) }],
    ['articles', { kind: 'nobody', by: 'id', ...shared('stage', { is: ['published', 'review'] }) }],
    ['article_parts', { via: 'article_id', table: 'articles' }],
    ['covers', { kind: 'nobody', by: 'id', ...shared('is_hidden', { is: [false] }) }],
    // The same people, whether a function asks for them or the policy itself.
    ['circle_texts', editors],
    ['circle_plans', editors],
    // The one house that somebody has, looked up by a query and by a program.
    ['houses', { kind: 'house', by: 'id' }],
    ['house_texts', { kind: 'house', by: 'house_id' }],
    ['first_texts', 'nobody'],
    ['circle_rules', { kind: 'circle', by: 'circle_id' }],
    ['circle_fines', { kind: 'circle-librarian', by: 'circle_id' }],
  ])('%s', (name, rule) => {
    expect(scopeOf(library, name)?.rule).toEqual(rule);
  });

  test('what only a token of the server may do is no more than users may', () => {
    expect(scopeOf(library, 'people')).toMatchObject({ rule: { kind: 'user', by: 'id' }, notes: [] });
    expect(scopeOf(library, 'circles')).toMatchObject({ rule: { ...editors, by: 'id' }, notes: [] });
  });

  test('a question that the database does not answer lets nobody in, and keeps nobody out', () => {
    expect(scopeOf(library, 'odd_plans')?.rule).toBe('nobody');
    const asked = new Map(library.proposal.memberships.map(({ kind, sql }) => [kind, sql]));
    expect([...asked.keys()].sort()).toEqual(['circle', 'circle-editor-librarian', 'circle-librarian', 'house']);
    expect(asked.get('circle-editor-librarian')).toBe(
      `SELECT circle_id AS id FROM circle_people WHERE person_id = ${CALLER} AND role IN ('editor', 'librarian')`,
    );
  });

  test('the review and the schema file say so', () => {
    expect(printReview(library.proposal)).toMatch(/shelves +user:<owner_id>, or public where is_public /);
    expect(printReview(library.proposal)).toMatch(/notes +user:<author_id>, or public where sharing is not private /);
    expect(printSchema(library.proposal)).toContain(
      `scope: { kind: 'user', by: 'author_id', sharedWhen: { column: 'sharing', isNot: ['private'], scope: 'public' } }`,
    );
  });

  test('go to everybody, and leave again, as another program has it', async () => {
    const served = await serve(library);
    closing.push(() => served.service.close());
    const [owner, other] = [USERS[0] ?? '', USERS[1] ?? ''];
    const held = async (user: string) => {
      const client = new ModelClient({ ...served, identity: { id: user } });
      await client.pullAll();
      return client.rows('shelf_books').length;
    };
    const client = new ModelClient({ ...served, identity: { id: other } });
    await client.pullAll();
    const before = client.rows('shelf_books').length;
    for (const [flag, more] of [
      [true, 2],
      [false, -2],
    ] as const) {
      await library.database.sql`UPDATE shelves SET is_public = ${flag} WHERE owner_id = ${owner}`;
      await served.service.prune();
      await client.pullAll();
      expect(client.rows('shelf_books').length).toBe(before + more);
      expect(await held(other)).toBe(before + more);
    }
    await library.database
      .sql`UPDATE shelves SET is_public = true WHERE id IN (SELECT id FROM shelves WHERE owner_id = ${owner} LIMIT 1)`;
  });
});

test('under row level security a row that everybody reads is written by whom the policies let', async () => {
  const project = await createProject('gym');
  const { service } = await serve(project);
  closing.push(
    () => project.database.drop(),
    () => service.close(),
  );
  const rename = (user: string, of: string, mutationId: number) =>
    service.push(
      { id: user },
      {
        clientId: `device-of-${user}`,
        schemaVersion: 1,
        mutations: [
          {
            mutationId,
            hlc: '019a0b1c2d3e0000',
            base: 0,
            changes: [
              { table: 'profiles', key: [of], op: 'patch', columns: { full_name: 'Renamed' }, counters: {}, old: {} },
            ],
          },
        ],
        decides: [],
      },
    );
  const [own, other] = [USERS[0] ?? '', USERS[1] ?? ''];
  expect((await rename(own, own, 1)).outcomes).toMatchObject([{ outcome: 'applied' }]);
  expect((await rename(own, other, 2)).outcomes).toMatchObject([{ outcome: 'rejected' }]);
  const rows = await project.database.sql`SELECT id FROM profiles WHERE full_name = 'Renamed'`;
  expect(rows.map(({ id }) => id)).toEqual([own]);
});

test('a subject that is no id of a user is a fault of the server’s setup, not of a row', async () => {
  const project = await createProject('office');
  const served = await serve(project);
  closing.push(
    () => project.database.drop(),
    () => served.service.close(),
  );
  const pulling = new ModelClient({ ...served, identity: { id: 'not-a-uuid' } }).pullAll();
  await expect(pulling).rejects.toMatchObject({
    kind: 'server',
    message: expect.stringContaining('A query of the access function failed'),
  });
});
