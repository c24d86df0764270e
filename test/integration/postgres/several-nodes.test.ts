import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineSchema, type Schema, t, table } from '../../../src/core/schema.ts';
import { createSyncService } from '../../../src/server/create-service.ts';
import { postgresStorage } from '../../../src/server/postgres/index.ts';
import type { SyncService } from '../../../src/server/service.ts';
import type { Runtime } from '../../../src/shared/runtime.ts';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';
import { createDatabase, type PostgresServer, startPostgres } from '../../support/postgres.ts';
import { Pusher, put } from '../../unit/server/support/fixture.ts';
import { ModelClient } from '../../unit/server/support/model-client.ts';
import { createWorld, numberNow, type World } from './world.ts';

const schema: Schema = defineSchema({
  version: 2,
  tables: { entry: table({ id: t.text(), writer: t.integer(), tx: t.integer(), total: t.integer() }) },
});
const TABLES =
  'CREATE TABLE entry (id text PRIMARY KEY, writer integer NOT NULL, tx integer NOT NULL, total integer NOT NULL)';

/** The long form: `TIDEMARK_PG_ROWS=100000 TIDEMARK_PG_DELAY_MS=2000 npx vitest run several-nodes`. */
const ROWS = Number(process.env.TIDEMARK_PG_ROWS ?? 3_000);
const DELAY_MS = Number(process.env.TIDEMARK_PG_DELAY_MS ?? 40);
const WRITERS = 8;
const NODES = 3;
const LONG = 600_000;

/** A generator anyone can run again: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

let world: World;
beforeEach(async () => {
  world = await createWorld(schema, TABLES);
}, LONG);
afterEach(() => world.close());

const newEntry = (id: string) => put('entry', [id], { writer: -1, tx: 0, total: 1 });

test(`${WRITERS} writers with slow commits, ${NODES} nodes: no cursor misses a row, no transaction is torn`, {
  timeout: LONG,
}, async () => {
  const nodes = await Promise.all(Array.from({ length: NODES }, () => world.node()));
  let isWriting = true;
  const write = async (writer: number) => {
    const random = seeded(writer + 1);
    const sql = world.database.connect();
    let written = 0;
    for (let tx = 0; written < ROWS / WRITERS; tx += 1) {
      const total = 1 + Math.floor(random() * Math.min(40, ROWS / 100));
      await sql.begin(async (own) => {
        for (let done = 0; done < total; ) {
          const count = Math.min(total - done, 1 + Math.floor(random() * 20));
          await own`INSERT INTO entry SELECT ${`${writer}.${tx}.`}::text || (${done}::int + i), ${writer}::int, ${tx}::int, ${total}::int
            FROM generate_series(1, ${count}) i`;
          done += count;
        }
        // Ids were taken above; the commit comes whenever it comes.
        if (random() < 0.3) await own`SELECT pg_sleep(${(random() * DELAY_MS) / 1_000})`;
      });
      written += total;
    }
    return written;
  };
  const follow = async (node: SyncService) => {
    const client = new ModelClient({
      service: node,
      schema,
      identity: { id: 'reader' },
      clientId: `reader-${nodes.indexOf(node)}`,
    });
    for (let last = false; ; ) {
      const pages = await client.pullChain();
      for (const { changes } of pages.flatMap((page) => page.transactions)) expectWhole(changes);
      if (last) return client;
      last = !isWriting;
      if (last) await numberNow(node);
      else if (pages.every((page) => page.transactions.length === 0)) await nextCommit(node);
    }
  };
  const push = async (node: SyncService) => {
    const pusher = new Pusher(node, `pusher-${nodes.indexOf(node)}`);
    let count = 0;
    for (; isWriting; count += 1)
      expect((await pusher.push([newEntry(`${pusher.clientId}.${count}`)])).outcome).toBe('applied');
    return count;
  };
  const readers = nodes.map(follow);
  const pushers = nodes.map(push);
  const written = await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  isWriting = false;
  const pushed = await Promise.all(pushers);
  await numberNow(nodes[0] as SyncService);
  const clients = await Promise.all(readers);
  const expected = [...written, ...pushed].reduce((sum, count) => sum + count, 0);
  for (const client of clients) {
    await client.pullAll();
    expect(client.rows('entry')).toHaveLength(expected);
    expect(client.rows('entry')).toEqual(clients[0]?.rows('entry'));
  }
});

test('a node starts while another program is in the middle of a transaction', async () => {
  const own = defineSchema({
    version: 1,
    tables: { note: table({ id: t.text(), topic: t.text() }, { indexes: [['topic']] }) },
  });
  await world.database.sql`DROP TABLE entry`;
  await (await world.node({ schema: own })).close();
  const other = world.database.connect();
  await other.begin(async (sql) => {
    await sql`INSERT INTO note (id, topic) VALUES ('a', 'open')`;
    await world.node({ schema: own });
  });
  const client = new ModelClient({ service: await world.node({ schema: own }), schema: own, identity: { id: 'r' } });
  await client.pullAll();
  expect(client.rows('note')).toHaveLength(1);
});

/** All rows of a writer's transaction come in one commit. */
function expectWhole(changes: readonly { readonly columns: Readonly<Record<string, unknown>> }[]): void {
  const [first] = changes;
  expect(changes).toHaveLength(Number(first?.columns.total));
}

