/**
 * `npm test`: every check of the project, each with its output streamed, and one closing line `N passed, N failed`
 * that counts tests and checks. Arguments name the checks to run; without any, all run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureChromium } from './chromium.ts';

const root = resolve(import.meta.dirname, '..');
const reports = mkdtempSync(join(tmpdir(), 'tidemark-check-'));
const testReport = join(reports, 'vitest.json');
/** However things hang, the whole ends within this time. */
const limitMs = 30 * 60_000;

interface Count {
  passed: number;
  failed: number;
}

interface Check {
  name: string;
  command: string[];
  /** What a finished run counts for; one check if absent. */
  count?: (ok: boolean) => Count;
}

const bin = (name: string) => join(root, 'node_modules/.bin', name);
const node = process.execPath;

const checks: Check[] = [
  { name: 'format', command: [node, bin('biome'), 'check', '--linter-enabled=false', '.'] },
  { name: 'lint', command: [node, bin('biome'), 'lint', '.'] },
  { name: 'types', command: [node, bin('tsc'), '--noEmit'] },
  { name: 'build', command: [node, 'scripts/build.ts'] },
  { name: 'size', command: [node, 'scripts/size.ts'] },
  { name: 'publint', command: [node, bin('publint'), '--strict'] },
  {
    name: 'attw',
    command: [node, bin('attw'), '--pack', '.', '--profile', 'esm-only', '--format', 'table-flipped'],
  },
  {
    name: 'vitest',
    command: [node, bin('vitest'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${testReport}`],
    count: countTests,
  },
  {
    // The same seeds every time, so that a red check is red again; fresh ones are for long runs.
    name: 'simulation',
    command: [node, 'scripts/simulate.ts', '--seeds', '2000', '--from', '1', '--minutes', '6', '--jobs', '2'],
  },
];

function countTests(ok: boolean): Count {
  try {
    const report: unknown = JSON.parse(readFileSync(testReport, 'utf8'));
    const { numPassedTests, numFailedTests } = report as { numPassedTests: number; numFailedTests: number };
    // A file that could not be loaded, or an error outside any test, fails the run without failing a test.
    return { passed: numPassedTests, failed: ok ? numFailedTests : Math.max(1, numFailedTests) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

let running: ChildProcess | undefined;

/** Runs in a process group of its own, so that nothing it started outlives it. */
function run([command = '', ...args]: string[]): Promise<boolean> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
      env: { ...process.env, STORYBOOK_DISABLE_TELEMETRY: '1' },
    });
    running = child;
    child.on('error', (error) => {
      console.error(error.message);
      done(false);
    });
    child.on('exit', (code) => {
      endGroup(child);
      done(code === 0);
    });
  });
}

function endGroup(child: ChildProcess | undefined): void {
  try {
    if (child?.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of it was left.
  }
}

function finish(total: Count): never {
  rmSync(reports, { recursive: true, force: true });
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed === 0 ? 0 : 1);
}

const total: Count = { passed: 0, failed: 0 };
setTimeout(() => {
  console.error(`\nThe checks took longer than ${limitMs / 60_000} minutes and were stopped.`);
  endGroup(running);
  finish({ ...total, failed: total.failed + 1 });
}, limitMs).unref();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    endGroup(running);
    process.exit(1);
  });

const wanted = process.argv.slice(2);
const failed: string[] = [];
try {
  process.env.TIDEMARK_CHROMIUM = ensureChromium();
} catch (error) {
  // The other checks are worth running; those in a browser will say the same.
  console.error(error);
}
for (const check of checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  console.log(`\n── ${check.name} ──`);
  const ok = await run(check.command);
  const count = check.count?.(ok) ?? { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
  total.passed += count.passed;
  total.failed += count.failed;
  if (count.failed > 0) failed.push(check.name);
}
console.log(failed.length === 0 ? '' : `\nFailed: ${failed.join(', ')}`);
finish(total);
