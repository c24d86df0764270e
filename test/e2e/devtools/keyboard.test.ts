/** The panel on the real example app, by the keyboard alone: nothing here touches the mouse. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumArgs, ensureChromium } from '../../../scripts/chromium.ts';
import { startTracker } from '../../../scripts/tracker-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-keyboard-'));
let tracker: Awaited<ReturnType<typeof startTracker>>;
let app: ViteDevServer;
let browser: Browser;
let page: Page;

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
  page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto(app.resolvedUrls?.local[0] ?? '');
  await page.locator('[data-testid=status][data-phase=synced]').waitFor({ timeout: 60_000 });
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
  await tracker?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Focus {
  readonly label: string;
  readonly isInPanel: boolean;
  readonly isShown: boolean;
}

/** What has the focus, inside of shadow roots too, and whether one sees that it has. */
const focus = (): Promise<Focus> =>
  page.evaluate(() => {
    let active = document.activeElement;
    const isInPanel = active?.shadowRoot !== null;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    if (!active || active === document.body) return { label: '', isInPanel: false, isShown: false };
    const style = getComputedStyle(active);
    const label = active.getAttribute('aria-label') ?? active.textContent?.trim().slice(0, 60) ?? '';
    // The edge that resizes the panel lights up instead.
    const isShown = style.outlineStyle !== 'none' || style.backgroundImage !== 'none';
    return { label, isInPanel, isShown: isShown && active.matches(':focus-visible') };
  });
const focused = (label: string | RegExp) =>
  expect.poll(async () => (await focus()).label, { timeout: 10_000 }).toMatch(label);
const press = (key: string) => page.keyboard.press(key);

/** Goes on with Tab to the stop of this name. */
async function tabTo(label: string | RegExp, key = 'Tab'): Promise<void> {
  const seen: string[] = [];
  for (let step = 0; step < 80; step += 1) {
    const now = (await focus()).label;
    if (now.match(label)) return;
    seen.push(now);
    await press(key);
  }
  throw new Error(`Tab never came to ${label}. It came to: ${seen.join(' · ')}`);
}

/** From anywhere in the panel to a view, by its tab. */
async function show(view: string): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    const isTab = await page.evaluate(() => {
      let active = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.getAttribute('role') === 'tab';
    });
    if (isTab) break;
    await press('Shift+Tab');
  }
  await press('Home');
  for (let step = 0; step < 12; step += 1) {
    if ((await focus()).label.startsWith(view)) return;
    await press('ArrowRight');
  }
  throw new Error(`There is no view ${view}.`);
}

test('it opens and closes by keys, and each stop of each view is seen and leads on', async () => {
  await press('Alt+Shift+S');
  await focused(/^Overview/);
  for (const view of [
    'Overview',
    'Queue',
    'Conflicts',
    'Cursors',
    'Data',
    'Queries',
    'Events',
    'Devices',
    'Lab',
    'Support',
  ]) {
    await show(view);
    let isOut = false;
    const stops: string[] = [];
    for (let step = 0; step < 80 && !isOut; step += 1) {
      await press('Tab');
      const now = await focus();
      isOut = !now.isInPanel;
      if (isOut) break;
      expect({ view, stop: now.label, isShown: now.isShown }).toEqual({ view, stop: now.label, isShown: true });
      stops.push(now.label);
    }
    expect({ view, isOut, hasStops: stops.length > 0 }).toEqual({ view, isOut: true, hasStops: true });
    await press('Shift+Tab');
  }
  await show('Support');
  await press('Escape');
  await focused(/^Open\s*tidemark/);
  await press('Enter');
  await focused(/^Support/);
}, 120_000);

