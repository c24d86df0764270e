/** What is said on one node reaches the connections of another: two servers on ports of their own, over one Postgres. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sync } from '../../../src/client/sync.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import { createSync } from '../../../src/store/create-sync.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type Harness, start } from '../server-edge-harness.ts';

const schema = defineSchema({
  version: 3,
  tables: {
    note: table({ id: t.text(), team: t.text(), body: t.text() }, { scope: { kind: 'team', by: 'team' } }),
  },
});
/** Who is in which team: the app's own table, which nobody syncs. */
const TABLES = `CREATE TABLE note (id text PRIMARY KEY, team text NOT NULL, body text NOT NULL);
  CREATE TABLE member (person text NOT NULL, team text NOT NULL);
  INSERT INTO member VALUES ('ana', 'red'), ('ana', 'blue'), ('ben', 'red'), ('ben', 'blue');
  INSERT INTO note VALUES ('1', 'red', 'red'), ('2', 'blue', 'blue')`;
/** So rarely that no test can pass by it. */
const NEVER_MS = 3_600_000;
/** The machine may be busy with other tests. */
const PATIENT = { timeout: 30_000 };

let database: TestDatabase;
let open: Sync<typeof schema>[] = [];
beforeEach(async () => {
  database = await createDatabase();
  await database.sql.unsafe(TABLES);
  open = [];
});
// The servers are closed by their harness; a database may go while they still have connections.
afterEach(async () => {
  await Promise.all(open.map((sync) => sync.close()));
  await database.drop();
});

function node({ pollMs = NEVER_MS } = {}): Promise<Harness> {
  return start({
    schema,
    storage: postgresStorage({ url: database.url, maxConnections: 4, pollMs }),
    auth: ({ token }) => (token === null ? null : { id: token }),
    access: async ({ id }, db) => {
      const rows = await db.all(sql<{ team: string }>`SELECT team FROM member WHERE person = ${id}`);
      const scopes = rows.map(({ team }) => `team:${team}`);
      return { read: scopes, write: scopes };
    },
    limits: { reauthMs: NEVER_MS },
  });
}

/** A whole client of one node, connected and up to date. */
async function device(at: Harness, subject: string): Promise<Sync<typeof schema>> {
  const sync = createSync({ schema, server: { url: at.running.url, auth: () => subject } });
  open.push(sync);
  await sync.sync();
  await expect.poll(() => sync.store.getState().status, PATIENT).toMatchObject({ phase: 'synced', connection: 'open' });
  return sync;
}

const teams = async (sync: Sync<typeof schema>) =>
  (await sync.query(sql<{ team: string }>`SELECT team FROM note ORDER BY team`)).map(({ team }) => team);
const leave = (team: string) => database.sql`DELETE FROM member WHERE person = 'ben' AND team = ${team}`;

describe('a device that is revoked on one node', () => {
  test('loses its socket and its event stream on another at once, and is told why', async () => {
    const [a, b] = await Promise.all([node(), node()]);
    const socket = await b.socket();
    expect(await socket.greet('ben', 'phone')).toMatchObject({ type: 'welcome' });
    const events = await fetch(`${b.running.url}/v1/events?clientId=phone`, {
      headers: { authorization: 'Bearer ben' },
    });
    const other = await b.socket();
    await other.greet('ben', 'laptop');
    const answer = await a.post(
      '/v1/devices',
      { clientId: 'laptop', revoke: { deviceId: 'phone' } },
      { authorization: 'Bearer ben' },
    );
    expect(answer.status).toBe(200);
    const error = { kind: 'forbidden', message: expect.stringContaining('revoked') };
    expect(await socket.next()).toMatchObject({ type: 'error', error });
    expect(await socket.closed()).toBe(1008);
    expect(await events.text()).toContain('event: error');
    other.send({ type: 'ping', at: 1 });
    expect(await other.next()).toMatchObject({ type: 'pong' });
  });

  test('is told so by the status of its client, which keeps its unsent work', async () => {
    const [a, b] = await Promise.all([node(), node()]);
    const [laptop, phone] = [await device(a, 'ben'), await device(b, 'ben')];
    const lost = (await laptop.devices.list()).find(({ isThisDevice }) => !isThisDevice);
    await laptop.devices.revoke(lost?.deviceId ?? '');
    await expect
      .poll(() => phone.store.getState().status, PATIENT)
      .toMatchObject({ phase: 'error', error: { kind: 'forbidden' } });
    await phone.write((tx) => tx.insert('note', { id: '3', team: 'red', body: 'unsent' }));
    await expect
      .poll(() => phone.store.getState().status, PATIENT)
      .toMatchObject({ pendingCount: 1, error: { kind: 'forbidden' } });
  });
});

describe('a membership that ends', () => {
  test('takes the rows from clients of every node, when one node is told', async () => {
    const [a, b] = await Promise.all([node(), node()]);
    const [here, there, ana] = [await device(a, 'ben'), await device(b, 'ben'), await device(b, 'ana')];
    await leave('red');
    await a.server.accessChanged('ben');
    await expect.poll(() => teams(here), PATIENT).toEqual(['blue']);
    await expect.poll(() => teams(there), PATIENT).toEqual(['blue']);
    await leave('blue');
    await b.server.accessChanged();
    await expect.poll(() => teams(here), PATIENT).toEqual([]);
    await expect.poll(() => teams(there), PATIENT).toEqual([]);
    expect(await teams(ana)).toEqual(['blue', 'red']);
  });

  test('takes the rows when another program says so, as part of its own transaction', async () => {
    const ben = await device(await node(), 'ben');
    await database.sql.begin(async (psql) => {
      await psql`DELETE FROM member WHERE person = 'ben' AND team = 'red'`;
      await psql`SELECT tidemark.access_changed('ben')`;
    });
    await expect.poll(() => teams(ben), PATIENT).toEqual(['blue']);
  });

  test('takes the rows with the next change that anybody makes, if nobody says anything', async () => {
    const [a, b] = await Promise.all([node(), node()]);
    const [ana, ben] = [await device(a, 'ana'), await device(b, 'ben')];
    await leave('red');
    await ana.write((tx) => tx.insert('note', { id: '3', team: 'blue', body: 'hello' }));
    await expect.poll(() => teams(ben), PATIENT).toEqual(['blue', 'blue']);
  });

  test('is found by looking, where the notification was lost', async () => {
    const ben = await device(await node({ pollMs: 50 }), 'ben');
    await leave('red');
    await database.sql`INSERT INTO tidemark.signal (kind, name) VALUES ('access', 'ben')`;
    await expect.poll(() => teams(ben), PATIENT).toEqual(['blue']);
  });
});
