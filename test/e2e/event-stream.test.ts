/** A browser behind a proxy that lets no WebSocket through: it lives on events, and takes a WebSocket when it can. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSyncServer } from '../../src/server/edge/create-sync-server.ts';
import { type RunningServer, serve } from '../../src/server/edge/serve.ts';
import { sqliteStorage } from '../../src/server/sqlite/index.ts';
import { taskSchema } from './harness/schemas.ts';
import { UpgradeProxy } from './harness/upgrade-proxy.ts';
import { synced, World } from './harness/world.ts';

/** The tokens that hold. */
const tokens = new Set(['first']);

/** Why event streams came to their end, as the server's log has it. */
const ended: unknown[] = [];
/** The machine may be busy with other tests. */
const PATIENT = { timeout: 60_000 };

let running: RunningServer;
let proxy: UpgradeProxy;
let world: World;
let device: Page;
let other: Page;

beforeAll(async () => {
  const server = createSyncServer({
    schema: taskSchema,
    storage: sqliteStorage({ file: ':memory:' }),
    cors: { origins: '*' },
    logger: {
      info: ({ kind }, message) => void (message === 'event stream closed' && ended.push(kind)),
      warn: () => undefined,
      error: () => undefined,
    },
    auth: ({ token }) => (token !== null && tokens.has(token) ? { id: 'ana' } : null),
    // Whether a token still holds is asked often.
    limits: { reauthMs: 1_000 },
  });
  running = await serve(server, { port: 0 });
  proxy = new UpgradeProxy(running.url);
  await proxy.listen();
  world = new World('task');
  await world.startPages();
  device = await open('behind', proxy.url);
  other = await open('free', running.url);
});
afterAll(async () => {
  await world?.close();
  proxy?.close();
  await running?.close();
});

/** A device whose person is signed in before it is opened. */
async function open(name: string, server: string): Promise<Page> {
  const context = await world.openBrowser(name);
  await context.addInitScript(() => localStorage.getItem('person') ?? localStorage.setItem('person', 'first'));
  return world.openTab(context, { server });
}

/** Written elsewhere, and seen here without anybody asking. */
async function arrives(id: string): Promise<void> {
  await other.evaluate(async (taskId) => {
    const receipt = await window.device.sync.write((tx) => tx.insert('task', { id: taskId, title: taskId }));
    await receipt.settled;
  }, id);
  await device.waitForFunction(async (taskId) => {
    const { sync, sql } = window.device;
    return (await sync.query(sql`SELECT id FROM task WHERE id = ${taskId}`)).length === 1;
  }, id);
}

const connected = () => device.waitForFunction(() => window.device.sync.store.getState().status.connection === 'open');

test('events bring what others write, and requests take up what is written here', async () => {
  await connected();
  expect(proxy.refusedCount).toBeGreaterThanOrEqual(2);
  // With a subscription one stream takes the place of another.
  await expect.poll(() => proxy.streamCount).toBe(1);
  await synced(device);
  await arrives('by events');
  await device.evaluate(async () => {
    const receipt = await window.device.sync.write((tx) => tx.insert('task', { id: 'from here', title: 'x' }));
    await receipt.settled;
  });
  await other.waitForFunction(async () => {
    const { sync, sql } = window.device;
    return (await sync.query(sql`SELECT id FROM task WHERE id = 'from here'`)).length === 1;
  });
  expect(proxy.passedCount).toBe(0);
});

test('a token that ends in the middle of a stream is replaced, and nothing is lost', async () => {
  tokens.add('second');
  for (const page of [device, other]) await page.evaluate(() => localStorage.setItem('person', 'second'));
  tokens.delete('first');
  await expect.poll(() => ended, PATIENT).toContain('needs-auth');
  await arrives('after the end of the token');
  expect(await device.evaluate(() => window.device.sync.store.getState().status.error)).toBeNull();
  expect(proxy.passedCount).toBe(0);
});

test('a WebSocket is taken when one gets through', async () => {
  proxy.letsUpgrade = true;
  proxy.cutStreams();
  await expect.poll(() => proxy.passedCount, PATIENT).toBeGreaterThan(0);
  await connected();
  await arrives('by the socket');
  expect(proxy.streamCount).toBe(0);
});
