/** A thousand open conflicts on the real engine: seen, scrolled through and decided in the panel, by mouse and by keyboard. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synced, World } from './harness/world.ts';

const COUNT = 1_000;
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

const openCount = (page: Page) => page.evaluate(() => window.device.sync.store.getState().status.conflictCount);

/** All rows edited on both sides, each in a mutation of its own here: the later half of these after the other side's edit. */
async function collide(round: string): Promise<void> {
  await second.evaluate(() => window.device.sync.pause('offline'));
  const editHere = (from: number, to: number) =>
    second.evaluate(
      async ([start, end, title]) => {
        const { sync } = window.device;
        for (let n = start; n < end; n += 1)
          await sync.write((tx) => tx.update('careful', `c${n}`, { title: `${title} mine ${n}` }));
      },
      [from, to, round] as const,
    );
  await editHere(0, COUNT / 2);
  await first.evaluate(async (title) => {
    const { sync, sql } = window.device;
    await sync.write((tx) => tx.run(sql`UPDATE careful SET title = ${`${title} theirs`}`));
  }, round);
  await synced(first);
  await editHere(COUNT / 2, COUNT);
  await second.evaluate(() => window.device.sync.resume('offline'));
  await expect.poll(() => openCount(second), { timeout: 60_000 }).toBe(COUNT);
}

test('a thousand conflicts are listed, scrolled to the end, and decided by policy and by table', async () => {
  await first.evaluate(async (count) => {
    await window.device.sync.write((tx) =>
      tx.insertMany(
        'careful',
        Array.from({ length: count }, (_, n) => ({ id: `c${n}`, title: 'Base', note: null })),
      ),
    );
  }, COUNT);
  await synced(first);
  await synced(second);
  await collide('one');

  await second.getByRole('tab', { name: /^Conflicts/ }).click();
  await second.getByRole('listbox', { name: 'Open conflicts' }).getByRole('option').first().waitFor();
  const list = second.getByRole('listbox', { name: 'Open conflicts' });
  await list.focus();
  await second.keyboard.press('End');
  await second.getByRole('article').getByText('c999').waitFor();
  expect(await list.getByRole('option', { selected: true }).getAttribute('aria-posinset')).toBe(String(COUNT));

  await second.getByRole('button', { name: 'Decide 1,000…' }).focus();
  await second.keyboard.press('Enter');
  const question = second.getByRole('alertdialog');
  await question.getByText('500 rows as this device has it, 500 rows as the other side has it').waitFor();
  await question.getByRole('button', { name: 'Decide them all' }).focus();
  await second.keyboard.press('Enter');
  await expect.poll(() => openCount(second), { timeout: 120_000 }).toBe(0);
  await synced(second);
  await synced(first);
  const counted = () =>
    first.evaluate(async () => {
      const { sync, sql } = window.device;
      const rows = await sync.query(sql`SELECT title LIKE '%mine%' AS mine, count(*) AS n FROM careful GROUP BY 1`);
      return rows.map((row) => [row.mine, row.n]);
    });
  expect(await counted()).toEqual([
    [0, 500],
    [1, 500],
  ]);

  await collide('two');
  await second.getByRole('button', { name: 'Decide 1,000…' }).click();
  await question.getByRole('combobox').selectOption('client-wins');
  await question.getByRole('button', { name: 'Decide them all' }).click();
  await expect.poll(() => openCount(second), { timeout: 120_000 }).toBe(0);
  await synced(second);
  await synced(first);
  expect(await counted()).toEqual([[1, COUNT]]);
}, 240_000);
