import type { SyncProgress } from '../types.ts';
import { WritePace } from './write-pace.ts';

/** How often the server may fail over a single mutation, while it takes others, before that one is to blame. */
const STRIKES = 5;

interface Suspect {
  readonly strikes: number;
  /** How many requests the server had taken when it first failed over this one. */
  readonly takenBefore: number;
}

/**
 * What pushing learns from one request to the next, and from one round to the next: how many mutations to send at once,
 * and which ones are suspected.
 */
export class PushMemory {
  /** How fast the app writes. */
  readonly pace = new WritePace();
  #window = Number.POSITIVE_INFINITY;
  readonly #suspects = new Map<number, Suspect>();
  #takenCount = 0;
  #uploadedCount = 0;
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
    this.took();
    if (this.#window <= count * 2) this.#window *= 2;
    if (this.#window > 10_000) this.#window = Number.POSITIVE_INFINITY;
  }

  /** The server did not take `count` mutations together: half of them go next. */
  halve(count: number): void {
    this.#window = Math.max(1, Math.floor(count / 2));
  }

  /** `count` mutations have got their outcome, and `pendingCount` wait. */
  uploaded(count: number, pendingCount: number): SyncProgress {
    this.#uploadedCount += count;
    const done = this.#uploadedCount;
    if (pendingCount === 0) this.#uploadedCount = 0;
    return { step: 'push', done, total: done + pendingCount };
  }

  /** The server took a request with mutations in it. */
  took(): void {
    this.#takenCount += 1;
  }

  /** The server failed over this mutation alone. */
  strike(mutationId: number): void {
    const { strikes, takenBefore } = this.#suspects.get(mutationId) ?? { strikes: 0, takenBefore: this.#takenCount };
    this.#suspects.set(mutationId, { strikes: strikes + 1, takenBefore });
  }

  /** Whether the server has taken others since it first failed over this one. */
  isWellBut(mutationId: number): boolean {
    const suspect = this.#suspects.get(mutationId);
    return suspect !== undefined && this.#takenCount > suspect.takenBefore;
  }

  /** Whether that has happened often enough. */
  isToBlame(mutationId: number): boolean {
    return (this.#suspects.get(mutationId)?.strikes ?? 0) >= STRIKES;
  }

  /** Other mutations have these numbers from here on. */
  forget(): void {
    this.#suspects.clear();
    this.#window = Number.POSITIVE_INFINITY;
    this.#uploadedCount = 0;
  }

  acquit(mutationId: number): void {
    this.#suspects.delete(mutationId);
  }
}
