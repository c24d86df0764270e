/**
 * `npm run screenshots`: drives the running example app in Chromium and writes the pictures that the README and the guides show
 * to `docs/images`, light and dark.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright';
import { createServer } from 'vite';
import { chromiumArgs, ensureChromium } from './chromium.ts';
import { startTracker } from './tracker-server.ts';

const root = resolve(import.meta.dirname, '..');
const images = join(root, 'docs/images');
const SCHEMES = ['light', 'dark'] as const;
type Scheme = (typeof SCHEMES)[number];

/** How each view is brought to what its picture should show, besides opening its tab. */
const STAGED: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  overview: (page) => page.getByRole('figure', { name: /Latency/ }).waitFor(),
  queue: showQueue,
  cursors: (page) => page.getByRole('region', { name: 'Rows by scope' }).waitFor(),
  events: (page) => page.getByRole('listbox', { name: 'Events' }).getByRole('option').nth(2).click(),
  async data(page) {
    await page.getByRole('combobox', { name: 'Table' }).selectOption('issue');
    await page.getByRole('checkbox', { name: 'Unsynced only' }).check();
    await page.getByRole('grid').getByText('issue-02396').click();
  },
  queries: (page) =>
    page
      .getByRole('grid')
      .getByText(/issue\.id, issue\.title/)
      .click(),
};

/** An issue for each: what one run has written is not what the next one should begin with. */
const RETITLED: Readonly<Record<Scheme, number>> = { light: 1, dark: 3 };

const ONE_DEVICE = `
  .devices-pair { grid-template-columns: 1fr !important; }
  .devices-pair > :first-child, [data-tidemark-devtools='floating'] { display: none !important; }
  .device-panel { height: 640px !important; width: 1100px !important; }
`;

const folder = mkdtempSync(join(tmpdir(), 'tidemark-screenshots-'));
const tracker = await startTracker({ file: join(folder, 'tracker.db') });
process.env.TIDEMARK_SERVER = tracker.url;
const app = await createServer({
  configFile: join(root, 'example-app/vite.config.ts'),
  logLevel: 'error',
  server: { port: 0, host: '127.0.0.1' },
});
await app.listen();
const url = app.resolvedUrls?.local[0] ?? '';
const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
mkdirSync(images, { recursive: true });
try {
  for (const scheme of SCHEMES) {
    await trackerWithPanel(browser, scheme);
    await everyView(browser, scheme);
    await twoDevices(browser, scheme);
  }
} finally {
  await browser.close();
  await app.close();
  await tracker.close();
  rmSync(folder, { recursive: true, force: true });
}

/** The tracker with an issue open, offline work in the queue, and the panel at an edge. */
async function trackerWithPanel(browser: Browser, scheme: Scheme): Promise<void> {
  const page = await openPage(browser, scheme, '#/issue/issue-02396');
  await page.locator('[data-testid=status][data-phase=synced]').waitFor();
  await shoot(page, `tracker-${scheme}`);
  await page.getByRole('switch', { name: 'Work offline' }).click();
  for (const index of [0, 1, 2]) await page.locator('.row .vote').nth(index).click();
  await page.getByLabel('Title').fill('Lock gate alarm rings twice at slack water');
  await page.getByLabel('Title').blur();
  await page.locator('[data-row-status=pending]').first().waitFor();
  await page.getByRole('button', { name: /tidemark/i }).click();
  await showQueue(page);
  await shoot(page, `tracker-panel-${scheme}`);
  await page.getByRole('button', { name: 'Dock to the right' }).click();
  await shoot(page, `tracker-panel-right-${scheme}`);
  await page.context().close();
}

async function showQueue(page: Page): Promise<void> {
  await page.getByRole('tab', { name: /Queue/ }).click();
  await page.getByRole('option', { name: /title/ }).click();
  await page.getByRole('article', { name: /^Mutation/ }).waitFor();
}

