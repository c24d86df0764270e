/** Scenario 6: a mutation that the server's `validate` refuses, seen and mended in the panel. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synced, World } from './harness/world.ts';

let world: World;
let device: Page;

beforeAll(async () => {
  world = new World('task');
  await world.start();
  device = await world.openDevice('first', { panel: true });
});
afterAll(() => world?.close());

test('the row rolls back, the reason outlives a reload, an edit succeeds, and others were never delayed', async () => {
  await device.evaluate(() => window.device.sync.write((tx) => tx.insert('task', { id: 'a', title: 'allowed' })));
  await synced(device);
  const outcomes = await device.evaluate(async () => {
    const { sync } = window.device;
    const refused = await sync.write((tx) => tx.update('task', 'a', { title: 'forbidden' }));
    const others = await Promise.all(
      ['b', 'c', 'd'].map((id) => sync.write((tx) => tx.insert('task', { id, title: id }))),
    );
    const settled = await Promise.all([refused, ...others].map((receipt) => receipt.settled));
    return settled.map(({ outcome }) => outcome);
  });
  expect(outcomes).toEqual(['rejected', 'applied', 'applied', 'applied']);
  expect(await titles()).toEqual(['allowed', 'b', 'c', 'd']);

  await device.reload();
  await device.evaluate(() => window.device.sync.ready);
  await device.getByRole('tab', { name: 'Queue' }).click();
  await device.getByRole('option', { name: /No task may/ }).click();
  const detail = device.getByRole('article', { name: /^Mutation/ });
  await detail.getByText('No task may be called "forbidden".').waitFor();
  await detail.getByRole('button', { name: 'Edit' }).click();
  await detail.getByLabel('title', { exact: true }).fill('mended');
  await detail.getByRole('button', { name: 'Save and send again' }).click();

  await device.waitForFunction(() => window.device.sync.store.getState().status.phase === 'synced');
  expect(await titles()).toEqual(['mended', 'b', 'c', 'd']);
  expect(onServer()).toEqual(['mended', 'b', 'c', 'd']);
  expect(await device.evaluate(() => window.device.sync.outbox.list())).toEqual([]);
});

const titles = (): Promise<unknown[]> =>
  device.evaluate(async () => {
    const rows = await window.device.sync.query(window.device.sql`SELECT title FROM task ORDER BY id`);
    return rows.map((row) => row.title);
  });

const onServer = () => (world.serverRows(['task'], {}).task as { title: string }[]).map((row) => row.title);
