import { NOTHING } from './history.ts';
import type { Step } from './sessions.ts';

/** The writes of one client to one key: after `counts[i]` transactions the greatest value is `greatest[i]`. */
interface Growth {
  readonly counts: number[];
  readonly greatest: number[];
}

/** Who wrote what: finds the writer of a value, and the greatest value a client had written at a point of its session. */
export class WriteIndex {
  readonly #writers = new Map<string, Map<number, Step | 'several'>>();
  readonly #growth = new Map<string, Map<number, Growth>>();

  /** `steps` have those of one client in its order. */
  constructor(steps: readonly Step[]) {
    for (const step of steps) {
      for (const { o, k, v } of step.ops) if (o === 'w') this.#addWriter(k, v, step);
      for (const [key, value] of step.writes) this.#grow(key, value, step);
    }
  }

  /** A value that several transactions wrote belongs to none of them: a read of it tells nothing about order. */
  writer(key: string, value: number): Step | 'several' | undefined {
    return this.#writers.get(key)?.get(value);
  }

  keys(): Iterable<string> {
    return this.#growth.keys();
  }

  /** The clients that wrote a key. */
  authors(key: string): Iterable<number> {
    return this.#growth.get(key)?.keys() ?? [];
  }

  authorCount(key: string): number {
    return this.#growth.get(key)?.size ?? 0;
  }

  /** The greatest value in the first `count` transactions of a client. */
  greatest(key: string, client: number, count: number): number {
    const growth = this.#growth.get(key)?.get(client);
    if (!growth) return NOTHING;
    let [low, high] = [0, growth.counts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((growth.counts[middle] ?? 0) <= count) low = middle + 1;
      else high = middle;
    }
    return growth.greatest[low - 1] ?? NOTHING;
  }

  /** The greatest value of all. */
  top(key: string): number {
    return [...this.authors(key)].reduce((top, client) => Math.max(top, this.greatest(key, client, Infinity)), NOTHING);
  }

  #addWriter(key: string, value: number, step: Step): void {
    const writers = this.#writers.get(key) ?? new Map<number, Step | 'several'>();
    this.#writers.set(key, writers);
    const known = writers.get(value);
    writers.set(value, known === undefined || known === step ? step : 'several');
  }

  #grow(key: string, value: number, { client, index }: Step): void {
    const byClient = this.#growth.get(key) ?? new Map<number, Growth>();
    this.#growth.set(key, byClient);
    const growth = byClient.get(client) ?? { counts: [], greatest: [] };
    byClient.set(client, growth);
    growth.counts.push(index + 1);
    growth.greatest.push(Math.max(value, growth.greatest.at(-1) ?? NOTHING));
  }
}
