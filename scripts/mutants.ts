/**
 * Breaks the shipped source on purpose, one line at a time, in a copy of the tree, and tells which breaks the simulation finds:
 * `npm run mutants -- [--only NAME,…] [--seeds N] [--from S] [--jobs J] [--tests]`. Each is run on N histories until one breaks. With
 * `--tests` those that survive are put before the unit tests: those that the list names for them, or of the folder that mirrors theirs.
 * `--seeds 0 --tests` asks the tests alone. The last line is JSON.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutant, mutants } from '../test/simulation/mutants/mutants.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    tests: { type: 'boolean', default: false },
  },
});
const TESTS_MS = 300_000;
const wanted = values.only?.split(',').map((name) => name.trim());
const queue = mutants.filter(({ name }) => !wanted || wanted.some((part) => name.includes(part)));
const survivors: string[] = [];
const total = queue.length;
const root = join(import.meta.dirname, '..');

await Promise.all(Array.from({ length: Number(values.jobs) }, work));
console.log(JSON.stringify({ mutants: total, survivors }));
if (survivors.length > 0) process.exitCode = 1;

async function work(): Promise<void> {
  const copy = copyTree();
  try {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) await tryOne(copy, mutant);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'tidemark-mutants-'));
  const left = ['node_modules', '.git', 'dist', 'dist-example', 'storybook-static'];
  cpSync(root, copy, { recursive: true, filter: (path) => !left.some((name) => path === join(root, name)) });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
}

async function tryOne(copy: string, mutant: Mutant): Promise<void> {
  const path = join(copy, mutant.file);
  const source = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (source.split(mutant.from).length !== 2) {
    survivors.push(mutant.name);
    console.log(`STALE    ${mutant.name}: ${mutant.file} does not have this text once.`);
    return;
  }
  writeFileSync(
    path,
    source.replace(mutant.from, () => mutant.to),
  );
  try {
    const found = (await simulate(copy, mutant)) ?? (values.tests ? await test(copy, mutant) : null);
    if (!found) survivors.push(mutant.name);
    console.log(`${found ? 'killed  ' : 'SURVIVED'} ${mutant.name}: ${found ?? `${values.seeds} histories`}`);
  } finally {
    writeFileSync(path, source);
  }
}

/** By which promise, and after how many histories; null where none breaks. */
async function simulate(copy: string, { faults }: Mutant): Promise<string | null> {
  const { seeds, from } = values;
  if (Number(seeds) === 0) return null;
  const drawn = faults ? ['--faults', faults] : [];
  const args = ['scripts/simulate.ts', '--seeds', seeds, '--from', from, '--jobs', '1', '--first', ...drawn];
  const { output } = await run(copy, process.execPath, args);
  const end = lastJson(output);
  if (!end) return `the simulation itself breaks: ${output.slice(-200)}`;
  const [violation] = end.violations;
  const what = output.split('\n').find((line) => line.includes(' broke ')) ?? '';
  return violation ? `${violation.promise ?? 'an error'} after ${end.histories}${what.slice(0, 200)}` : null;
}

async function test(copy: string, { file, tests = testsOf(dirname(file)) }: Mutant): Promise<string | null> {
  const args = ['vitest', 'run', '--project', 'node', '--bail', '1', ...tests.split(' ')];
  const { code, output } = await run(copy, 'npx', args);
  if (code === null) return `a test: it does not come to an end within ${TESTS_MS / 60_000} minutes`;
  if (code === 0) return null;
  const failed = output.split('\n').find((line) => line.includes('FAIL'));
  // A copy in which no test can run kills everything.
  if (!failed) throw new Error(`The tests of ${file} did not run: ${output.slice(-500)}`);
  return `a test: ${failed.trim()}`;
}

/** The folder of unit tests that mirrors a folder of the source, or the nearest above. */
function testsOf(folder: string): string {
  const tests = folder.replace(/^src/, 'test/unit');
  return existsSync(join(root, tests)) ? tests : testsOf(dirname(folder));
}

interface End {
  readonly histories: number;
  readonly violations: readonly { readonly promise: string | null }[];
}

function lastJson(output: string): End | null {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? JSON.parse(line) : null;
}

/** `code` is null when it had to be killed: a break may be a loop without an end. */
function run(cwd: string, command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  // A group of its own, so that its workers end with it.
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const isTests = command === 'npx';
  const timer = isTests ? setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), TESTS_MS) : undefined;
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += String(bytes);
  });
  child.stderr.on('data', (bytes) => {
    output += String(bytes);
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}
