/** Scenario 4: the renderer dies in the middle of transactions; every resolved write is there, and the database is sound. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from './harness/world.ts';

const KILL_COUNT = 20;

let world: World;

beforeAll(async () => {
  world = new World('task');
  await world.start();
});
afterAll(() => world?.close());

test(`every resolved write survives ${KILL_COUNT} crashes of the renderer`, async () => {
  const resolved = new Set<string>();
  for (let round = 0; round < KILL_COUNT; round += 1) {
    const page = await world.openDevice('first');
    expect(await present(page)).toEqual(expect.arrayContaining([...resolved]));
    expect(await page.evaluate(() => window.device.sync.inspect.integrityCheck())).toEqual([]);
    await crashWhileWriting(page, { round, resolved, writesBefore: 3 + ((round * 5) % 17) });
  }
  const page = await world.openDevice('first');
  const ids = await present(page);
  expect(ids).toEqual(expect.arrayContaining([...resolved]));
  // Each write puts a task and its tag in one transaction: never one without the other.
  expect(await tagged(page)).toEqual(ids);
});

interface Crash {
  readonly round: number;
  readonly resolved: Set<string>;
  readonly writesBefore: number;
}

/** Writes without a pause, and crashes the renderer while the next transaction is open. */
async function crashWhileWriting(page: Page, { round, resolved, writesBefore }: Crash): Promise<void> {
  let reached = () => {};
  const enough = new Promise<void>((resolve) => {
    reached = resolve;
  });
  await page.exposeFunction('resolved', (id: string) => {
    resolved.add(id);
    if (resolved.size % writesBefore === 0) reached();
  });
  const crashed = page.waitForEvent('crash');
  const writing = page.evaluate(async (round) => {
    const { sync } = window.device;
    const tell = (window as unknown as { resolved(id: string): Promise<void> }).resolved;
    for (let index = 0; ; index += 1) {
      const id = `task-${round}-${index}`;
      await sync.write(async (tx) => {
        await tx.insert('task', { id, title: id });
        await tx.insert('tag', { task_id: id, name: 'tag', weight: 0.1 });
      });
      void tell(id);
    }
  }, round);
  // The evaluation ends with the page: that it never returns is the point.
  writing.catch(() => undefined);
  await enough;
  const session = await page.context().newCDPSession(page);
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
}

const present = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const rows = await window.device.sync.query({ sql: 'SELECT id FROM task ORDER BY id', parameters: [] });
    return rows.map((row) => String(row.id));
  });

const tagged = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const rows = await window.device.sync.query({ sql: 'SELECT task_id FROM tag ORDER BY task_id', parameters: [] });
    return rows.map((row) => String(row.task_id));
  });
