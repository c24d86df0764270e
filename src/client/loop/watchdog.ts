import type { Runtime } from '../../shared/runtime.ts';

/** Calls `onStall` once nothing has moved for `patienceMs` between `watch()` and `rest()`. */
export class Watchdog {
  readonly #runtime: Runtime;
  readonly #patienceMs: number;
  readonly #onStall: () => void;
  #movedAt = 0;
  #cancel: (() => void) | null = null;

  constructor(runtime: Runtime, patienceMs: number, onStall: () => void) {
    this.#runtime = runtime;
    this.#patienceMs = patienceMs;
    this.#onStall = onStall;
  }

  watch(): void {
    this.rest();
    this.moved();
    this.#arm(this.#patienceMs);
  }

  moved(): void {
    this.#movedAt = this.#runtime.elapsed();
  }

  rest(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #arm(ms: number): void {
    this.#cancel = this.#runtime.setTimer(ms, () => {
      const left = this.#patienceMs - (this.#runtime.elapsed() - this.#movedAt);
      if (left > 0) return this.#arm(left);
      this.#cancel = null;
      this.#onStall();
    });
  }
}