/** Each view alone, in the panel's own window, of a device that has been at work. */
async function everyView(browser: Browser, scheme: Scheme): Promise<void> {
  const page = await openPage(browser, scheme, '#/issue/issue-02396');
  await page.locator('[data-testid=status][data-phase=synced]').waitFor();
  await someRounds(page);
  await page.getByRole('button', { name: /tidemark/i }).click();
  const opening = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open in its own window' }).click();
  const own = await opening;
  await own.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  await own.setViewportSize({ width: 1100, height: 620 });
  await own.getByRole('tablist').waitFor();
  await own.getByRole('tab', { name: 'Devices' }).click();
  await own.getByRole('list', { name: 'Devices' }).waitFor();
  await shoot(own, `panel-devices-${scheme}`);
  await workOffline(page);
  for (const tab of await own.getByRole('tab').all()) {
    const id = ((await tab.getAttribute('id')) ?? '').replace('tab-', '');
    // Conflicts want two devices, and have a picture of their own; the list of devices wants the server.
    if (id === 'conflicts' || id === 'devices') continue;
    await tab.click();
    await STAGED[id]?.(own);
    await own.getByText('Loading…').waitFor({ state: 'detached' });
    await shoot(own, `panel-${id}-${scheme}`);
  }
  await page.context().close();
}

/** Something to plot. */
async function someRounds(page: Page): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    await page
      .locator('.row .vote')
      .nth(round % 5)
      .click();
    await page.waitForTimeout(150);
  }
  await page.locator('[data-testid=status][data-phase=synced]').waitFor();
}

/** What waits in the queue. */
async function workOffline(page: Page): Promise<void> {
  await page.getByRole('switch', { name: 'Work offline' }).click();
  for (const index of [0, 1]) await page.locator('.row .vote').nth(index).click();
  await page.getByLabel('Title').fill('Lock gate alarm rings twice at slack water');
  await page.getByLabel('Title').blur();
  await page.locator('[data-row-status=pending]').first().waitFor();
}

/** Two devices that retitled the same issue offline; one of them has to decide. */
async function twoDevices(browser: Browser, scheme: Scheme): Promise<void> {
  const page = await openPage(browser, scheme, '#/devices');
  const [a, b] = [page.locator('[data-device=device-a]'), page.locator('[data-device=device-b]')];
  for (const device of [a, b]) await device.locator('[data-issue]').first().waitFor();
  for (const device of [a, b]) await device.getByRole('switch').click();
  const id = await a.locator('[data-issue]').nth(RETITLED[scheme]).getAttribute('data-issue');
  await retitle(a, id, 'Depth contour drops its last reading offline');
  await retitle(b, id, 'Depth contour forgets the last reading without a network');
  await a.getByRole('switch').click();
  await a.locator('[data-testid=status][data-phase=synced]').waitFor();
  await b.getByRole('switch').click();
  await b.locator('[data-testid=status][data-phase=blocked]').waitFor();
  await b.getByRole('tab', { name: /Conflicts/ }).click();
  await b.getByRole('option', { name: /title/ }).click();
  await b.getByRole('article', { name: /^Conflict/ }).waitFor();
  await shoot(page, `two-devices-conflict-${scheme}`);
  // The deciding device alone, with room for all of it.
  await page.addStyleTag({ content: ONE_DEVICE });
  await shootPart(b.locator('.device-panel'), `panel-conflicts-${scheme}`);
  await page.context().close();
}

async function retitle(device: Locator, id: string | null, title: string): Promise<void> {
  const field = device.locator(`[data-issue="${id}"] textarea`);
  await field.fill(title);
  await field.blur();
}

async function openPage(browser: Browser, scheme: Scheme, hash: string): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 960 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(url + hash);
  return page;
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(images, `${name}.png`), animations: 'disabled' });
  console.log(`docs/images/${name}.png`);
}

async function shootPart(part: Locator, name: string): Promise<void> {
  await part.screenshot({ path: join(images, `${name}.png`), animations: 'disabled' });
  console.log(`docs/images/${name}.png`);
}
