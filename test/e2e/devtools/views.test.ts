/** The panel's views on the real example app: real workers, OPFS, and a real server. Each is driven as a person would. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { chromiumArgs, ensureChromium } from '../../../scripts/chromium.ts';
import { startTracker } from '../../../scripts/tracker-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-views-'));
const contexts: BrowserContext[] = [];
let tracker: Awaited<ReturnType<typeof startTracker>>;
let app: ViteDevServer;
let browser: Browser;

beforeAll(async () => {
  tracker = await startTracker({ file: join(folder, 'tracker.db') });
  process.env.TIDEMARK_SERVER = tracker.url;
  app = await createServer({
    configFile: resolve(import.meta.dirname, '../../../example-app/vite.config.ts'),
    logLevel: 'silent',
    server: { port: 0, host: '127.0.0.1' },
  });
  await app.listen();
  browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
});
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
  await tracker?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A device of its own, with the panel open at this view. */
async function openDevice(view: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
  contexts.push(context);
  return openTab(context, view);
}

async function openTab(context: BrowserContext, view: string): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript(() => {
    localStorage.setItem('tidemark-devtools', JSON.stringify({ isOpen: true, dock: 'bottom', height: 520 }));
  });
  await page.goto(app.resolvedUrls?.local[0] ?? '');
  await phase(page, 'synced');
  await show(page, view);
  return page;
}

const phase = (page: Page, name: string) =>
  page.locator(`[data-testid=status][data-phase=${name}]`).waitFor({ timeout: 60_000 });
const show = (page: Page, view: string) => page.getByRole('tab', { name: new RegExp(`^${view}`) }).click();
/** The app has options of its own. */
const option = (page: Page, name?: RegExp) =>
  page.locator('[data-tidemark-devtools] .list').getByRole('option', name ? { name } : {});
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const vote = (page: Page) => page.locator('.row .vote').first().click();

test('Data: a cell edited in the panel is a mutation like any other, and reaches another device', async () => {
  const [page, other] = [await openDevice('Data'), await openDevice('Data')];
  await page.getByLabel('Table', { exact: true }).selectOption('issue');
  await page.getByRole('gridcell', { name: 'issue-00002' }).click();
  await button(page, 'Edit title').click();
  await page.getByRole('textbox', { name: 'New value of title' }).fill('Edited in the panel');
  await button(page, 'Save as a mutation').click();
  await page.getByRole('grid').getByText('Edited in the panel').waitFor();
  await button(other, 'SQL').click();
  await other.getByRole('textbox', { name: 'SQL' }).fill(`SELECT title FROM issue WHERE id = 'issue-00002'`);
  await expect
    .poll(
      async () => {
        await button(other, 'Run').click();
        return other.getByRole('grid', { name: 'Result' }).getByRole('gridcell').first().textContent();
      },
      { timeout: 15_000 },
    )
    .toBe('Edited in the panel');
  await other.getByRole('textbox', { name: 'SQL' }).fill('DELETE FROM issue');
  await button(other, 'Run').click();
  expect(await other.getByRole('alert').textContent()).toContain('run it inside write()');
});

test('Data: offline, a row shows what the server has confirmed beside what is here', async () => {
  const page = await openDevice('Data');
  await page.getByRole('switch', { name: 'Work offline' }).click();
  await page.getByLabel('Table', { exact: true }).selectOption('issue');
  await page.getByRole('gridcell', { name: 'issue-00003' }).click();
  const before = await page
    .getByRole('row', { name: /^priority/ })
    .locator('.value')
    .textContent();
  await button(page, 'Edit priority').click();
  await page.getByRole('textbox', { name: 'New value of priority' }).fill('5');
  await page.keyboard.press('Enter');
  await page.getByRole('columnheader', { name: 'Confirmed' }).waitFor();
  const values = await page
    .getByRole('row', { name: /^priority/ })
    .locator('.value')
    .allTextContents();
  expect(values).toEqual(['5', before]);
  await page.getByRole('checkbox', { name: 'Unsynced only' }).check();
  await page.getByText('1 row', { exact: true }).waitFor();
});

test('Queries: a write shows as an update of the queries that it concerns', async () => {
  const page = await openDevice('Queries');
  const updates = () =>
    page
      .getByRole('grid', { name: 'Live queries' })
      .getByRole('row', { name: /project_id, count/ })
      .getByRole('gridcell')
      .nth(5)
      .textContent();
  await page.getByRole('grid', { name: 'Live queries' }).waitFor();
  const before = Number(await updates());
  await vote(page);
  await expect.poll(async () => Number(await updates())).toBeGreaterThan(before);
  await page.getByRole('gridcell', { name: /project_id, count/ }).click();
  await page.getByText('run again each time: GROUP BY makes a row depend on others').waitFor();
  await button(page, 'Show the plan').click();
  await page.getByRole('list', { name: 'Query plan' }).waitFor();
});

