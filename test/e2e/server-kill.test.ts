/** Scenario 3: the server dies again and again in the middle of pushes; nothing acknowledged is lost, nothing applied twice. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synced, World } from './harness/world.ts';

const KILL_COUNT = 20;
const WRITES_EACH = 40;

let world: World;
let device: Page;

beforeAll(async () => {
  world = new World('task');
  await world.start();
  device = await world.openDevice('first');
  await device.evaluate(() => window.device.sync.write((tx) => tx.insert('task', { id: 'counter', title: 'counter' })));
  await synced(device);
});
afterAll(() => world?.close());

test(`nothing is lost or doubled when the server is killed ${KILL_COUNT} times during pushes`, async () => {
  const acknowledged = new Set<string>();
  await device.exposeFunction('acknowledge', (id: string) => acknowledged.add(id));
  for (let round = 0; round < KILL_COUNT; round += 1) {
    // A different number of answers each time, so that the kill falls on different points of the pushing.
    await writeUntilAcknowledged(device, { round, answers: (round * 3) % WRITES_EACH });
    await world.server.kill();
    expect(onServer('task')).toEqual(expect.arrayContaining([...acknowledged]));
    await world.server.start();
  }
  await synced(device);
  const total = KILL_COUNT * WRITES_EACH;
  expect(onServer('task')).toHaveLength(total + 1);
  expect(countOnServer()).toBe(total);
  expect(await device.evaluate(() => window.device.sync.outbox.list())).toEqual([]);
});

/**
 * Writes unique rows that also raise one counter, and returns once `answers` of them were acknowledged: the others are on their way.
 */
async function writeUntilAcknowledged(page: Page, options: { round: number; answers: number }): Promise<void> {
  await page.evaluate(
    async ({ round, answers, writes }) => {
      const { sync, sql } = window.device;
      const { acknowledge } = window as unknown as { acknowledge(id: string): Promise<void> };
      let acknowledgedCount = 0;
      let enough = () => {};
      const enoughAnswers = new Promise<void>((resolve) => {
        enough = resolve;
      });
      for (let index = 0; index < writes; index += 1) {
        const id = `task-${round}-${index}`;
        const receipt = await sync.write(async (tx) => {
          await tx.insert('task', { id, title: id });
          await tx.run(sql`UPDATE task SET votes = votes + 1 WHERE id = 'counter'`);
        });
        void receipt.settled.then(async ({ outcome }) => {
          if (outcome !== 'applied' && outcome !== 'merged') return;
          await acknowledge(id);
          acknowledgedCount += 1;
          if (acknowledgedCount >= answers) enough();
        });
      }
      if (answers > 0) await enoughAnswers;
    },
    { ...options, writes: WRITES_EACH },
  );
}

function onServer(table: string): string[] {
  return (world.serverRows([table], {})[table] as { id: string }[]).map((row) => row.id);
}

function countOnServer(): number {
  const rows = world.serverRows(['task'], {}).task as { id: string; votes: number }[];
  return rows.find((row) => row.id === 'counter')?.votes ?? 0;
}
