import { LIVE_TIMINGS } from '../inspection.ts';

/** The last durations of something that happens often. */
export class Timings {
  readonly #last = new Float64Array(LIVE_TIMINGS);
  #count = 0;

  add(ms: number): void {
    this.#last[this.#count % LIVE_TIMINGS] = ms;
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  get lastMs(): number {
    return this.#last[(this.#count + LIVE_TIMINGS - 1) % LIVE_TIMINGS] ?? 0;
  }

  /** 95 of 100 took no longer. */
  p95Ms(): number {
    const known = this.#last.slice(0, Math.min(this.#count, LIVE_TIMINGS)).sort();
    return known[Math.ceil(known.length * 0.95) - 1] ?? 0;
  }
}
