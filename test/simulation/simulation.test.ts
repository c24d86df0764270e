import { describe, expect, test } from 'vitest';
import { plantedBugs } from './world/plants.ts';
import { runHistory } from './world/run-history.ts';

// `npm test` runs 2,000 beside the tests (scripts/check.ts); a long run: `npm run simulate -- --seeds 100000 --minutes 60`.
const seedCount = 10;

describe('C1 to C13 and C15 hold', () => {
  test(`in ${seedCount} simulated histories`, async () => {
    for (let seed = 1; seed <= seedCount; seed += 1) {
      const finding = await runHistory({ seed });
      expect(finding, `again: npm run simulate -- --seeds 1 --from ${seed}`).toBeNull();
    }
  }, 360_000);

  test('and the same seed gives the same history', async () => {
    const run = () => {
      const plant = plantedBugs().find(({ name }) => name === 'a commit comes in two halves');
      return runHistory({ seed: 1, ...(plant ? { plant } : {}) });
    };
    const first = await run();
    expect(first?.promise).toBe('C4');
    expect(await run()).toEqual(first);
  }, 60_000);
});
