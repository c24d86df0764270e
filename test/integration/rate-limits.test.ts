/** Two nodes that count together: over a real Postgres, and over a real Redis where the machine has one. */
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RateLimitStore } from '../../src/server/edge/limiter.ts';
import type { RateLimitOptions } from '../../src/server/edge/rate-limit.ts';
import { postgresRateLimits, postgresStorage } from '../../src/server/postgres/index.ts';
import { createSync } from '../../src/store/create-sync.ts';
import { createDatabase, startPostgres, type TestDatabase } from '../support/postgres.ts';
import { hasRedis, RedisClient, startRedis } from '../support/redis.ts';
import { type Harness, hello, schema, start } from './server-edge-harness.ts';

const auth = ({ token }: { token: string | null }) => (token === null ? null : { id: decodeURIComponent(token) });
const as = (who: string) => ({ authorization: `Bearer ${who}` });
const statusOf = async (node: Harness, who: string) =>
  (await node.post('/v1/handshake', { ...hello, clientId: who }, as(who))).status;

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

function node(rateLimit: RateLimitOptions, url = database.url): Promise<Harness> {
  return start({ schema, auth, storage: postgresStorage({ url, maxConnections: 3 }), rateLimit });
}

/** Both nodes refuse together, say for how long, and refuse nobody else. */
async function expectShared(store: () => RateLimitStore, prefix: string) {
  const rateLimit = { perIdentity: { points: 4, durationS: 600 } };
  const nodes = await Promise.all([node({ ...rateLimit, store: store() }), node({ ...rateLimit, store: store() })]);
  const [one, two] = nodes as [Harness, Harness];
  const [ana, ben] = [`${prefix}-ana`, `${prefix}-ben`];
  for (const at of [one, two, two, one]) expect(await statusOf(at, ana)).toBe(200);
  for (const at of nodes) {
    const refused = await at.post('/v1/handshake', hello, as(ana));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(500);
    expect(refused.message).toMatchObject({ kind: 'rate-limited' });
    expect(await statusOf(at, ben)).toBe(200);
  }
  return nodes;
}

/** Somebody has to call for it to be found out. */
async function expectBack(at: Harness): Promise<void> {
  const messages = async () => {
    await statusOf(at, 'eva');
    return at.log.map(({ message }) => message);
  };
  await expect.poll(messages, { timeout: 30_000 }).toContain('the store of rate limits is back');
}

describe('counted in Postgres', () => {
  const store = () => postgresRateLimits({ url: database.url });

  test('the calls of one person at two nodes are one number', async () => {
    await expectShared(store, 'pg');
    const rows = await database.sql<{ key: string }[]>`SELECT key FROM tidemark.rate_limit WHERE key LIKE '%pg-ana'`;
    expect(rows.map(({ key }) => key)).toEqual(['tidemark_identity:pg-ana']);
  });

  test('a name that Postgres cannot store is counted too, and does not take the store down for everybody', async () => {
    const at = await node({ perIdentity: { points: 2, durationS: 600 }, store: store() });
    const answers = async (who: string) => (await at.post('/v1/handshake', hello, as(who))).message;
    const fay = encodeURIComponent('fay\0');
    await answers(fay);
    await answers(fay);
    expect(await answers(fay)).toMatchObject({ kind: 'rate-limited' });
    expect(at.log.map(({ message }) => message)).not.toContain('the store of rate limits is down');
  });

  test('a client that meets the limit at another node waits, and loses nothing', async () => {
    const rateLimit = { perIdentity: { points: 6, durationS: 2 } };
    const one = await node({ ...rateLimit, store: store() });
    const two = await node({ ...rateLimit, store: store() });
    const refusals = () =>
      [...one.log, ...two.log].filter(({ fields }) => fields.status === 429 || fields.kind === 'rate-limited').length;
    const syncs = [one, two].map(({ running }) =>
      createSync({ schema, server: { url: running.url, auth: () => 'cai' } }),
    );
    try {
      let written = 0;
      // One push for each write: a client that is not held up asks far more often than it may.
      for (; refusals() === 0 || written < 8; written += 1) {
        const receipt = await syncs[written % 2]?.write((tx) => tx.insert('note', { id: `${written}`, body: 'kept' }));
        expect(await receipt?.settled).toMatchObject({ outcome: 'applied' });
      }
      const [{ count = 0 } = {}] = await database.sql<{ count: number }[]>`SELECT count(*)::int AS count FROM note`;
      expect(count).toBe(written);
    } finally {
      await Promise.all(syncs.map((one) => one.close()));
    }
  });

  test('while that database is away each node counts by itself, and says so once', async () => {
    const away = await startPostgres();
    const counting = await createDatabase(away);
    const first = await node({}, counting.url);
    await first.running.close();
    const rateLimit = { perIdentity: { points: 2, durationS: 600 } };
    const at = await node({ ...rateLimit, store: postgresRateLimits({ url: counting.url }) });
    expect(await statusOf(at, 'dan')).toBe(200);
    await away.kill();
    expect([await statusOf(at, 'dan'), await statusOf(at, 'dan'), await statusOf(at, 'dan')]).toEqual([200, 200, 429]);
    expect(await statusOf(at, 'eva')).toBe(200);
    const down = at.log.filter(({ message }) => message === 'the store of rate limits is down');
    expect(down.map(({ fields }) => fields.limit).sort()).toEqual(['address', 'identity']);
    await away.restart();
    await expectBack(at);
    await counting.drop();
    await away.close();
  });
});

const whyNot = hasRedis() ? '' : ' (SKIPPED: there is no redis-server on this machine; apt-get install redis-server)';
if (whyNot) console.warn(`The tests of rate limits over Redis do not run${whyNot}.`);

describe.skipIf(whyNot !== '')(`counted in Redis${whyNot}`, () => {
  test('the calls of one person at two nodes are one number, and a server that is killed keeps nobody out', async () => {
    const redis = await startRedis();
    const clients: RedisClient[] = [];
    const store = (): RateLimitStore => {
      const storeClient = new RedisClient(redis.path);
      clients.push(storeClient);
      return (options) => new RateLimiterRedis({ storeClient, useRedisPackage: true, ...options });
    };
    const [one] = await expectShared(store, 'redis');
    await redis.kill();
    expect(await statusOf(one as Harness, 'redis-ana')).toBe(200);
    await redis.restart();
    await expectBack(one as Harness);
    for (const client of clients) client.close();
    await redis.close();
  });
});