test('Wire: messages are shown decoded, from the moment it is open', async () => {
  const page = await openDevice('Events');
  await button(page, 'Wire').click();
  await page.getByText('Listening…').waitFor();
  await vote(page);
  const pushed = option(page, /sent push/);
  await pushed.click();
  await page.getByText('mutations', { exact: false }).first().waitFor();
  await page.getByText('votes:', { exact: false }).first().waitFor();
  expect(await page.getByRole('listbox', { name: 'Messages' }).getByText('pushed').count()).toBe(1);
});

test('after work with the mouse, the keys that open the panel show where they have led, and so do those that close it', async () => {
  const page = await openDevice('Overview');
  await button(page, 'Close the devtools').click();
  await vote(page);
  await page.mouse.click(700, 20);
  const ring = () =>
    page.evaluate(() => {
      let active = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return { role: active?.getAttribute('role') ?? active?.localName, isSeen: active?.matches(':focus-visible') };
    });
  await page.keyboard.press('Alt+Shift+S');
  await expect.poll(ring).toEqual({ role: 'tab', isSeen: true });
  await page.mouse.click(700, 20);
  await page.keyboard.press('Alt+Shift+S');
  await expect.poll(ring).toEqual({ role: 'button', isSeen: true });
});

test('where a device has few colours of its own, one sees which tab, button and row is chosen', async () => {
  const page = await openDevice('Events');
  await page.emulateMedia({ forcedColors: 'active' });
  await option(page).first().click();
  const look = (part: Locator) =>
    part.evaluate((element) => {
      const { backgroundColor, outlineStyle } = getComputedStyle(element);
      return `${backgroundColor} ${outlineStyle}`;
    });
  const tab = (name: RegExp) => look(page.getByRole('tab', { name }));
  expect(await tab(/^Events/)).not.toBe(await tab(/^Data/));
  expect(await look(button(page, 'Events'))).not.toBe(await look(button(page, 'Wire')));
  expect(await look(option(page).nth(0))).not.toBe(await look(option(page).nth(1)));
});

test('Lab: offline holds work back, and lets it go; a rejected mutation is retried', async () => {
  const page = await openDevice('Lab');
  await button(page, 'Offline').click();
  await phase(page, 'offline');
  await vote(page);
  await show(page, 'Queue');
  await option(page).first().waitFor();
  expect(await page.getByText('Lab: offline').count()).toBe(1);
  await button(page, 'End all').click();
  await phase(page, 'synced');
  await show(page, 'Lab');
  await button(page, 'Reject').click();
  await vote(page);
  await phase(page, 'blocked');
  await show(page, 'Queue');
  await page.getByText('Refused because the lab of the devtools asked for it.').first().waitFor();
  await option(page).first().click();
  await button(page, 'Retry').click();
  await phase(page, 'synced');
});

test('Lab: it holds in every tab, ends with the tab that set it, and another tab takes over from a killed leader', async () => {
  const leader = await openDevice('Lab');
  const [context] = contexts;
  if (!context) throw new Error('There is a context per device.');
  const other = await openTab(context, 'Lab');
  await button(other, '300 ms').click();
  await leader.getByText('Lab: 300 ms latency').waitFor();
  await other.close();
  await leader.getByText('Lab: 300 ms latency').waitFor({ state: 'detached' });

  const follower = await openTab(context, 'Lab');
  await follower.getByText(/^Another tab leads/).waitFor();
  await button(follower, 'Kill the leader').click();
  await follower.getByText(/^This tab leads/).waitFor();
  await leader.getByText(/^Another tab leads/).waitFor();
  await vote(leader);
  await phase(leader, 'synced');
});

test('Devices: a name reaches the other device, which can be revoked', async () => {
  const [page, other] = [await openDevice('Devices'), await openDevice('Devices')];
  await button(page, 'Rename').click();
  const name = `Harbour desk ${Date.now()}`;
  await page.getByRole('textbox', { name: 'Name of this device' }).fill(name);
  await button(page, 'Save').click();
  await page.getByRole('listitem').filter({ hasText: name }).waitFor();
  await button(other, 'Ask again').click();
  await button(other, `Revoke ${name}`).click();
  await button(other, 'Revoke it').click();
  await other.getByRole('listitem').filter({ hasText: name }).getByText('revoked').waitFor();
  await button(page, 'Sync now').click();
  await page
    .getByText(/forbidden|revoked/i)
    .first()
    .waitFor();
});

test('Support: the saved file opens in the panel, and shows what was there', async () => {
  const page = await openDevice('Support');
  await page.getByRole('switch', { name: 'Work offline' }).click();
  await vote(page);
  const downloading = page.waitForEvent('download');
  await button(page, 'Save the bundle').click();
  const file = await (await downloading).path();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ hasValues: false, missing: [] });
  await page.getByRole('switch', { name: 'Work offline' }).click();
  await phase(page, 'synced');
  await page.getByLabel('Support bundle').setInputFiles({
    name: 'bundle.json',
    mimeType: 'application/json',
    buffer: readFileSync(file),
  });
  await page.getByText('Support bundle bundle.json').waitFor();
  await show(page, 'Queue');
  await option(page, /votes/).waitFor();
  await button(page, 'Back to the app').click();
  await page.getByText('Support bundle bundle.json').waitFor({ state: 'detached' });
});
