import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Task, TaskResult } from './messages.ts';

/** A history takes a few hundred milliseconds, and a failing one is shrunk in sixty. */
const HUNG_MS = 240_000;

export interface CrewOptions<T extends Task> {
  readonly jobs: number;
  readonly tasks: Iterator<T>;
  /** No task is begun after it (`performance.now()`). */
  readonly endsAt: number;
  readonly onResult: (task: T, result: TaskResult) => void;
}

/** Lets `jobs` processes do the tasks, each one at a time. A process that hangs or dies is a finding, and is replaced. */
export async function runCrew<T extends Task>({ jobs, tasks, endsAt, onResult }: CrewOptions<T>): Promise<void> {
  const member = async () => {
    let child: ChildProcess | null = null;
    while (performance.now() < endsAt) {
      const next = tasks.next();
      if (next.done) break;
      child ??= fork(join(import.meta.dirname, 'worker.ts'));
      const result: TaskResult | string = await ask(child, next.value);
      if (typeof result !== 'string') {
        onResult(next.value, result);
        continue;
      }
      onResult(next.value, { finding: nameless(next.value, result), histories: 1 });
      child.kill('SIGKILL');
      child = null;
    }
    child?.disconnect();
  };
  await Promise.all(Array.from({ length: jobs }, member));
}

/** The answer, or why there is none. */
function ask(child: ChildProcess, task: Task): Promise<TaskResult | string> {
  return new Promise((resolve) => {
    const timer = task.kind === 'history' ? setTimeout(() => end('The history does not end.'), HUNG_MS) : undefined;
    const end = (result: TaskResult | string) => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(result);
    };
    child.on('message', (result: TaskResult) => end(result));
    child.on('exit', (code, signal) => end(`The process of the history ended: ${signal ?? code}.`));
    child.on('error', (error) => end(error.message));
    child.send(task);
  });
}

function nameless(task: Task, message: string) {
  const seed = task.kind === 'history' ? task.seed : task.from;
  return { seed, promise: null, message, steps: [], trace: [] };
}
