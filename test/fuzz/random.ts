/** Chance from a seed. Each case has a generator of its own, so that one case can be run again without those before it. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from 0 to `below` − 1. */
  below(below: number): number;
  /** One of `items`, which are not empty. */
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
}

/** The generator of case number `index` of a target (mulberry32 by Tommy Ettinger, public domain). */
export function randomOf(seed: number, target: string, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35) ^ hash(target);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    next,
    below,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    chance: (probability) => next() < probability,
  };
}

function hash(text: string): number {
  let sum = 0;
  for (const char of text) sum = (Math.imul(sum, 31) + (char.codePointAt(0) ?? 0)) | 0;
  return sum;
}
