/**
 * Simulates histories: `npm run simulate -- --seeds N [--from S] [--minutes M] [--jobs J] [--faults a,b] [--first]
 * [--storage postgres]`, with `--planted [--only NAME,…]` the harness itself, on mistakes it must find. `--first` ends at the first
 * finding, and shrinks nothing. The last line is JSON.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runCrew } from '../test/simulation/runner/crew.ts';
import type { Task } from '../test/simulation/runner/messages.ts';
import { createSource } from '../test/simulation/runner/postgres-source.ts';
import { planOf } from '../test/simulation/world/faults.ts';
import { plantedBugs } from '../test/simulation/world/plants.ts';
import type { Finding } from '../test/simulation/world/run-history.ts';
import { startPostgres } from '../test/support/postgres-server.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    planted: { type: 'boolean', default: false },
    only: { type: 'string' },
    faults: { type: 'string' },
    first: { type: 'boolean', default: false },
    storage: { type: 'string', default: 'sqlite' },
  },
});
const from = Number(values.from);
const seedCount = Number(values.seeds);
const jobs = Number(values.jobs);
const startedAt = performance.now();
const endsAt = startedAt + Number(values.minutes) * 60_000;
/** In the place of the drawn ones. */
const faults = values.faults?.split(',').map((name) => name.trim());
let historyCount = 0;

if (values.storage !== 'sqlite' && values.storage !== 'postgres') {
  console.error(`simulate: --storage must be sqlite or postgres; received ${values.storage}`);
  process.exit(2);
}
const isPostgres = values.storage === 'postgres';
const database = isPostgres ? await startPostgres({ settings: ['deadlock_timeout=50ms'] }) : null;
const postgres = database ? await createSource(database.url()) : undefined;
const found = values.planted ? await runPlanted() : await runAll();
await database?.close();
const seconds = (performance.now() - startedAt) / 1_000;
console.log(
  JSON.stringify({
    ...found,
    from,
    histories: historyCount,
    seconds: round(seconds),
    historiesPerSecond: round(historyCount / seconds),
  }),
);
// Said aloud: the embedded Postgres ends its process with 0, whatever the exit code was to be.
process.exit(('missed' in found ? found.missed : found.violations).length > 0 ? 1 : 0);

async function runAll() {
  const failed: Finding[] = [];
  function* tasks(): Generator<Extract<Task, { kind: 'history' }>> {
    for (let seed = from; seed < from + seedCount && !(values.first && failed.length > 0); seed += 1)
      yield { kind: 'history', seed, isShrunk: !values.first, faults, postgres };
  }
  await runCrew({
    jobs,
    endsAt,
    tasks: tasks(),
    onResult(_task, { finding, histories }) {
      historyCount += histories;
      if (!finding) return;
      failed.push(finding);
      tell(finding);
    },
  });
  return { violations: failed.map(({ seed, promise }) => ({ seed, promise })) };
}

async function runPlanted() {
  const only = values.only?.split(',').map((part) => part.trim());
  const bugs = plantedBugs().filter(({ name }) => !only || only.some((part) => name.includes(part)));
  const missed: string[] = [];
  const count = Math.min(values.seeds === '100' ? 5_000 : seedCount, 5_000);
  function* tasks(): Generator<Extract<Task, { kind: 'planted' }>> {
    for (const { name } of bugs) yield { kind: 'planted', name, from, count };
  }
  await runCrew({
    jobs,
    endsAt,
    tasks: tasks(),
    onResult({ name }, { finding, histories, others = {} }) {
      historyCount += histories;
      if (!finding) missed.push(name);
      const what = finding ? `${finding.promise} after ${histories}: ${finding.message}` : `NOT FOUND in ${histories}`;
      const also = Object.entries(others).map(([promise, times]) => `${promise} ${times}×`);
      console.log(
        [
          `${finding ? 'found ' : 'MISSED'} ${name}:`,
          what.split('\n')[0]?.slice(0, 160),
          ...(also.length > 0 ? [`(before: ${also.join(', ')})`] : []),
        ].join(' '),
      );
    },
  });
  return { planted: bugs.length, missed };
}

function tell({ seed, promise, message, trace }: Finding): void {
  console.log(`\nseed ${seed} broke ${promise ?? 'nothing by name'}: ${message}`);
  console.log(`faults: ${[...planOf(seed, { faults, isPostgres }).faults].join(', ') || 'none'}`);
  for (const line of trace) console.log(`  ${line}`);
  console.log(
    `again: npm run simulate -- --seeds 1 --from ${seed}${isPostgres ? ' --storage postgres' : ''}${values.faults ? ` --faults '${values.faults}'` : ''}\n`,
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
