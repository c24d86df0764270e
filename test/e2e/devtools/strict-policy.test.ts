/** The panel in a production build, under a real Content-Security-Policy that allows nothing inline. */
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumArgs, ensureChromium } from '../../../scripts/chromium.ts';
import { openStrictApp, type StrictApp } from './strict-app.ts';

let app: StrictApp;
let browser: Browser;
beforeAll(async () => {
  app = await openStrictApp();
  browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
});
afterAll(async () => {
  await browser?.close();
  app?.close();
});

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
  const opening = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open in its own window' }).click();
  const own = await opening;
  const theirs = complaintsOf(own);
  await openEveryTab(own);
  expect(await isStyled(own)).toBe(true);
  const closed = own.waitForEvent('close');
  // The window closes on the way down: the browser may have no page left to answer for the way up.
  own.keyboard.press('Escape').catch(() => {});
  await closed;
  await page.getByRole('button', { name: /Open tidemark devtools/ }).waitFor();
  expect([...complaints, ...theirs]).toEqual([]);
  await page.close();
});

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
