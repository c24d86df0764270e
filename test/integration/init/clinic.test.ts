import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CALLER } from '../../../src/cli/init/policy/group-query.ts';
import { printAccess, printReview } from '../../../src/cli/init/print-files.ts';
import { type Proposal, propose } from '../../../src/cli/init/propose.ts';
import { readCatalogue } from '../../../src/cli/init/read-catalogue.ts';
import { toSchema } from '../../../src/cli/init/to-schema.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { createSyncService } from '../../../src/server/create-service.ts';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { ModelClient } from '../../unit/server/support/model-client.ts';

const project = readFileSync(new URL('./clinic-project.sql', import.meta.url), 'utf8');

let database: TestDatabase;
let proposal: Proposal;

beforeAll(async () => {
  database = await createDatabase();
  await database.sql.unsafe(project);
  proposal = propose(await readCatalogue(database.sql, { schema: 'public', tables: null }));
});
afterAll(() => database.drop());

const scopeOf = (name: string) => proposal.tables.find((table) => table.name === name)?.scope;
const member = (by: string) => ({ kind: 'organisation', by });

describe('the scopes of a project that is written with helper functions', () => {
  test.each([
    ['organisations', 'a set that a function gives: id IN (SELECT …())', member('id')],
    ['patients', 'the same with a composite key', member('organisation_id')],
    ['vitals', 'the same over partitions', member('organisation_id')],
    ['prescriptions', '= ANY (ARRAY(SELECT …()))', member('organisation_id')],
    ['organisation_members', 'a function with an argument of another name', member('organisation_id')],
    ['visits', 'such a function, asked once per statement', member('organisation_id')],
    ['folders', 'a tree', member('organisation_id')],
    [
      'Invoice',
      'members with a role, and quoted names',
      { kind: 'organisation-owner-front_desk', by: 'organisationId' },
    ],
    ['medicines', 'a set, or nobody’s', { ...member('organisation_id'), whenNull: 'public' }],
    ['visit_diagnoses', 'a parent by a composite key', member('organisation_id')],
    ['documents', 'a parent whose members read', { via: 'folder_id', table: 'folders' }],
    ['InvoiceLine', 'a parent with quoted names', { via: 'invoiceId', table: 'Invoice' }],
    ['messages', 'participants', { kind: 'conversation', by: 'conversation_id' }],
    ['staff_notes', 'their author', { kind: 'user', by: 'author' }],
    ['countries', 'no policies', 'public'],
  ])('%s: by %s', (name, _what, rule) => {
    expect(scopeOf(name)?.rule).toEqual(rule);
  });

  test.each(['announcements', 'invitations'])('%s: a claim of the token is nothing a scope can say: closed', (name) => {
    expect(scopeOf(name)).toMatchObject({
      rule: 'nobody',
      notes: [expect.stringMatching(/REVIEW.*nobody reads this yet.*by its keys it would be organisation:</)],
    });
  });

  test('a second person who reads is pointed out', () => {
    const review = printReview(proposal);
    expect(review).toMatch(/referrals: REVIEW: to_doctor reads a row too/);
    expect(review).not.toMatch(/patients: REVIEW/);
  });

  test('a view is no table, and what devices cannot name or read stays behind', () => {
    const names = proposal.tables.map(({ name }) => name);
    expect(names).not.toContain('todays_visits');
    expect(names).not.toContain('vitals_2026_01');
    expect(proposal.skipped.map(({ name }) => name).sort()).toEqual(['Kudos Board', 'audit_log']);
  });

  test('the members are asked once, by columns that are there', () => {
    expect(proposal.memberships).toEqual([
      {
        kind: 'organisation',
        sql: `SELECT organisation_id AS id FROM organisation_members WHERE user_id = ${CALLER}`,
      },
      {
        kind: 'organisation-owner-front_desk',
        sql: `SELECT organisation_id AS id FROM organisation_members WHERE user_id = ${CALLER} AND role::text IN ('owner', 'front desk')`,
      },
      {
        kind: 'conversation',
        sql: `SELECT conversation_id AS id FROM conversation_participants WHERE participant_id = ${CALLER}`,
      },
    ]);
    expect(printAccess(proposal)).toContain('SELECT organisation_id AS id FROM organisation_members WHERE user_id = ');
  });
});

test('what is proposed can be synced: composite keys, partitions, quoted names, and psql beside it', async () => {
  const schema = toSchema(proposal) as Schema;
  const kinds = ['organisation', 'organisation-owner-front_desk'];
  const own = kinds.map((kind) => `${kind}:11111111-1111-1111-1111-111111111111`);
  const access = () => ({ read: ['public', ...own], write: [] });
  const service = await createSyncService({ schema, storage: postgresStorage({ url: database.url }), access });
  const client = new ModelClient({ service, schema, identity: { id: 'ana' } });
  await database.sql.unsafe(`
    INSERT INTO organisations (id, slug, name) VALUES ('11111111-1111-1111-1111-111111111111', 'a', 'A'),
      ('22222222-2222-2222-2222-222222222222', 'b', 'B');
    INSERT INTO patients (organisation_id, number, full_name) SELECT id, 1, 'Of ' || name FROM organisations;
    INSERT INTO visits (organisation_id, patient_number, starts_at) SELECT id, 1, '2026-01-05 09:00+00' FROM organisations;
    INSERT INTO visit_diagnoses SELECT organisation_id, id, 'J06' FROM visits;
    INSERT INTO vitals SELECT id, 1, '2026-01-31 23:59+00', 'pulse', 61.5 FROM organisations;
    INSERT INTO "Invoice" ("organisationId", "totalCents") SELECT id, 4200 FROM organisations;
    INSERT INTO "InvoiceLine" ("invoiceId", label, cents) SELECT id, 'Visit', 4200 FROM "Invoice";
    INSERT INTO medicines (organisation_id, name) VALUES (NULL, 'Shared'), ('22222222-2222-2222-2222-222222222222', 'Of B')`);
  await service.prune();
  await client.pullAll();
  // Into another partition: gone there, come here.
  await database.sql`UPDATE vitals SET at = '2026-02-03 08:00+00'`;
  await service.prune();
  await client.pullAll();
  const fresh = new ModelClient({ service, schema, identity: { id: 'ana' }, clientId: 'fresh' });
  await fresh.pullAll();
  const rows = (name: string) => client.rows(name);
  for (const { name } of proposal.tables) expect(rows(name), name).toEqual(fresh.rows(name));
  expect(rows('patients')).toMatchObject([{ number: 1, full_name: 'Of A' }]);
  expect(rows('visit_diagnoses')).toMatchObject([{ code: 'J06' }]);
  expect(rows('vitals')).toMatchObject([{ at: '2026-02-03T08:00:00.000Z', value: 61.5 }]);
  expect(rows('InvoiceLine')).toMatchObject([{ sum: 4200 }]);
  expect(rows('medicines')).toMatchObject([{ name: 'Shared' }]);
  expect(rows('organisations')).toMatchObject([{ slug: 'a' }]);
  await service.close();
});
