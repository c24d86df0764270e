import type { Runtime } from '../../../src/shared/runtime.ts';

/** Time that stands still until a test lets it pass. */
export class ManualRuntime implements Runtime {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  now = () => this.#now;
  elapsed = () => this.#now;
  random = () => 0;
  uuid = () => crypto.randomUUID();

  setTimer = (ms: number, run: () => void) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  };

  /** Runs what falls due within `ms`, in order. */
  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }
}
