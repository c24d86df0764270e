import { manualRuntime } from '../../../src/testing/manual-runtime.ts';

/** Seeded chance: the same seed draws the same things. */
export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** A whole number from 0 to below `count`. */
  below(count: number): number;
  between(least: number, most: number): number;
  /** True so often. */
  happens(share: number): boolean;
  of<T>(list: readonly T[]): T;
}

export function chanceOf(...seeds: readonly number[]): Chance {
  // Neighbouring seeds would begin alike.
  const seed = seeds.reduce((mixed, part) => Math.imul(mixed ^ (part + 0x9e3779b9), 0x85ebca6b) ^ (mixed >>> 13), 1);
  const { random } = manualRuntime({ seed });
  const below = (count: number) => Math.floor(random() * count);
  return {
    next: random,
    below,
    between: (least, most) => least + random() * (most - least),
    happens: (share) => random() < share,
    of<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('Nothing to draw from.');
      return list[below(list.length)] as T;
    },
  };
}