/** Resolves with the next commit a node hears of: nobody polls. */
function nextCommit(node: SyncService): Promise<void> {
  return new Promise((resolve) => {
    const stop = node.onCommit(() => {
      stop();
      resolve();
    });
  });
}

test('a client may go to any node: each has one effect and one outcome for a mutation', { timeout: LONG }, async () => {
  const nodes = await Promise.all(Array.from({ length: NODES }, () => world.node()));
  const devices = nodes.map((node) => new Pusher(node, 'wanderer'));
  const mutations = Array.from({ length: 30 }, (_, index) => {
    const mutation = (devices[0] as Pusher).mutation([newEntry(`w${index}`)]);
    return mutation;
  });
  const answers = await Promise.all(devices.map((device) => device.send(mutations)));
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  const client = new ModelClient({ service: nodes[2] as SyncService, schema, identity: { id: 'reader' } });
  await client.pullAll();
  expect(client.rows('entry')).toHaveLength(30);
  expect(client.cursor?.seq).toBe(30);
});

test('another node renews the epoch, and all refuse the old cursors', async () => {
  const [one, two] = await Promise.all([world.node(), world.node()]);
  const client = new ModelClient({ service: two, schema, identity: { id: 'reader' } });
  await new Pusher(one, 'a').push([newEntry('a')]);
  await client.pullAll();
  const epoch = await one.renewEpoch();
  while (two.stats().epoch !== epoch) await nextCommit(two);
  await expect(client.pullAll()).rejects.toMatchObject({ kind: 'epoch' });
});

test('a node that has begun an epoch is not told of the one before by what it had just read', async () => {
  let poll = () => {};
  const runtime: Runtime = {
    ...manualRuntime(),
    setTimer: (_ms, run) => {
      poll = run;
      return () => {};
    },
  };
  // With one connection the write comes between the two reads of a look.
  const storage = postgresStorage({ url: world.database.url, maxConnections: 1, pollMs: 0, runtime });
  await storage.open(schema, 'first');
  const heard: string[] = [];
  const twice = new Promise<void>((resolve) => {
    storage.watch?.(({ epoch }) => {
      heard.push(epoch);
      if (heard.length === 2) resolve();
    });
  });
  poll();
  await storage.write((writer) => writer.setEpoch('second'));
  await twice;
  await storage.close();
  expect(heard).toEqual(['second', 'second']);
});

test('a copy of the database begins a history of its own', async () => {
  const original = await world.node();
  await new Pusher(original, 'a').push([newEntry('a')]);
  const { epoch } = original.stats();
  await original.close();
  await world.database.sql.end({ timeout: 0 });
  const name = new URL(world.database.url).pathname.slice(1);
  const copy = await createDatabase();
  try {
    await copy.sql.unsafe(`CREATE DATABASE ${name}_copy TEMPLATE ${name}`);
    const storage = postgresStorage({ url: world.database.url.replace(name, `${name}_copy`) });
    const cloned = await createSyncService({ schema, storage });
    expect(cloned.stats().head).toBe(1);
    expect(cloned.stats().epoch).not.toBe(epoch);
    const common = await storage.read(async (reader) => [
      (await reader.position()).epochFrom,
      await reader.formerEpochs(),
    ]);
    expect(common).toEqual([1, [{ epoch, seq: 1 }]]);
    await cloned.close();
    await copy.sql.unsafe(`DROP DATABASE ${name}_copy`);
  } finally {
    await copy.drop();
  }
});

test('nothing that was acknowledged is lost when the database is killed', { timeout: LONG }, async () => {
  const server: PostgresServer = await startPostgres({ isSynced: true });
  const database = await createDatabase(server);
  const nodes: SyncService[] = [];
  try {
    await database.sql.unsafe(TABLES);
    for (let made = 0; made < 2; made += 1) {
      nodes.push(
        await createSyncService({
          schema,
          storage: postgresStorage({ url: database.url, driver: { connect_timeout: 5 } }),
        }),
      );
    }
    const acknowledged: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const killed = killAfter(server, acknowledged, acknowledged.length + 40);
      await Promise.all(
        nodes.map((node, index) => pushUntilFailure(node, { name: `${round}-${index}`, acknowledged })),
      );
      await killed;
      await server.restart();
    }
    const node = nodes[0] as SyncService;
    const client = new ModelClient({ service: node, schema, identity: { id: 'reader' } });
    await untilDone(() => client.pullAll());
    const ids = new Set(client.rows('entry').map(({ id }) => id));
    expect(acknowledged.length).toBeGreaterThanOrEqual(80);
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
    await database.drop().catch(() => undefined);
    await server.close();
  }
});

async function killAfter(server: PostgresServer, acknowledged: readonly string[], count: number): Promise<void> {
  while (acknowledged.length < count) await new Promise((resolve) => setImmediate(resolve));
  await server.kill();
}

async function pushUntilFailure(
  node: SyncService,
  { name, acknowledged }: { readonly name: string; readonly acknowledged: string[] },
): Promise<void> {
  const pusher = new Pusher(node, name);
  for (let count = 0; ; count += 1) {
    const id = `${name}.${count}`;
    try {
      if (count === 0) await untilDone(() => pusher.push([newEntry(id)]));
      else await pusher.push([newEntry(id)]);
    } catch {
      return;
    }
    acknowledged.push(id);
  }
}

/** A client's own retries, without their pauses. */
async function untilDone<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
