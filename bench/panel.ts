/** What the panel costs a busy page: a production build with the panel in it, a real engine, real Chromium. */
import { statSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright';
import { chromiumArgs, ensureChromium } from '../scripts/chromium.ts';
import { openStrictApp } from '../test/e2e/devtools/strict-app.ts';
import { alternate, type Measure, measure, median } from './measure.ts';

const WRITES_PER_SECOND = 1_000;
const FOR_MS = 3_000;
const QUEUED_COUNT = 100_000;
/** Longer than it takes. */
const EXPORT_MS = 8_000;
const TABLE_ROWS = 100_000;
/** Nine rows: 24,000 px a second. */
const SCROLL_STEP = 400;

export interface PanelBench {
  /** A page with an engine of its own, with the panel or without. */
  open(query: 'busy' | 'busy&bare'): Promise<Page>;
}

export async function withPanel(use: (bench: PanelBench) => Promise<void>): Promise<void> {
  const app = await openStrictApp();
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
  try {
    await use({ open: (query) => openPage(browser, `${app.url}?${query}`) });
  } finally {
    await browser.close();
    app.close();
  }
}

export const panelMeasures = {
  /** Processor time of the page's thread, per second: a clock on the wall would count what else runs on the machine. */
  'panel-closed': async (bench: PanelBench): Promise<Measure> => {
    const [closed, bare] = [await bench.open('busy'), await bench.open('busy&bare')];
    const runs = await alternate(
      async () => (await processorMs(closed)).spentMs,
      async () => (await processorMs(bare)).spentMs,
    );
    await Promise.all([closed.close(), bare.close()]);
    return measure('panel-closed', 'ms/s', {
      ...runs,
      note: `the page's thread at ${WRITES_PER_SECOND} writes/s, the panel closed; floor: without it`,
    });
  },

  'panel-open': async (bench: PanelBench): Promise<Measure> => {
    const [page, bare] = [await openPanel(bench), await bench.open('busy&bare')];
    const values: number[] = [];
    const floors: number[] = [];
    const views: string[] = [];
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      floors.push(p95(await busyFrames(bare)));
      values.push(p95(await busyFrames(page)));
      views.push(`${(await tab.textContent())?.replace(/\d.*/, '')} ${values.at(-1)?.toFixed(1)}`);
    }
    await Promise.all([page.close(), bare.close()]);
    return measure('panel-open', 'ms', {
      values,
      floors,
      note: `p95 frame at ${WRITES_PER_SECOND} writes/s, by open view: ${views.join(', ')}; floor: without the panel`,
    });
  },

  'panel-queue-100k': async (bench: PanelBench): Promise<Measure> => {
    const page = await openLongQueue(bench);
    const list = page.getByRole('listbox', { name: 'Mutations' });
    const scroll = async () =>
      p95(
        await list.evaluate((element, { step, forMs }) => window.busy.scroll(element, step, forMs), {
          step: SCROLL_STEP,
          forMs: FOR_MS,
        }),
      );
    const runs = await alternate(scroll, async () =>
      p95(await page.evaluate((forMs) => window.busy.frames(forMs), FOR_MS)),
    );
    await page.close();
    return measure('panel-queue-100k', 'ms', {
      ...runs,
      note: `p95 frame while ${QUEUED_COUNT} waiting mutations scroll by, ${SCROLL_STEP} px a frame; floor: nothing scrolls`,
    });
  },

  /** The longest frame: what a person would feel as a halt. */
  'panel-export-100k': async (bench: PanelBench): Promise<Measure> => {
    const page = await openLongQueue(bench);
    const took: number[] = [];
    const bytes: number[] = [];
    const runs = await alternate(
      async () => {
        const startedAt = performance.now();
        const watching = page.evaluate((forMs) => window.busy.frames(forMs), EXPORT_MS);
        const downloading = page.waitForEvent('download');
        await page.getByRole('button', { name: 'Export', exact: true }).click();
        const file = await (await downloading).path();
        took.push((performance.now() - startedAt) / 1_000);
        bytes.push(statSync(file).size / 1_000_000);
        return Math.max(...(await watching));
      },
      async () => Math.max(...(await page.evaluate((forMs) => window.busy.frames(forMs), EXPORT_MS))),
    );
    await page.close();
    return measure('panel-export-100k', 'ms', {
      ...runs,
      note: `the longest frame while ${QUEUED_COUNT} waiting mutations become a file of ${Math.round(median(bytes))} MB, in ${median(took).toFixed(1)} s; floor: without it`,
    });
  },

  'panel-data-100k': async (bench: PanelBench): Promise<Measure> => {
    const [page, bare] = [await openPanel(bench), await bench.open('busy&bare')];
    for (const one of [page, bare]) {
      await one.evaluate((count) => window.busy.rows(count), TABLE_ROWS);
      await busyFrames(one);
    }
    await page.getByRole('tab', { name: /^Data/ }).click();
    const grid = page.getByRole('grid', { name: 'Rows of issue' });
    await grid.waitFor();
    await grid.evaluate((element, { step, forMs }) => window.busy.scroll(element, step, forMs), {
      step: SCROLL_STEP,
      forMs: FOR_MS,
    });
    // Back where the rows are that change.
    await grid.evaluate((element) => element.scrollTo(0, 0));
    await grid.getByText('issue-0', { exact: true }).waitFor();
    const spent: { withIt: number[]; without: number[]; worst: number[] } = { withIt: [], without: [], worst: [] };
    const runs = await alternate(
      async () => {
        const { frames, spentMs } = await processorMs(page);
        spent.withIt.push(spentMs);
        spent.worst.push(Math.max(...frames));
        return p95(frames);
      },
      async () => {
        const { frames, spentMs } = await processorMs(bare);
        spent.without.push(spentMs);
        return p95(frames);
      },
    );
    await Promise.all([page.close(), bare.close()]);
    const [withIt, without, worst] = [spent.withIt, spent.without, spent.worst].map((all) => Math.round(median(all)));
    return measure('panel-data-100k', 'ms', {
      ...runs,
      note: `p95 frame at ${WRITES_PER_SECOND} writes/s, the Data view on ${TABLE_ROWS} rows, where they change (longest ${worst}; the page's thread ${withIt} ms/s, without the panel ${without}); floor: without the panel`,
    });
  },
};

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  await page.goto(url);
  await page.getByRole('heading', { name: 'A strict app' }).waitFor();
  return page;
}

