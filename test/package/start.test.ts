/** `npm start` as a person meets it: one command, two URLs, the app with data, Ctrl-C. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumArgs, ensureChromium } from '../../scripts/chromium.ts';
import { killSpawned, spawnUntil } from './spawn-until.ts';

const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'tidemark-start-'));
let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
});

afterAll(async () => {
  await browser?.close();
  killSpawned();
  rmSync(home, { recursive: true, force: true });
});

async function start(...args: string[]) {
  const command = ['scripts/start.ts', '--port', '0', '--app-port', '0', '--data', join(home, 'data'), ...args];
  const env = { ...process.env, INIT_CWD: root, NODE_ENV: undefined, NO_COLOR: '1' };
  const { match, end } = await spawnUntil(/Sync server\s+(\S+)\s+Example app\s+(\S+)/, command, { cwd: root, env });
  const [, server = '', app = ''] = match;
  return { server, app, interrupt: () => end('SIGINT') };
}

async function seesInApp(app: string, text: string): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(app);
  await page.getByText(text).first().waitFor();
  await context.close();
}

test('npm start serves the example app over a filled database, and Ctrl-C ends both', async () => {
  const { server, app, interrupt } = await start();
  expect((await fetch(new URL('/health', server))).status).toBe(200);
  await seesInApp(app, 'Tide gauge');
  expect(await interrupt()).toBe(0);
});

test('npm start -- --import shows the rows of the CSV files instead', async () => {
  const folder = join(home, 'csv');
  mkdirSync(folder);
  writeFileSync(join(folder, 'project.csv'), 'id,name\np1,"Lighthouse, north"\n');
  const columns = 'id,projectID,title,created,modified';
  writeFileSync(join(folder, 'issue.csv'), `${columns}\ni1,p1,"Lamp ""two"" is out",1726473756000,1726473766000.0\n`);
  const { app, interrupt } = await start('--import', folder);
  await seesInApp(app, 'Lighthouse, north');
  await seesInApp(app, 'Lamp "two" is out');
  expect(await interrupt()).toBe(0);
});
