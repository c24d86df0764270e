/**
 * `npm run chaos -- --rounds N [--faults a,b] [--seed S]`: a real server process, two real browsers and a TCP proxy between, one
 * seeded fault per round. One JSON line per round, a closing one with the figures per fault; ends with 1 when any promise was broken.
 * A round is repeated by its own seed: `--rounds 1 --faults F --seed S`.
 */
import { parseArgs } from 'node:util';
import { type FaultName, faultNames, usualFaults } from '../test/e2e/chaos/faults.ts';
import { runChaos } from '../test/e2e/chaos/run.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: String(usualFaults.length) },
    faults: { type: 'string', default: usualFaults.join(',') },
    seed: { type: 'string' },
  },
});
const rounds = wholeNumber('rounds', values.rounds);
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : wholeNumber('seed', values.seed);
const faults = values.faults.split(',').map(faultNamed);

const summary = await runChaos({ rounds, faults, seed, onRound: print });
const all = Object.values(summary);
const violations = all.reduce((sum, one) => sum + one.violations, 0);
print({
  summary,
  seed,
  rounds: all.reduce((sum, one) => sum + one.rounds, 0),
  slowestMs: Math.max(...all.map((one) => one.slowestMs)),
  violations,
});
// Whatever a killed browser left open must not keep this process.
process.exit(violations === 0 ? 0 : 1);

function print(line: object): void {
  console.log(JSON.stringify(line));
}

function faultNamed(name: string): FaultName {
  const found = faultNames.find((one) => one === name);
  if (!found) throw new Error(`There is no fault ${name}: choose from ${faultNames.join(', ')}.`);
  return found;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number; received ${text}.`);
  return value;
}
