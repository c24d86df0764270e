/** Scenario 2: much offline work on two devices, half of it on the same rows, and nothing is lost when they meet. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synced, World } from './harness/world.ts';

const TASK_COUNT = 100;
const WRITE_COUNT = 200;

let world: World;
let first: Page;
let second: Page;

beforeAll(async () => {
  world = new World('task');
  await world.start();
  first = await world.openDevice('first');
  second = await world.openDevice('second');
});
afterAll(() => world?.close());

test('two devices that worked offline become equal, with every vote counted', async () => {
  await first.evaluate(async (count) => {
    const { sync } = window.device;
    await sync.write((tx) =>
      tx.insertMany(
        'task',
        Array.from({ length: count }, (_, index) => ({ id: `task-${index}`, title: `task ${index}` })),
      ),
    );
  }, TASK_COUNT);
  await synced(first);
  await synced(second);

  await Promise.all([first, second].map((page) => page.evaluate(() => window.device.sync.pause('offline'))));
  await Promise.all([writeOffline(first, 'first'), writeOffline(second, 'second')]);
  await expect.poll(() => pendingCount(first)).toBe(WRITE_COUNT);
  await expect.poll(() => pendingCount(second)).toBe(WRITE_COUNT);

  await Promise.all([first, second].map((page) => page.evaluate(() => window.device.sync.resume('offline'))));
  await synced(first);
  await synced(second);
  await synced(first);

  const onServer = world.serverRows(['task', 'tag'], { task: 'id', tag: 'task_id, name' });
  expect(await rowsOf(first)).toEqual(onServer);
  expect(await rowsOf(second)).toEqual(onServer);
  expect(await outbox(first)).toEqual([]);
  expect(await outbox(second)).toEqual([]);
  const votes = (onServer.task as { votes: number }[]).reduce((sum, task) => sum + task.votes, 0);
  expect(votes).toBe(WRITE_COUNT);
});

/** Every second write votes for and edits a task that both devices have; the others write rows of this device alone. */
async function writeOffline(page: Page, name: string): Promise<void> {
  await page.evaluate(
    async ({ name, writeCount, taskCount }) => {
      const { sync, sql } = window.device;
      for (let index = 0; index < writeCount; index += 1) {
        const id = `task-${(index * 7) % taskCount}`;
        await sync.write(async (tx) => {
          if (index % 2 === 0) {
            await tx.run(sql`UPDATE task SET votes = votes + 1, title = ${`${name} ${index}`} WHERE id = ${id}`);
          } else {
            await tx.insert('tag', { task_id: id, name: `${name}-${index}`, weight: index / 3 });
          }
        });
      }
    },
    { name, writeCount: WRITE_COUNT, taskCount: TASK_COUNT },
  );
}

async function rowsOf(page: Page) {
  return page.evaluate(async () => {
    const { sync, sql } = window.device;
    return {
      task: await sync.query(sql`SELECT * FROM task ORDER BY id`),
      tag: await sync.query(sql`SELECT * FROM tag ORDER BY task_id, name`),
    };
  });
}

const pendingCount = (page: Page) => page.evaluate(() => window.device.sync.store.getState().status.pendingCount);
const outbox = (page: Page) => page.evaluate(() => window.device.sync.outbox.list());
