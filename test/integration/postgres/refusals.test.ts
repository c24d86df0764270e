import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import type { SyncService } from '../../../src/server/service.ts';
import { Pusher, patch, put, remove } from '../../unit/server/support/fixture.ts';
import { createWorld, pulled, type World } from './world.ts';

const schema: Schema = defineSchema({
  version: 2,
  tables: {
    member: table({ id: t.integer(), team_id: t.integer(), email: t.text(), age: t.integer().nullable() }),
    team: table({ id: t.integer(), name: t.text(), owner: t.text() }, { scope: { kind: 'user', by: 'owner' } }),
  },
});

const TABLES = `
  CREATE TABLE team (id integer PRIMARY KEY, name varchar(10) NOT NULL, owner text NOT NULL);
  CREATE TABLE member (
    id integer PRIMARY KEY, team_id integer NOT NULL REFERENCES team, email text NOT NULL UNIQUE,
    age integer CONSTRAINT grown_up CHECK (age >= 18)
  );
  CREATE FUNCTION no_ghosts() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.email = 'ghost' THEN RAISE EXCEPTION 'There are no ghosts'; END IF;
    IF NEW.email = 'nobody' THEN RETURN NULL; END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER no_ghosts BEFORE INSERT ON member FOR EACH ROW EXECUTE FUNCTION no_ghosts();
  INSERT INTO team VALUES (1, 'One', 'ana');
  INSERT INTO member VALUES (1, 1, 'taken@example.org', 30);
`;

const member = (id: number, rest: Record<string, string | number | null> = {}) =>
  put('member', [id], { team_id: 1, email: `m${id}@example.org`, age: null, ...rest });

describe('what the database refuses', () => {
  let world: World;
  let service: SyncService;
  let device: Pusher;
  beforeAll(async () => {
    world = await createWorld(schema, TABLES);
    service = await world.node();
    device = new Pusher(service, 'a');
  });
  afterAll(() => world.close());

  test.each([
    [
      'a unique value',
      member(2, { email: 'taken@example.org' }),
      'invalid-value',
      /same email already.*member_email_key/,
    ],
    [
      'a parent that is not there',
      member(2, { team_id: 99 }),
      'invalid-value',
      /team_id names a row of team that does not/,
    ],
    ['a rule', member(2, { age: 3 }), 'invalid-value', /break a rule.*grown_up/],
    ['a length', put('team', [2], { name: 'far too long a name', owner: 'ana' }), 'invalid-value', /too long/],
    ['a number out of range', member(2, { age: 2 ** 40 }), 'invalid-value', /out of range/],
    ['a parent with children', remove('team', 1), 'invalid-value', /rows of member still refer to it/],
    [
      'a trigger that raises',
      member(2, { email: 'ghost' }),
      'rejected',
      /^There are no ghosts\. Nothing of the mutation/,
    ],
    ['a trigger that says nothing', member(2, { email: 'nobody' }), 'forbidden', /kept it from being written/],
  ])('%s becomes a rejection in words', async (_what, change, code, message) => {
    const outcome = await device.push([change]);
    expect(outcome).toMatchObject({ outcome: 'rejected', seq: null, reason: { code } });
    expect(outcome.reason?.message).toMatch(message);
    expect(outcome.reason?.message).toContain('Nothing of the mutation was applied.');
  });

  test('takes no other mutation with it, of the same push or of another', async () => {
    const other = new Pusher(service, 'b');
    const mutations = [10, 11, 12, 13, 14].map((id) => device.mutation([member(id, id === 12 ? { age: 1 } : {})]));
    const [own, others] = await Promise.all([device.send(mutations), other.push([member(20)])]);
    expect(own.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'rejected', 'applied', 'applied']);
    expect(others.outcome).toBe('applied');
    expect(await device.send(mutations)).toEqual(own);
  });

  test('is not the order of the changes: children may come before parents, and go after them', async () => {
    const both = [member(30, { team_id: 3 }), put('team', [3], { name: 'Three', owner: 'ana' })];
    expect((await device.push(both)).outcome).toBe('applied');
    expect((await device.push([remove('team', 3), remove('member', 30)])).outcome).toBe('applied');
    expect((await device.push([remove('member', 10), member(31, { email: 'm10@example.org' })])).outcome).toBe(
      'applied',
    );
    const moved = [put('team', [4], { name: 'Four', owner: 'ana' }), patch('member', [11], { team_id: 4 })];
    expect((await device.push(moved)).outcome).toBe('applied');
    const back = [remove('team', 4), patch('member', [11], { team_id: 1 })];
    expect((await device.push(back)).outcome).toBe('applied');
  });
});