async function openPanel(bench: PanelBench): Promise<Page> {
  const page = await bench.open('busy');
  await page.getByRole('button', { name: /Open tidemark devtools/ }).click();
  await page.getByRole('tablist').waitFor();
  return page;
}

async function openLongQueue(bench: PanelBench): Promise<Page> {
  const page = await openPanel(bench);
  await page.evaluate((count) => window.busy.fill(count), QUEUED_COUNT);
  await page.getByRole('tab', { name: /^Queue/ }).click();
  await page.getByText(`${QUEUED_COUNT.toLocaleString('en')} mutations`).waitFor();
  return page;
}

async function busyFrames(page: Page): Promise<number[]> {
  await page.bringToFront();
  const options = { perSecond: WRITES_PER_SECOND, forMs: FOR_MS };
  return page.evaluate(async ({ perSecond, forMs }) => {
    const [frames] = await Promise.all([window.busy.frames(forMs), window.busy.write(perSecond, forMs)]);
    return frames;
  }, options);
}

/** The same, with what the page's thread spent, per second. */
async function processorMs(page: Page): Promise<{ readonly frames: number[]; readonly spentMs: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskMs = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
  };
  const before = await taskMs();
  const frames = await busyFrames(page);
  const spentMs = ((await taskMs()) - before) / (FOR_MS / 1_000);
  await session.detach();
  return { frames, spentMs };
}

function p95(lengths: readonly number[]): number {
  const sorted = [...lengths].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
}
