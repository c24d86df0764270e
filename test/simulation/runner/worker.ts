/** One of the processes that run histories: takes a task, answers, takes the next. Started by `crew.ts`. */
import { isPosthumous } from '../world/disk.ts';
import { planOf } from '../world/faults.ts';
import { plantedBugs } from '../world/plants.ts';
import { type Finding, type HistoryOptions, runHistory, shrink } from '../world/run-history.ts';
import type { Task, TaskResult } from './messages.ts';

let unhandled: unknown[] = [];

// What a program does after its simulated death fails, and nobody is there to hear of it.
process.on('unhandledRejection', (error) => {
  if (!isPosthumous(error)) unhandled.push(error);
});

process.on('message', async (task: Task) => {
  const result = await (task.kind === 'history' ? history(task) : planted(task));
  process.send?.(result);
});
// Nobody is left to work for.
process.on('disconnect', () => process.exit());

async function history({ seed, faults, isShrunk, postgres }: Extract<Task, { kind: 'history' }>): Promise<TaskResult> {
  const options = { seed, postgres, plan: planOf(seed, { faults, isPostgres: postgres !== undefined }) };
  const finding = await run(options);
  if (!finding) return { finding, histories: 1 };
  const shrunk = isShrunk && finding.promise !== null ? await shrink(finding, options) : finding;
  return { finding: shrunk, histories: 1 };
}

/** Each history with the mistake made anew: what one remembers must not reach the next. */
async function planted({ name, from, count }: Extract<Task, { kind: 'planted' }>): Promise<TaskResult> {
  const others: Record<string, number> = {};
  for (let done = 1; done <= count; done += 1) {
    const plant = plantedBugs().find((bug) => bug.name === name);
    if (!plant) throw new Error(`No mistake is named ${name}.`);
    const finding = await run({ seed: from + done - 1, plant });
    if (!finding) continue;
    const promise = finding.promise ?? 'nothing by name';
    if (plant.breaks.some((one) => one === promise)) return { finding, histories: done, others };
    others[promise] = (others[promise] ?? 0) + 1;
  }
  return { finding: null, histories: count, others };
}

async function run(options: HistoryOptions): Promise<Finding | null> {
  unhandled = [];
  const finding = await runHistory(options);
  const [error] = unhandled;
  if (finding || error === undefined) return finding;
  const message = `unhandled: ${error instanceof Error ? error.stack : String(error)}`;
  return { seed: options.seed, promise: null, message, steps: [], trace: [] };
}
