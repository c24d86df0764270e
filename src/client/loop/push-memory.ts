import { WritePace } from './write-pace.ts';

/** How often the server may fail over a single mutation before another one is tried in its place. */
const STRIKES = 3;

/**
 * What pushing learns from one request to the next, and from one round to the next: how many mutations to send at once,
 * and which one is suspected.
 */
export class PushMemory {
  /** How fast the app writes. */
  readonly pace = new WritePace();
  #window = Number.POSITIVE_INFINITY;
  #suspect: { readonly mutationId: number; readonly strikes: number } | null = null;
  #lastPushAt: number | null = null;

  /** Most mutations in the next request. */
  get window(): number {
    return this.#window;
  }

  /** When the last push was begun (monotonic clock). */
  get lastPushAt(): number | null {
    return this.#lastPushAt;
  }

  began(elapsed: number): void {
    this.#lastPushAt = elapsed;
  }

  /** The server took `count` mutations: twice as many may go next. */
  succeeded(count: number): void {
    this.#suspect = null;
    if (this.#window <= count * 2) this.#window *= 2;
    if (this.#window > 10_000) this.#window = Number.POSITIVE_INFINITY;
  }

  /** The server did not take `count` mutations together: half of them go next. */
  halve(count: number): void {
    this.#window = Math.max(1, Math.floor(count / 2));
  }

  /** The server failed over this mutation alone. Whether that has happened often enough to suspect it. */
  strike(mutationId: number): boolean {
    const strikes = (this.#suspect?.mutationId === mutationId ? this.#suspect.strikes : 0) + 1;
    this.#suspect = { mutationId, strikes };
    return strikes >= STRIKES;
  }
}
