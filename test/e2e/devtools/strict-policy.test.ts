/** The panel in a production build, under a real Content-Security-Policy that allows nothing inline. */
import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumArgs, ensureChromium } from '../../../scripts/chromium.ts';
import { openStrictApp, type StrictApp } from './strict-app.ts';
import { openStrictExample, type StrictExample } from './strict-example.ts';

let app: StrictApp;
let example: StrictExample;
let browser: Browser;
beforeAll(async () => {
  app = await openStrictApp();
  example = await openStrictExample();
  browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
});
afterAll(async () => {
  await browser?.close();
  app?.close();
  await example?.close();
});

/** What the browser itself says was refused is a complaint, too. */
async function watchViolations(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`violated: ${violatedDirective} by ${blockedURI}`);
    });
  });
}

/** Every word of the browser that something was refused, or failed. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}

/** Returns how many there are. */
async function openEveryTab(page: Page): Promise<number> {
  await page.getByRole('tablist').waitFor();
  const tabs = await page.getByRole('tab').all();
  for (const tab of tabs) {
    await tab.click();
    const option = page.locator('[role=listbox] [role=option]').first();
    if (await option.isVisible()) await option.click();
  }
  return tabs.length;
}

const isStyled = (page: Page) =>
  page.getByRole('tablist').evaluate((tabs) => getComputedStyle(tabs).display === 'flex' && tabs.clientHeight < 120);

/** The panel's own window, with each view seen, and what the browser complains of there. */
async function openOwnWindow(page: Page): Promise<{ own: Page; theirs: string[] }> {
  const opening = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open in its own window' }).click();
  const own = await opening;
  const theirs = complaintsOf(own);
  await openEveryTab(own);
  expect(await isStyled(own)).toBe(true);
  return { own, theirs };
}

test('every view keeps to the policy, docked and in its own window', async () => {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  const complaints = complaintsOf(page);
  await page.goto(app.url);
  await page.getByRole('button', { name: /Open tidemark devtools/ }).click();
  expect(await openEveryTab(page)).toBeGreaterThanOrEqual(5);
  expect(await isStyled(page)).toBe(true);
  for (const side of ['left', 'right', 'bottom']) {
    await page.getByRole('button', { name: `Dock to the ${side}` }).click();
    await page.getByRole('separator').press('ArrowUp');
  }
  const { own, theirs } = await openOwnWindow(page);
  const closed = own.waitForEvent('close');
  // The window closes on the way down: the browser may have no page left to answer for the way up.
  own.keyboard.press('Escape').catch(() => {});
  await closed;
  await page.getByRole('button', { name: /Open tidemark devtools/ }).waitFor();
  expect([...complaints, ...theirs]).toEqual([]);
  await page.close();
});

test('the example app as it is built, with a nonce: a real engine, each view in each place, and not one violation', async () => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  await watchViolations(context);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(example.url);
  await page.locator('[data-testid=status][data-phase=synced]').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: /Open tidemark devtools/ }).click();
  await page.getByRole('tablist').waitFor();
  for (const side of ['left', 'right', 'bottom']) {
    await page.getByRole('button', { name: `Dock to the ${side}` }).click();
    await openEveryTab(page);
    expect(await isStyled(page)).toBe(true);
  }
  // Rows that are placed and sized by hand are where they should be: one below the other.
  await page.getByRole('tab', { name: 'Data' }).click();
  const rows = page.getByRole('grid', { name: /^Rows of/ }).getByRole('row');
  const tops = await Promise.all([1, 2, 3].map(async (n) => (await rows.nth(n).boundingBox())?.y ?? 0));
  expect(tops[1]).toBeGreaterThan(tops[0] ?? 0);
  expect(tops[2]).toBeGreaterThan(tops[1] ?? 0);
  const { own, theirs } = await openOwnWindow(page);
  // What tells fields apart has to know those of the other window.
  await own.getByRole('tab', { name: 'Data' }).click();
  await own.getByRole('gridcell').nth(1).click();
  await own.getByRole('button', { name: 'Edit login' }).click();
  await own.getByRole('textbox', { name: 'New value of login' }).press('End');
  await own.keyboard.press('Enter');
  expect(await own.getByRole('textbox', { name: 'New value of login' }).inputValue()).toMatch(/\n$/);
  await own.getByRole('button', { name: 'Cancel' }).click();
  const nonces = (one: Page) =>
    one
      .locator('[data-tidemark-devtools]')
      .last()
      .evaluate((host) => [...(host.shadowRoot?.querySelectorAll('style') ?? [])].map((style) => style.nonce));
  expect([await nonces(page), await nonces(own)]).toEqual([['tide'], ['tide']]);
  expect([...complaints, ...theirs]).toEqual([]);
  await context.close();
}, 120_000);

/** The text of the file that this button saves. The code runs in the app's page, wherever the panel is shown. */
async function savedBy(app: Page, panel: Page, name: string): Promise<string> {
  const downloading = app.waitForEvent('download');
  await panel.getByRole('button', { name, exact: true }).click();
  return readFileSync(await (await downloading).path(), 'utf8');
}

test('files are saved and opened under the policy, in the page and in a window of its own; questions are asked there', async () => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  await watchViolations(context);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(example.url);
  await page.locator('[data-testid=status][data-phase=synced]').waitFor({ timeout: 60_000 });
  await page.getByRole('switch', { name: 'Work offline' }).click();
  await page.locator('.row .vote').first().click();
  await page.getByRole('button', { name: /Open tidemark devtools/ }).click();
  await page.getByRole('tablist').waitFor();

  const useFiles = async (panel: Page) => {
    const show = (view: string) => panel.getByRole('tab', { name: new RegExp(`^${view}`) }).click();
    const choose = (label: string, text: string) =>
      panel
        .getByLabel(label)
        .setInputFiles({ name: 'file.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await show('Queue');
    const outbox = await savedBy(page, panel, 'Export');
    expect(JSON.parse(outbox).mutations).toHaveLength(1);
    await choose('File of unsent work', outbox);
    await panel.getByRole('button', { name: 'Write it again' }).click();
    await panel.getByText('0 mutations written again, 1 left out.').waitFor();
    await panel.getByRole('option', { name: /^#1/ }).click();
    await panel.getByRole('button', { name: 'Discard…' }).click();
    await panel.getByRole('alertdialog').getByRole('button', { name: 'Keep it' }).click();
    await show('Data');
    await panel.getByRole('grid', { name: /^Rows of/ }).waitFor();
    expect(await savedBy(page, panel, 'CSV')).toContain('\r\n');
    expect(JSON.parse(await savedBy(page, panel, 'JSON')).length).toBeGreaterThan(0);
    await show('Support');
    const bundle = await savedBy(page, panel, 'Save the bundle');
    await choose('Support bundle', bundle);
    await panel.getByText('read-only').first().waitFor();
    await panel.getByRole('button', { name: 'Back to the app' }).click();
  };
  await useFiles(page);
  const { own, theirs } = await openOwnWindow(page);
  await useFiles(own);
  expect([...complaints, ...theirs]).toEqual([]);
  await context.close();
}, 120_000);

test('the policy is real: what the page writes inline is refused', async () => {
  const page = await browser.newPage();
  await page.goto(app.url);
  const colour = await page.evaluate(() => {
    document.body.innerHTML += '<p style="color: rgb(1, 2, 3)">inline</p>';
    return getComputedStyle(document.querySelector('p') as Element).color;
  });
  expect(colour).not.toBe('rgb(1, 2, 3)');
  await page.close();
});
