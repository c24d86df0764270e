/**
 * Finds a Chromium for the browser tests, or installs one: `TIDEMARK_CHROMIUM`, then the PATH, then
 * Playwright's own; if there is none, Debian's package (as root on Debian), else Playwright's download.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Quiet and self-contained: no GPU, no calls home, and no sandbox, which root in a container lacks. */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of a Chromium that is already here, or undefined. */
export function findChromium(): string | undefined {
  const wanted = process.env.TIDEMARK_CHROMIUM;
  if (wanted) {
    if (!isExecutable(wanted)) throw new Error(`TIDEMARK_CHROMIUM is ${wanted}, which cannot be executed.`);
    return wanted;
  }
  const folders = (process.env.PATH ?? '').split(delimiter);
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  return onPath ?? [chromium.executablePath()].find(isExecutable);
}

/** The path of a Chromium, installed now if need be. */
export function ensureChromium(): string {
  const found = findChromium();
  if (found) return found;
  if (canUseApt()) {
    run('apt-get', ['update']);
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
  } else {
    run(process.execPath, [join(import.meta.dirname, '../node_modules/playwright/cli.js'), 'install', 'chromium']);
  }
  const installed = findChromium();
  if (!installed) throw new Error('No Chromium could be installed. Set TIDEMARK_CHROMIUM to the path of one.');
  return installed;
}

function canUseApt(): boolean {
  return existsSync('/etc/debian_version') && process.getuid?.() === 0;
}

function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) console.log(ensureChromium());
