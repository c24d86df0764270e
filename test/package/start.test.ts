/** `npm start` as a person meets it: one command, two URLs, the app with data, Ctrl-C. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumArgs, ensureChromium } from '../../scripts/chromium.ts';

const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'tidemark-start-'));
const children: ChildProcess[] = [];
let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
});

afterAll(async () => {
  await browser?.close();
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

interface Started {
  server: string;
  app: string;
  /** Ctrl-C; resolves with the exit code. */
  interrupt(): Promise<unknown>;
}

async function start(...args: string[]): Promise<Started> {
  const command = ['scripts/start.ts', '--port', '0', '--app-port', '0', '--data', join(home, 'data'), ...args];
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: { ...process.env, INIT_CWD: root, NODE_ENV: undefined, NO_COLOR: '1' },
  });
  children.push(child);
  const [, server = '', app = ''] = await new Promise<RegExpExecArray>((found, failed) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk;
      const match = /Sync server\s+(\S+)\s+Example app\s+(\S+)/.exec(output);
      if (match) found(match);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', () => failed(new Error(`npm start ended: ${output}`)));
  });
  const interrupt = async () => {
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    return code;
  };
  return { server, app, interrupt };
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
