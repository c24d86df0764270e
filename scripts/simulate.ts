/**
 * Simulates histories: `npm run simulate -- --seeds N [--from S] [--minutes M]`, or with `--planted` the harness itself,
 * on mistakes it must find. The last line is JSON.
 */
import { parseArgs } from 'node:util';
import { isPosthumous } from '../test/simulation/world/disk.ts';
import { planOf } from '../test/simulation/world/faults.ts';
import { type PlantedBug, plantedBugs } from '../test/simulation/world/plants.ts';
import { type Finding, runHistory, shrink } from '../test/simulation/world/run-history.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1000000' },
    planted: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const from = Number(values.from);
const seedCount = Number(values.seeds);
const endsAt = performance.now() + Number(values.minutes) * 60_000;
const startedAt = performance.now();
let historyCount = 0;

// What a program does after its simulated death fails, and nobody is there to hear of it.
process.on('unhandledRejection', (error) => {
  if (isPosthumous(error)) return;
  console.log(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
});

const found = values.planted ? await runPlanted() : await runAll();
const seconds = (performance.now() - startedAt) / 1_000;
console.log(
  JSON.stringify({
    ...found,
    histories: historyCount,
    seconds: round(seconds),
    historiesPerSecond: round(historyCount / seconds),
  }),
);

async function runAll() {
  const failed: Finding[] = [];
  for (let seed = from; seed < from + seedCount && performance.now() < endsAt; seed += 1) {
    historyCount += 1;
    const finding = await runHistory({ seed });
    if (!finding) continue;
    failed.push(finding);
    tell(await shrink(finding, { seed }));
  }
  if (failed.length > 0) process.exitCode = 1;
  return { violations: failed.map(({ seed, promise }) => ({ seed, promise })) };
}

async function runPlanted() {
  const bugs = plantedBugs().filter(({ name }) => !values.only || name.includes(values.only));
  const missed: string[] = [];
  for (const { name } of bugs) {
    const finding = await findPlanted(name);
    const bug = plantedBugs().find((one) => one.name === name);
    const isNamed = finding?.promise && bug?.breaks.some((promise) => promise === finding.promise);
    if (!isNamed) missed.push(name);
    const what = finding ? `${finding.promise} after ${finding.histories}: ${finding.message}` : 'NOT FOUND';
    console.log(`${isNamed ? 'found ' : 'MISSED'} ${name}: ${what.split('\n')[0]?.slice(0, 160)}`);
  }
  if (missed.length > 0) process.exitCode = 1;
  return { planted: bugs.length, missed };
}

/** Each history with the mistake made anew: what one remembers must not reach the next. */
async function findPlanted(name: string): Promise<(Finding & { histories: number }) | null> {
  for (let seed = from; seed < from + Math.min(seedCount, 5_000) && performance.now() < endsAt; seed += 1) {
    historyCount += 1;
    const plant = plantedBugs().find((one): one is PlantedBug => one.name === name);
    const finding = await runHistory({ seed, ...(plant ? { plant } : {}) });
    if (finding) return { ...finding, histories: seed - from + 1 };
  }
  return null;
}

function tell({ seed, promise, message, trace }: Finding): void {
  console.log(`\nseed ${seed} broke ${promise ?? 'nothing by name'}: ${message}`);
  console.log(`faults: ${[...planOf(seed).faults].join(', ') || 'none'}`);
  for (const line of trace) console.log(`  ${line}`);
  console.log(`again: npm run simulate -- --seeds 1 --from ${seed}\n`);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
