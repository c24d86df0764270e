import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printAccess, printReview, printSchema } from '../../../src/cli/init/print-files.ts';
import { type Proposal, propose } from '../../../src/cli/init/propose.ts';
import { readCatalogue } from '../../../src/cli/init/read-catalogue.ts';
import { toSchema } from '../../../src/cli/init/to-schema.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';

const project = readFileSync(new URL('./supabase-project.sql', import.meta.url), 'utf8');

let database: TestDatabase;
let proposal: Proposal;

beforeAll(async () => {
  database = await createDatabase();
  await database.sql.unsafe(project);
  proposal = propose(await readCatalogue(database.sql, { schema: 'public', tables: null }));
});
afterAll(() => database.drop());

const tableOf = (name: string) => proposal.tables.find((table) => table.name === name);
const scopeOf = (name: string) => tableOf(name)?.scope.rule;
const columnOf = (table: string, name: string) => tableOf(table)?.columns.find((column) => column.name === name);

describe('the scopes of a Supabase project', () => {
  test.each([
    ['shopping_lists', { kind: 'user', by: 'user_id' }],
    ['pantry_items', { kind: 'user', by: 'user_id' }],
    ['device_tokens', { kind: 'user', by: 'owner' }],
    ['recipes', { kind: 'user', by: 'author_id' }],
  ])('%s is private to the user a policy compares with the caller', (name, rule) => {
    expect(scopeOf(name)).toEqual(rule);
  });

  test.each(['ingredients', 'tags'])('%s is shared where nobody owns a row, and private otherwise', (name) => {
    expect(scopeOf(name)).toMatchObject({ kind: 'user', whenNull: 'public' });
  });

  test.each(['nutrients', 'allergens', 'profiles', 'feature_flags'])('%s is for everybody', (name) => {
    expect(scopeOf(name)).toBe('public');
  });

  test.each([
    ['ingredient_nutrients', { via: 'ingredient_id', table: 'ingredients' }],
    ['recipe_steps', { via: 'recipe_id', table: 'recipes' }],
    ['recipe_ingredients', { via: 'recipe_id', table: 'recipes' }],
    ['recipe_tags', { via: 'recipe_id', table: 'recipes' }],
    ['recipe_photos', { via: 'recipe_id', table: 'recipes' }],
    ['substitutions', { via: 'recipe_ingredient_id', table: 'recipe_ingredients' }],
    ['menu_entries', { via: 'menu_id', table: 'menus' }],
  ])('%s follows the owner of its parent', (name, rule) => {
    expect(scopeOf(name)).toEqual(rule);
  });

  test('a child of a parent with several key columns goes to where that one gets its scope from', () => {
    expect(scopeOf('menu_entry_notes')).toEqual({ via: 'menu_id', table: 'menus' });
  });

  test.each(['kitchens', 'kitchen_members', 'menus', 'kitchen_expenses'])('%s belongs to the members', (name) => {
    // An owner need not be a member, and sees the kitchen alone.
    const kind = name === 'kitchens' ? 'kitchen-owner' : 'kitchen';
    expect(scopeOf(name)).toEqual({ kind, by: name === 'kitchens' ? 'id' : 'kitchen_id' });
  });

  test('a policy that nobody understands closes the table and asks for a person', () => {
    expect(tableOf('seasons')?.scope).toMatchObject({
      rule: 'nobody',
      notes: [expect.stringMatching(/REVIEW.*starts_on/)],
    });
  });

  test('one that asks for a claim of the token closes it too, and says what it would be without', () => {
    expect(tableOf('cook_books')?.scope).toMatchObject({
      rule: 'nobody',
      notes: [expect.stringMatching(/REVIEW.*is_public.*banned.*without what else it asks it would be user:<user_id>/)],
    });
  });

  test('tables that users cannot read, or devices cannot hold, stay behind with a reason', () => {
    expect(proposal.skipped.map(({ name }) => name).sort()).toEqual(['audit_log', 'billing', 'odd-name', 'page_views']);
  });
});

describe('the columns', () => {
  test.each([
    ['pantry_items', 'amount', { kind: 'decimal', defaultValue: '0' }],
    ['pantry_items', 'unit', { kind: 'text', defaultValue: 'g' }],
    ['pantry_items', 'expires_on', { kind: 'date', isNullable: true }],
    ['device_tokens', 'token', { kind: 'blob' }],
    ['ingredients', 'kcal', { kind: 'real' }],
    ['ingredients', 'tags', { kind: 'json', defaultValue: [] }],
    ['ingredients', 'search', { kind: 'text', isNullable: true }],
    ['profiles', 'preferences', { kind: 'json', defaultValue: { theme: 'light' } }],
    ['profiles', 'contact', { kind: 'text', isNullable: true }],
    ['profiles', 'created_at', { kind: 'timestamp', defaultValue: undefined }],
    ['shopping_lists', 'is_done', { kind: 'boolean', defaultValue: false }],
    ['shopping_lists', 'title', { kind: 'text', defaultValue: 'Groceries' }],
    ['recipes', 'updated_at', { kind: 'timestamp' }],
    ['kitchen_expenses', 'cents', { kind: 'integer' }],
    ['feature_flags', 'rollout', { kind: 'real', defaultValue: 0.5 }],
  ])('%s.%s has its exact kind and default', (table, column, expected) => {
    expect(columnOf(table, column)).toMatchObject(expected);
  });

  test('keys may be composite', () => {
    expect(tableOf('pantry_items')?.key).toEqual(['user_id', 'ingredient_id']);
  });
});

test('the access rules ask for the groups of a user once, owners included', () => {
  const text = printAccess(proposal);
  expect(text).toMatch(/SELECT kitchen_id AS id FROM kitchen_members WHERE user_id = \$\{identity\.id\}/);
  expect(text).toMatch(
    /SELECT id AS id FROM kitchens WHERE owner_id = \$\{identity\.id\}\s+UNION SELECT kitchen_id AS id/,
  );
  expect(text).toContain("read: ['public', ...own], write: hasRowSecurity ? ['public', ...own] : own");
});

test('the review names every table, what to look at, and what is left out', () => {
  const review = printReview(proposal);
  for (const { name } of [...proposal.tables, ...proposal.skipped]) expect(review).toContain(`  ${name}`);
  expect(review).toMatch(/To look at:[\s\S]*profiles: everybody reads, only id writes/);
});

test('only the tables that were asked for are proposed; one that is not there is named', async () => {
  const some = await readCatalogue(database.sql, { schema: 'public', tables: ['recipes', 'recipe_steps'] });
  expect(propose(some).tables.map(({ name }) => name)).toEqual(['recipes', 'recipe_steps']);
  await expect(readCatalogue(database.sql, { schema: 'public', tables: ['nope'] })).rejects.toThrow(/public\.nope/);
  await expect(readCatalogue(database.sql, { schema: 'empty', tables: null })).rejects.toThrow(/"empty"/);
});

test('the schema file says where each scope comes from', () => {
  expect(printSchema(proposal)).toContain('    // policy "own"\n    shopping_lists: table(');
});

test('the file that is printed defines the schema that is installed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-init-'));
  writeFileSync(join(folder, 'schema.ts'), printSchema(proposal));
  const { schema } = await import(pathToFileURL(join(folder, 'schema.ts')).href);
  rmSync(folder, { recursive: true });
  expect(schema).toEqual(toSchema(proposal));
});
