import type { Runtime } from '../../shared/runtime.ts';

/** Less than this is a busy machine, or a correction of the clock. */
const SLEPT_MS = 60_000;

/**
 * Notices that the machine slept or the page was frozen. Where the monotonic clock stops meanwhile, the wall clock has run
 * away from it; where it goes on, a timer comes far too late. A wall clock that was set forward looks the same: no harm.
 */
export class SleepWatch {
  readonly #runtime: Runtime;
  #offset: number;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#offset = runtime.now() - runtime.elapsed();
  }

  /** Whether there was a sleep since the last time it was asked. `dueAt`: when (monotonic clock) this should have been. */
  hasSlept(dueAt = Number.POSITIVE_INFINITY): boolean {
    const elapsed = this.#runtime.elapsed();
    const offset = this.#runtime.now() - elapsed;
    const ran = offset - this.#offset;
    this.#offset = offset;
    return ran > SLEPT_MS || elapsed - dueAt > SLEPT_MS;
  }
}