/** Whether one sees the cell of the grid that the keys have come to: nothing covers it, and it is not scrolled away. */
const isCellInSight = () =>
  page.evaluate(() => {
    let grid = document.activeElement;
    while (grid?.shadowRoot?.activeElement) grid = grid.shadowRoot.activeElement;
    const tree = grid?.getRootNode() as ShadowRoot;
    const cell = tree.getElementById(grid?.getAttribute('aria-activedescendant') ?? '');
    if (!grid || !cell) return false;
    const { left, top, bottom } = cell.getBoundingClientRect();
    const isSeen = (y: number) => cell.contains(tree.elementFromPoint(left + 12, y));
    return isSeen(top + 4) && isSeen(bottom - 4);
  });

test('Data: the editor of a cell and the form of a new row open and close by keys, and the focus comes back', async () => {
  await show('Data');
  await page.getByRole('grid', { name: /^Rows of/ }).waitFor();
  await tabTo(/^Rows of/);
  await press('End');
  await press('ArrowLeft');
  await press('Home');
  await tabTo(/^Table$/, 'Shift+Tab');
  await page.keyboard.type('issue');
  await page.getByRole('grid', { name: 'Rows of issue', exact: true }).waitFor();
  await tabTo(/^Rows of issue/);
  for (let step = 0; step < 40; step += 1) await press('ArrowDown');
  await expect.poll(isCellInSight).toBe(true);
  for (let step = 0; step < 30; step += 1) await press('ArrowUp');
  await expect.poll(isCellInSight).toBe(true);
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowRight']) await press(key);
  const cell = await page.evaluate(() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    const root = active?.getRootNode() as ShadowRoot;
    return root.getElementById(active?.getAttribute('aria-activedescendant') ?? '')?.textContent ?? null;
  });
  expect(cell).not.toBeNull();
  await press('Enter');
  await focused(/^New value of/);
  await press('Escape');
  await focused(/^Rows of issue/);

  await tabTo(/^Search rows$/, 'Shift+Tab');
  await page.keyboard.type('nothing like it');
  await page.getByText('No row matches').waitFor();
  await press('Escape');
  await page.getByRole('grid', { name: 'Rows of issue', exact: true }).waitFor();
  await focused(/^Search rows$/);
  await tabTo(/^Insert/);
  await press('Enter');
  await focused(/^id$/);
  await press('Escape');
  await focused(/^Insert/);
}, 120_000);

test('Cursors: a scope is left out and followed again, and the focus stays with its button', async () => {
  await show('Cursors');
  await page.getByRole('region', { name: 'Rows by scope' }).waitFor();
  await tabTo(/^Unsubscribe from project:/);
  const name = (await focus()).label.replace('Unsubscribe from ', '');
  await press('Enter');
  await focused(/^Cancel$/);
  await press('Shift+Tab');
  await focused(/^Unsubscribe$/);
  await press('Enter');
  await focused(`Subscribe to ${name}`);
  await page.getByRole('region', { name: 'Rows by scope' }).getByText('left out', { exact: true }).waitFor();
  await press('Enter');
  await focused(`Unsubscribe from ${name}`);
  await page.getByText('left out', { exact: true }).waitFor({ state: 'detached' });
}, 60_000);

/** Types into what has the focus, in place of what is there. */
async function retype(text: string): Promise<void> {
  await press('Control+A');
  await page.keyboard.type(text);
}

/** Nothing that goes away takes the focus out of the panel with it. */
const stillInPanel = () => expect.poll(async () => (await focus()).isInPanel, { timeout: 10_000 }).toBe(true);
const synced = () => page.locator('[data-testid=status][data-phase=synced]').waitFor({ timeout: 30_000 });

