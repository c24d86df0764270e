import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import type { SyncService } from '../../../src/server/service.ts';
import type { Cell } from '../../../src/shared/cell.ts';
import { Pusher, patch, put } from '../../unit/server/support/fixture.ts';
import { createWorld, numberNow, pulled, type World } from './world.ts';

const schema: Schema = defineSchema({
  version: 2,
  tables: {
    sample: table(
      {
        tenant: t.uuid(),
        at_key: t.timestamp(),
        uid: t.uuid().nullable(),
        instant: t.timestamp().nullable(),
        local_time: t.timestamp().nullable(),
        day: t.date().nullable(),
        amount: t.decimal().nullable(),
        price: t.decimal().nullable(),
        doc: t.json().nullable(),
        raw: t.json().nullable(),
        tags: t.json().nullable(),
        numbers: t.json().nullable(),
        bytes: t.blob().nullable(),
        mood: t.text().nullable(),
        small: t.integer().nullable(),
        big: t.bigint().nullable(),
        single: t.real().nullable(),
        double: t.real().nullable(),
        flag: t.boolean().nullable(),
        name: t.text().nullable(),
        code: t.text().nullable(),
        votes: t.counter(),
        total: t.integer().nullable(),
        serial: t.bigint().nullable(),
      },
      { primaryKey: ['tenant', 'at_key'] },
    ),
  },
});

const TABLES = `
  CREATE TYPE mood AS ENUM ('sad', 'o"k', 'happy');
  CREATE DOMAIN short AS varchar(5) CHECK (value <> 'bad');
  CREATE TABLE sample (
    at_key timestamptz NOT NULL, tenant uuid NOT NULL,
    uid uuid, instant timestamptz, local_time timestamp, day date, amount numeric, price numeric(10, 2),
    doc jsonb, raw json, tags text[], numbers bigint[], bytes bytea, mood mood, small smallint, big bigint,
    single real, double double precision, flag boolean, name varchar(8), code short, votes integer NOT NULL DEFAULT 0,
    total integer GENERATED ALWAYS AS (coalesce(small, 0) + votes) STORED,
    serial bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (tenant, at_key)
  )`;

const tenant = '11111111-2222-3333-4444-555555555555';
const key = (count: number): Cell[] => [tenant, `2026-01-01T00:00:00.0010${String(count).padStart(2, '0')}Z`];

let world: World;
let service: SyncService;
beforeAll(async () => {
  world = await createWorld(schema, TABLES);
  service = await world.node();
});
afterAll(() => world.close());

const EMPTY = Object.fromEntries(
  Object.keys(schema.tables.sample?.columns ?? {})
    .slice(2)
    .map((name) => [name, name === 'votes' ? 0 : null]),
);

let count = 0;
/** Writes one column from a client, and gives what another client gets to see: by the log, and by a snapshot. */
async function roundTrip(column: string, cell: Cell): Promise<Cell[]> {
  count += 1;
  const device = new Pusher(service, `device-${count}`);
  const follower = await pulled(service, schema);
  const outcome = await device.push([put('sample', key(count), { ...EMPTY, [column]: cell })]);
  if (outcome.outcome !== 'applied') throw new Error(JSON.stringify(outcome));
  await follower.pullAll();
  const clients = [follower, await pulled(service, schema)];
  return clients.map((client) => client.rows('sample').find((row) => row.at_key === key(count)[1])?.[column] ?? null);
}

