/** Two people at one browser, with real storage: the second neither sees nor sends what the first left, and the first finds it again. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synced, World } from './harness/world.ts';

/** Markup, both directions, NUL, composed and decomposed: what ends up on the screen must be text. */
const HOSTILE = '<img src=x onerror="window.hacked = 1">\u202Eשלום\0é é 👩‍👩‍👧‍👦';

let world: World;
let device: Page;

beforeAll(async () => {
  world = new World('task');
  await world.start();
});
afterAll(() => world?.close());

const onServer = () => world.serverRows(['task'], {}).task?.map((row) => (row as { id: string }).id);
const titles = () =>
  device.evaluate(async () => {
    const { sync, sql } = window.device;
    return (await sync.query(sql`SELECT title FROM task ORDER BY id`)).map(({ title }) => title);
  });
const errorOf = () => device.evaluate(() => window.device.sync.store.getState().status.error);
const shown = () =>
  device.evaluate(() => document.querySelector('[data-tidemark-devtools]')?.shadowRoot?.textContent ?? '');

async function signIn(person: string): Promise<void> {
  const { context } = { context: await world.openBrowser('shared') };
  for (const page of context.pages()) await page.close();
  await context.addInitScript((name) => localStorage.setItem('person', name), person);
  device = await world.openTab(context, { panel: true });
}

test('the work of one person waits for them, unseen and unsent, while another is signed in', async () => {
  await signIn('ana');
  await device.evaluate(
    (title) => window.device.sync.write((tx) => tx.insert('task', { id: 'known', title })),
    HOSTILE,
  );
  await synced(device);
  await device.evaluate(async (title) => {
    const { sync } = window.device;
    await sync.pause('offline');
    await sync.write((tx) => tx.insert('task', { id: `unsent ${title}`, title: `secret ${title}` }));
  }, HOSTILE);
  await device.getByRole('tab', { name: /Queue/ }).click();
  await expect.poll(shown).toContain('unsent <img src=x');
  expect(await device.locator('img[src=x]').count()).toBe(0);

  await signIn('bea');
  await expect.poll(errorOf).toMatchObject({ kind: 'forbidden' });
  expect((await errorOf())?.message).toContain('belongs to ana, and bea is signed in');
  await expect(titles()).rejects.toThrow('belongs to ana');
  await expect.poll(shown).toContain('belongs to ana');
  expect(await shown()).not.toContain('<img');
  // Before the server has said a word, too.
  await device.reload();
  await device.waitForFunction(() => 'device' in window);
  await expect(titles()).rejects.toThrow('belongs to ana');
  expect(onServer()).toEqual(['known']);

  await signIn('ana');
  await synced(device);
  expect(await titles()).toEqual([HOSTILE, `secret ${HOSTILE}`]);
  expect(onServer()).toEqual(['known', `unsent ${HOSTILE}`]);
  expect(await device.evaluate(() => 'hacked' in window)).toBe(false);
});
