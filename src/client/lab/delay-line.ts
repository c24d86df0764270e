import type { Runtime } from '../../shared/runtime.ts';

/** Lets things through later, in the order in which they came. */
export class DelayLine {
  readonly #runtime: Runtime;
  #waitingCount = 0;
  #lastDueAt = Number.NEGATIVE_INFINITY;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  pass(delayMs: number, deliver: () => void): void {
    if (delayMs === 0 && this.#waitingCount === 0) {
      deliver();
      return;
    }
    const now = this.#runtime.elapsed();
    this.#lastDueAt = Math.max(this.#lastDueAt, now + delayMs);
    this.#waitingCount += 1;
    this.#runtime.setTimer(this.#lastDueAt - now, () => {
      this.#waitingCount -= 1;
      deliver();
    });
  }
}
