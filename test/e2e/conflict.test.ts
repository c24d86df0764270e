/** Scenario 5: the same field edited on both sides offline, under `manual`, and decided by hand in the panel. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synced, World } from './harness/world.ts';

let world: World;
let first: Page;
let second: Page;

beforeAll(async () => {
  world = new World('task');
  await world.start();
  first = await world.openDevice('first');
  second = await world.openDevice('second', { panel: true });
});
afterAll(() => world?.close());

test('both values survive a reload, a typed merge wins everywhere, and the history keeps what lost', async () => {
  await first.evaluate(() =>
    window.device.sync.write((tx) => tx.insert('careful', { id: 'a', title: 'as it was', note: null })),
  );
  await synced(first);
  await synced(second);
  for (const page of [first, second]) await page.evaluate(() => window.device.sync.pause('offline'));
  await retitle(first, 'from the first');
  await retitle(second, 'from the second');
  await first.evaluate(() => window.device.sync.resume('offline'));
  await synced(first);
  await second.evaluate(() => window.device.sync.resume('offline'));
  await conflictCount(second, 1);

  await second.reload();
  await second.evaluate(() => window.device.sync.ready);
  await conflictCount(second, 1);
  expect(await titles(second)).toEqual(['from the second']);
  const [conflict] = await second.evaluate(() => window.device.sync.conflicts.list());
  expect(conflict).toMatchObject({
    table: 'careful',
    kind: 'update-update',
    state: 'open',
    fields: { title: { base: 'as it was', local: 'from the second', remote: 'from the first' } },
  });

  await second.getByRole('tab', { name: 'Conflicts' }).click();
  await second.getByRole('option').first().click();
  const field = second.getByRole('group', { name: /^title/ });
  for (const value of ['as it was', 'from the second', 'from the first']) {
    await field.getByText(value, { exact: true }).first().waitFor();
  }
  await second.getByLabel('Value for title').fill('from both');
  await second.getByRole('button', { name: 'Resolve', exact: true }).click();

  await conflictCount(second, 0);
  await synced(second);
  await synced(first);
  const merged = [{ id: 'a', title: 'from both', note: null }];
  expect(world.serverRows(['careful'], {}).careful).toEqual(merged);
  expect(await titles(first)).toEqual(['from both']);
  expect(await titles(second)).toEqual(['from both']);

  const [past] = await second.evaluate(() => window.device.sync.conflicts.list({ state: 'resolved' }));
  expect(past).toMatchObject({
    fields: { title: { base: 'as it was', local: 'from the second', remote: 'from the first' } },
    resolution: { by: 'person', choice: 'merged', values: { title: 'from both' } },
  });
  await second.getByRole('button', { name: /^Past/ }).click();
  await second.getByRole('option').first().click();
  const history = second.getByRole('region', { name: 'Values' });
  for (const value of ['from the second', 'from the first', 'from both']) await history.getByText(value).waitFor();
});

const retitle = (page: Page, title: string) =>
  page.evaluate((value) => window.device.sync.write((tx) => tx.update('careful', 'a', { title: value })), title);

const titles = (page: Page): Promise<unknown[]> =>
  page.evaluate(async () => {
    const rows = await window.device.sync.query(window.device.sql`SELECT title FROM careful`);
    return rows.map((row) => row.title);
  });

async function conflictCount(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (expected) => window.device.sync.store.getState().status.conflictCount === expected,
    count,
  );
}
