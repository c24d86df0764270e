/** The package as a stranger gets it: packed, installed into a fresh Vite + React app, and opened in Chromium. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { chromiumArgs, ensureChromium } from '../../scripts/chromium.ts';
import { killSpawned, spawnUntil } from './spawn-until.ts';

const execute = promisify(execFile);
/** Vitest sets NODE_ENV to `test`, with which Vite would not build for production. */
const env = { ...process.env, NODE_ENV: undefined, NO_COLOR: '1' };
const run = (command: string, args: string[], cwd: string) => execute(command, args, { cwd, env });
const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'tidemark-package-'));
const app = join(home, 'app');
const vite = join(app, 'node_modules/vite/bin/vite.js');
let browser: Browser;

/** What the app's own package.json would name, at the versions this repository is tried with. */
const companions = ['react', 'react-dom', '@types/react', '@types/react-dom', 'vite', '@vitejs/plugin-react'] as const;

beforeAll(async () => {
  await run('npm', ['pack', '--pack-destination', home], root);
  const tarball = readdirSync(home).find((name) => name.endsWith('.tgz')) ?? 'no tarball';
  cpSync(join(import.meta.dirname, 'app'), app, { recursive: true });
  const versions = companions.map((name) => `${name}@${manifest.devDependencies[name]}`);
  await run('npm', ['install', '--prefer-offline', '--no-package-lock', join(home, tarball), ...versions], app);
  browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
});

afterAll(async () => {
  await browser?.close();
  killSpawned();
  rmSync(home, { recursive: true, force: true });
});

/** Starts Vite in the app, for as long as `use` takes. */
async function withVite(args: string[], use: (url: string) => Promise<void>): Promise<void> {
  const { match, end } = await spawnUntil(/http:\/\/localhost:\d+\//, [vite, ...args], { cwd: app, env });
  await use(match[0]);
  await end('SIGTERM');
}

async function rowsOf(page: Page, count: number): Promise<string[]> {
  await page.locator(`main[data-rows="${count}"]`).waitFor();
  return page.locator('li').allTextContents();
}

/** Adds two notes, reloads, and expects them to be there still. */
async function keepsNotes(url: string): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  expect(await rowsOf(page, 0)).toEqual([]);
  await page.getByRole('button', { name: 'Add' }).click();
  expect(await rowsOf(page, 1)).toEqual(['note 1']);
  await page.getByRole('button', { name: 'Add' }).click();
  expect(await rowsOf(page, 2)).toEqual(['note 1', 'note 2']);
  await page.reload();
  expect(await rowsOf(page, 2)).toEqual(['note 1', 'note 2']);
  expect(await page.locator('main').getAttribute('data-persisted')).toBe('true');
  expect(errors).toEqual([]);
  await context.close();
}

/** A built file and all that it imports of the package itself. */
function filesOf(dist: string, entry: string): Set<string> {
  const files = new Set([join(dist, entry)]);
  for (const file of files)
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import) ?\(?["']\.\/([^"']+)["']/g))
      files.add(join(dist, name));
  return files;
}

describe('a fresh Vite + React app', () => {
  test('gets types that hold, its libraries checked too', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    for (const resolution of [
      ['--moduleResolution', 'Bundler'],
      ['--module', 'NodeNext', '--moduleResolution', 'NodeNext'],
    ])
      await run(process.execPath, [tsc, '-p', app, ...resolution], app).catch((error: { stdout: string }) => {
        throw new Error(`${resolution.at(-1)}: ${error.stdout}`);
      });
  });

  test('keeps its data on OPFS in the development server', async () => {
    await withVite(['--port', '0'], keepsNotes);
  });

  test('keeps its data on OPFS once built', async () => {
    await run(process.execPath, [vite, 'build'], app);
    await withVite(['preview', '--port', '0'], keepsNotes);
  });

  test('carries nothing of the devtools once built', () => {
    const assets = join(app, 'dist/assets');
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const withPanel = scripts.filter((name) => readFileSync(join(assets, name), 'utf8').includes('tidemark-devtools'));
    expect(scripts.length).toBeGreaterThan(0);
    expect(withPanel).toEqual([]);
  });
});

test('the entries with hooks tell React servers that they are for the client', () => {
  const dist = join(app, 'node_modules/tidemark/dist');
  for (const name of ['index', 'devtools', 'devtools-production'])
    expect(readFileSync(join(dist, `${name}.js`), 'utf8')).toMatch(/^["']use client["']/);
});

describe('Node', () => {
  test('loads every subpath that needs no browser', async () => {
    const names = [
      'tidemark/core',
      'tidemark/protocol',
      'tidemark/server',
      'tidemark/server/sqlite',
      'tidemark/server/postgres',
      'tidemark/testing',
      'tidemark',
    ];
    const script = names.map(
      (name) => `if (!Object.keys(await import('${name}')).length) throw new Error('${name} is empty');`,
    );
    await run(process.execPath, ['--input-type=module', '--eval', script.join('\n')], app);
  });

  test('finds no React in the subpaths that promise to do without', () => {
    const dist = join(app, 'node_modules/tidemark/dist');
    const withReact = ['core', 'worker', 'protocol', 'server', 'server-sqlite', 'cli'].filter((name) =>
      [...filesOf(dist, `${name}.js`)].some((file) =>
        /from ["']react|from ["']zustand["']/.test(readFileSync(file, 'utf8')),
      ),
    );
    expect(withReact).toEqual([]);
  });

  test('runs the command line', async () => {
    const { stdout } = await run(process.execPath, [join(app, 'node_modules/.bin/tidemark'), '--help'], app);
    expect(stdout).toContain('tidemark serve');
  });
});