describe('a cell from a client', () => {
  test.each<[string, Cell]>([
    ['uid', '99999999-aaaa-bbbb-cccc-dddddddddddd'],
    ['instant', '2026-11-21T13:12:05.123456Z'],
    ['instant', '2026-11-21T13:12:05.120Z'],
    ['instant', '0099-01-01T00:00:00.000Z'],
    ['local_time', '2026-11-21T13:12:05.123456Z'],
    ['day', '2024-02-29'],
    ['amount', '123456789012345678901234567890.00010'],
    ['price', '-0.10'],
    ['raw', '{"b": 1,  "a":[1.0, 12345678901234567890]}'],
    ['doc', '{"a": 12345678901234567890.123}'],
    ['tags', '["a", "b\\"c\\\\", null, "{x,y}", ""]'],
    ['numbers', '[9223372036854775807,null,-1]'],
    ['bytes', new Uint8Array([0, 1, 0x5c, 0xff])],
    ['bytes', new Uint8Array(0)],
    ['mood', 'o"k'],
    ['small', -32768],
    ['big', 2n ** 63n - 1n],
    ['big', -(2n ** 63n)],
    ['single', 0.10000000149011612],
    ['double', -0],
    ['double', 5e-324],
    ['double', Number.POSITIVE_INFINITY],
    ['double', 0.1 + 0.2],
    ['flag', 1],
    ['flag', 0],
    ['name', 'naïve 🌊'],
    ['name', ''],
    ['code', 'a"\\,{'],
    ['votes', 2_147_483_647],
  ])('in %s comes back bit for bit: %s', async (column, cell) => {
    const expected = column === 'tags' ? '["a","b\\"c\\\\",null,"{x,y}",""]' : cell;
    expect(await roundTrip(column, cell)).toStrictEqual([expected, expected]);
  });

  test('comes back as the column keeps it, where that is another way of writing it', async () => {
    expect(await roundTrip('instant', '2026-01-01 02:00+02:00')).toEqual(Array(2).fill('2026-01-01T00:00:00.000Z'));
    expect(await roundTrip('uid', '99999999-AAAA-BBBB-CCCC-DDDDDDDDDDDD')).toEqual(
      Array(2).fill('99999999-aaaa-bbbb-cccc-dddddddddddd'),
    );
    expect(await roundTrip('price', '1.5')).toEqual(['1.50', '1.50']);
    expect(await roundTrip('single', 0.1)).toEqual([0.10000000149011612, 0.10000000149011612]);
    expect(await roundTrip('doc', '{"b":1,"a":2}')).toEqual(Array(2).fill('{"a": 2, "b": 1}'));
  });

  test('of a generated column is the database’s own, whatever was sent', async () => {
    expect(await roundTrip('total', 77)).toEqual([0, 0]);
    const [serial] = await roundTrip('serial', 4_000);
    expect(serial).toBeLessThan(4_000);
  });
});

describe('a value from another program', () => {
  test('is the same on every way to a client, whatever the settings of its session', async () => {
    const { sql } = world.database;
    await sql`SET TimeZone = 'Asia/Kolkata'`;
    await sql.unsafe(`SET DateStyle = 'German'; SET extra_float_digits = -10; SET bytea_output = 'escape'`);
    const follower = await pulled(service, schema);
    await sql`INSERT INTO sample (tenant, at_key, instant, local_time, day, amount, doc, tags, bytes, mood, big, single, double,
        flag, code, small)
      VALUES (${tenant}, '2027-01-01 00:00+00', '2026-11-21 13:12:05.123456+00', '2026-11-21 13:12:05', '2026-11-21', 1.10,
        '{"a": 1}', ARRAY['x', NULL], '\\x00ff', 'sad', 9223372036854775807, 0.1, '-0', true, 'abc', 3)`;
    await numberNow(service);
    await follower.pullAll();
    const rows = [follower, await pulled(service, schema)].map((client) =>
      client.rows('sample').find((row) => row.at_key === '2027-01-01T00:00:00.000Z'),
    );
    expect(rows[0]).toStrictEqual(rows[1]);
    expect(rows[0]).toMatchObject({
      instant: '2026-11-21T13:12:05.123456Z',
      local_time: '2026-11-21T13:12:05.000Z',
      day: '2026-11-21',
      amount: '1.10',
      doc: '{"a": 1}',
      tags: '["x",null]',
      bytes: new Uint8Array([0, 255]),
      mood: 'sad',
      big: 2n ** 63n - 1n,
      single: 0.10000000149011612,
      flag: 1,
      code: 'abc',
      small: 3,
      total: 3,
    });
    expect(Object.is(rows[0]?.double, -0)).toBe(true);
  });

  test('that SQLite cannot hold stays what it is until a client writes it', async () => {
    const { sql } = world.database;
    await sql`INSERT INTO sample (tenant, at_key, double, instant) VALUES (${tenant}, '2028-01-01 00:00+00', 'NaN', 'infinity')`;
    await numberNow(service);
    const client = await pulled(service, schema);
    const at = '2028-01-01T00:00:00.000Z';
    expect(client.rows('sample').find((row) => row.at_key === at)).toMatchObject({ double: null, instant: 'infinity' });
    await new Pusher(service, 'other').push([patch('sample', [tenant, at], { name: 'x' })], {
      base: client.cursor?.seq ?? 0,
    });
    expect([...(await sql`SELECT double, name FROM sample WHERE at_key = '2028-01-01 00:00+00'`)]).toEqual([
      { double: Number.NaN, name: 'x' },
    ]);
  });
});
