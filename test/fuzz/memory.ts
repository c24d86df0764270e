import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

export interface MemoryReport {
  /** Heap and buffers after a collection, in MiB: the median of the first and of the last third of the run. */
  readonly firstMiB: number;
  readonly lastMiB: number;
  readonly samples: number;
}

/** What may be added over a run, whatever its length: compiled code, caches of SQLite, pools of connections. */
export const GROWTH_MIB = 16;

/** Takes a sample now and then, and compares the beginning with the end. */
export class MemoryWatch {
  readonly #samples: number[] = [];

  sample(): void {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    this.#samples.push((heapUsed + external) / 2 ** 20);
  }

  report(): MemoryReport {
    const third = Math.max(1, Math.floor(this.#samples.length / 3));
    const first = median(this.#samples.slice(0, third));
    const last = median(this.#samples.slice(-third));
    return { firstMiB: round(first), lastMiB: round(last), samples: this.#samples.length };
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