describe('row level security', () => {
  let world: World;
  let service: SyncService;
  beforeAll(async () => {
    world = await createWorld(
      schema,
      `${TABLES}
      DO $$ BEGIN CREATE ROLE tidemark_test_user NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      CREATE SCHEMA auth;
      CREATE FUNCTION auth.uid() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('request.jwt.claims', true)::json ->> 'sub' $$;
      GRANT USAGE ON SCHEMA public, auth TO tidemark_test_user;
      GRANT SELECT, INSERT, UPDATE, DELETE ON team TO tidemark_test_user;
      GRANT SELECT, INSERT ON member TO tidemark_test_user;
      ALTER TABLE team ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON team USING (owner = auth.uid()) WITH CHECK (owner = auth.uid());
      INSERT INTO team VALUES (5, 'Ben’s', 'ben');`,
    );
    service = await world.node({}, { rowSecurity: { role: 'tidemark_test_user' } });
  });
  afterAll(() => world.close());

  test('holds for every writer of a shared transaction, each in its own name', async () => {
    const [ana, ben] = [new Pusher(service, 'a', { id: 'ana' }), new Pusher(service, 'b', { id: 'ben' })];
    const own = (id: number, owner: string) => put('team', [id], { name: `T${id}`, owner });
    const outcomes = await Promise.all([
      ana.push([own(10, 'ana')]),
      ben.push([own(11, 'ben')]),
      ana.push([own(12, 'ben')]),
      ben.push([patch('team', [1], { name: 'Mine' })]),
      ben.push([remove('team', 1)]),
      ben.push([patch('team', [5], { name: 'Still' })]),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'applied',
      'applied',
      'rejected',
      'rejected',
      'rejected',
      'applied',
    ]);
    expect(outcomes[2]?.reason).toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/row level security/),
    });
    expect(outcomes[3]?.reason).toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/row level security/),
    });
    const client = await pulled(service, schema);
    expect(client.rows('team').map(({ id, name, owner }) => [id, name, owner])).toEqual([
      [10, 'T10', 'ana'],
      [11, 'T11', 'ben'],
      [1, 'One', 'ana'],
      [5, 'Still', 'ben'],
    ]);
  });

  test('keeps a value from being claimed by who may not write it, even as it is', async () => {
    const ben = new Pusher(service, 'd', { id: 'ben' });
    const outcome = await ben.push([patch('team', [1], { name: 'One' })]);
    expect(outcome).toMatchObject({ outcome: 'rejected', reason: { code: 'forbidden' } });
    const ana = new Pusher(service, 'e', { id: 'ana' });
    expect(await ana.push([patch('team', [1], { name: 'One' })])).toMatchObject({ outcome: 'applied' });
  });

  test('includes the permissions of the role', async () => {
    const ana = new Pusher(service, 'c', { id: 'ana' });
    const outcome = await ana.push([patch('member', [1], { age: 40 })]);
    expect(outcome.reason).toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/permissions of your role/),
    });
    expect((await ana.push([member(40)])).outcome).toBe('applied');
  });

  test('does not bind the server itself', async () => {
    expect(await service.mutate(null, [put('team', [50], { name: 'Fifty', owner: 'somebody' })])).toMatchObject({
      seq: expect.any(Number),
    });
  });
});