test('Data: a row is inserted, edited and deleted, and the focus is at hand each time', async () => {
  await show('Data');
  await page.getByRole('grid', { name: /^Rows of/ }).waitFor();
  await tabTo(/^Table$/);
  await page.keyboard.type('project');
  await page.getByRole('grid', { name: 'Rows of project' }).waitFor();
  await tabTo(/^Insert/);
  await press('Enter');
  await focused(/^id$/);
  await retype('zz-keys');
  await tabTo(/^name$/);
  await page.keyboard.type('Made by keys');
  await tabTo(/^Insert as a mutation$/);
  await press('Enter');
  await page.getByRole('row', { name: /^name/ }).getByText('Made by keys').waitFor();
  await focused(/^Details$/);
  await tabTo(/^Edit name$/);
  await press('Enter');
  await focused(/^New value of name$/);
  await retype('Renamed by keys');
  await press('Control+Enter');
  await focused(/^Edit name$/);
  await page.getByRole('grid').getByText('Renamed by keys').waitFor();
  await synced();
  await tabTo(/^Delete the row/);
  await press('Enter');
  await focused(/^Keep it$/);
  await press('Shift+Tab');
  await press('Enter');
  await page.getByRole('grid').getByText('Renamed by keys').waitFor({ state: 'detached' });
  await stillInPanel();
  await synced();
}, 90_000);

test('Queue: refused work is edited, sent again, and discarded', async () => {
  const refuseNext = async () => {
    await show('Lab');
    await tabTo(/^Reject$/);
    await press('Enter');
    await page.getByText('next mutation is rejected').waitFor();
    await show('Data');
    await page.getByRole('grid', { name: /^Rows of/ }).waitFor();
    await tabTo(/^Table$/);
    await page.keyboard.type('project');
    await tabTo(/^Rows of project/);
    for (const key of ['ArrowDown', 'End', 'Enter']) await press(key);
    await focused(/^New value of name$/);
    await retype('Refused by the lab');
    await press('Control+Enter');
    await page.locator('[data-testid=status][data-phase=blocked]').waitFor();
    await page.getByRole('button', { name: 'Show in the queue' }).waitFor();
    await tabTo(/^Show in the queue$/);
    await press('Enter');
    await page.getByRole('article', { name: /^Mutation/ }).waitFor();
    await stillInPanel();
  };
  await refuseNext();
  await tabTo(/^Edit$/);
  await press('Enter');
  await focused(/^name$/);
  await retype('Edited by keys');
  await tabTo(/^Save and send again$/);
  await press('Enter');
  await synced();
  await stillInPanel();

  await refuseNext();
  await tabTo(/^Discard/);
  await press('Enter');
  await focused(/^Keep it$/);
  await press('Shift+Tab');
  await press('Enter');
  await synced();
  await stillInPanel();
  await page.getByText('The queue is empty').waitFor();
}, 90_000);

test('Conflicts: a conflict is decided column by column, and what lost is restored', async () => {
  await show('Lab');
  await tabTo(/^Force one$/);
  await press('Enter');
  await page.getByText('next update meets a conflict').waitFor();
  await show('Data');
  await page.getByRole('grid', { name: /^Rows of/ }).waitFor();
  await tabTo(/^Table$/);
  await page.keyboard.type('issue');
  await page.getByRole('grid', { name: 'Rows of issue', exact: true }).waitFor();
  await tabTo(/^Rows of issue/);
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter']) await press(key);
  await focused(/^New value of title$/);
  await retype('Mine by keys');
  await press('Control+Enter');
  await page.getByRole('button', { name: 'Decide', exact: true }).waitFor({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Show the conflict' }).waitFor();
  await tabTo(/^Show the conflict$/);
  await press('Enter');
  await page.getByRole('article', { name: /^Conflict in/ }).waitFor();
  await stillInPanel();
  await tabTo(/^Value for title$/);
  await retype('Typed by keys');
  await press('Tab');
  await tabTo(/^Resolve$/);
  await press('Enter');
  await page.getByRole('article', { name: /^Past conflict in/ }).waitFor({ timeout: 30_000 });
  await stillInPanel();
  await tabTo(/^Restore title of the other side$/);
  await press('Enter');
  await page.getByText('title was written again.').waitFor();
  await focused(/^Restore title of the other side$/);
  await synced();
}, 90_000);
