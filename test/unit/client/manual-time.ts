import type { Runtime } from '../../../src/shared/runtime.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands until it is moved; timers run in their order. */
export class ManualTime implements Runtime {
  #now = 1_000_000;
  #cost = 0;
  #lastId = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    this.#now += this.#cost;
    return this.#now;
  }

  /** Between two looks at the clock so much time passes: work that takes long. */
  costs(ms: number): void {
    this.#cost = ms;
  }

  setTimer(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  random(): number {
    return 0.5;
  }

  uuid(): string {
    this.#lastId += 1;
    return `id-${this.#lastId}`;
  }

  /** Moves the clock and runs what falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = Math.max(this.#now, end);
  }

  #nextDue(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}
