/**
 * `npm run isolation -- --ops N [--seed S]`: tenants work and lie against a server for N operations. Ends with one line of
 * JSON; what somebody came by who should not is printed before it, and the exit code is then 1.
 */
import { parseArgs } from 'node:util';
import { runIsolation } from '../test/isolation/run-isolation.ts';

const { values } = parseArgs({ options: { ops: { type: 'string', default: '20000' }, seed: { type: 'string' } } });

function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`isolation: --${option} must be a whole number; received ${text}`);
  process.exit(2);
}

const ops = wholeNumber(values.ops, 'ops');
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber(values.seed, 'seed');
console.log(`seed ${seed}, ${ops} operations`);
const startedAt = performance.now();
const report = await runIsolation({ ops, seed });
const seconds = (performance.now() - startedAt) / 1000;
for (const leak of report.leaks) console.error(`${leak.viewer}, ${leak.attack}: ${leak.what}`);
const opsPerSecond = Math.round(report.ops / seconds);
console.log(
  JSON.stringify({ ok: report.leaks.length === 0, seed, ops: report.ops, opsPerSecond, leaks: report.leaks.length }),
);
if (report.leaks.length > 0) process.exitCode = 1;
