/**
 * `npm run bench [-- name… --minutes N]`: runs the measures in Chromium and Node, and prints one JSON line each. Medians of five runs, each
 * beside its floor: the bare part doing the same work at the same time. Nothing is asserted. `--minutes` is for `pg-hold`, which
 * otherwise holds for half of one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import '../scripts/source-names.ts';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { build, preview } from 'vite';
import { chromiumArgs, ensureChromium } from '../scripts/chromium.ts';
import { measureBundle, sizeMark } from '../scripts/size.ts';
import { viteShared } from '../scripts/vite-shared.ts';
import { alternate, type Measure, measure } from './measure.ts';
import type { PageOptions } from './page/measures.ts';
import { startRelay } from './relay.ts';

const PAGE_MEASURES = [
  'write-latency',
  'write-bulk',
  'live-top50',
  'live-2000',
  'ten-queries',
  'query-10k',
  'hydrate-100k',
  'a-to-b',
] as const;
const PG_MEASURES = ['pg-push', 'pg-snapshot', 'pg-fanout', 'pg-idle', 'pg-hold'] as const;
const PANEL_MEASURES = [
  'panel-closed',
  'panel-open',
  'panel-queue-100k',
  'panel-export-100k',
  'panel-data-100k',
] as const;
const ALL = [...PAGE_MEASURES, 'start-100k', 'push-throughput', ...PANEL_MEASURES, ...PG_MEASURES, 'bundle'] as const;
type Name = (typeof ALL)[number];

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '0.5' } },
});
const minutes = Number(options.minutes);
if (!(minutes > 0)) throw new Error(`--minutes must be a number; received ${options.minutes}.`);
const unknown = wanted.filter((name) => !ALL.includes(name as Name));
if (unknown.length > 0) throw new Error(`No such measure: ${unknown.join(', ')}. There are: ${ALL.join(', ')}.`);
const names = ALL.filter((name) => wanted.length === 0 || wanted.includes(name));

const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
try {
  if (names.includes('bundle')) print(await bundle());
  if (names.includes('push-throughput')) print(await (await import('./server-side.ts')).pushThroughput());
  await runOverPostgres();
  await runPanel();
  await runInChromium();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function runOverPostgres(): Promise<void> {
  if (!PG_MEASURES.some((name) => names.includes(name))) return;
  const { withPostgres, pgPush, pgFanout, pgIdle, pgSnapshot } = await import('./postgres.ts');
  await withPostgres(async (database) => {
    if (names.includes('pg-push')) print(await pgPush(database));
    if (names.includes('pg-snapshot')) print(await pgSnapshot(database));
    if (names.includes('pg-fanout')) {
      for (const count of [100, 1_000]) for (const line of await pgFanout(database, count)) print(line);
    }
    if (names.includes('pg-idle')) print(await pgIdle(database));
    if (names.includes('pg-hold')) {
      const { pgHold } = await import('./hold.ts');
      for (const line of await pgHold(database, minutes)) print(line);
    }
  });
}

async function runPanel(): Promise<void> {
  const inPanel = PANEL_MEASURES.filter((name) => names.includes(name));
  if (inPanel.length === 0) return;
  const { withPanel, panelMeasures } = await import('./panel.ts');
  await withPanel(async (bench) => {
    for (const name of inPanel) print(await panelMeasures[name](bench));
  });
}

async function runInChromium(): Promise<void> {
  const inPage = PAGE_MEASURES.filter((name) => names.includes(name));
  if (inPage.length === 0 && !names.includes('start-100k')) return;
  const origin = await servePage();
  const server = await startServer();
  const relay = await startRelay();
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: ensureChromium(),
    args: chromiumArgs,
  });
  for (const name of inPage) {
    const page = await openPage(context, origin.url);
    print(
      await page.evaluate(({ name, options }) => window.bench.measures[name](options), {
        name,
        options: { server: server.url, relay: relay.url },
      }),
    );
    await page.close();
  }
  if (names.includes('start-100k')) print(await start(context, origin.url, { server: server.url, relay: relay.url }));
  await context.close();
  await Promise.all([relay.close(), server.close(), origin.close()]);
}

/** The page as an app ships it: built for production. */
async function servePage(): Promise<{ url: string; close(): Promise<void> }> {
  const shared = {
    ...viteShared,
    configFile: false,
    root: join(import.meta.dirname, 'page'),
    logLevel: 'error',
  } as const;
  const outDir = join(folder, 'page');
  await build({ ...shared, build: { outDir, emptyOutDir: true } });
  const server = await preview({ ...shared, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error('The page server does not listen.');
  return { url, close: () => server.close() };
}

/** A durable server that holds 100,000 issues. */
async function startServer(): Promise<{ url: string; close(): Promise<void> }> {
  const { createBenchServer } = await import('./sync-server.ts');
  return createBenchServer(join(folder, 'server.db'));
}

async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.goto(url);
  await page.waitForFunction(() => 'bench' in window);
  return page;
}

async function start(context: BrowserContext, url: string, options: PageOptions): Promise<Measure> {
  const preparing = await openPage(context, url);
  await preparing.evaluate((options) => window.bench.prepareStart(options), options);
  await preparing.close();
  const load = async (kind: 'startOurs' | 'startBare') => {
    const page = await openPage(context, url);
    const ms = await page.evaluate(({ kind, options }) => window.bench[kind](options), { kind, options });
    await page.close();
    return ms;
  };
  const runs = await alternate(
    () => load('startOurs'),
    () => load('startBare'),
  );
  return measure('start-100k', 'ms', { ...runs, note: 'start of the navigation to first rows of a reopened database' });
}

async function bundle(): Promise<Measure> {
  const { totalBytes } = await measureBundle();
  return measure('bundle', 'bytes', { values: [totalBytes], floors: [sizeMark], note: 'gzip; floor: the mark' });
}

function print(line: Measure): void {
  console.log(JSON.stringify(line));
}
