/** One round of each fault; `npm run chaos` does as many as wanted. */
import { expect, test } from 'vitest';
import { CONVERGED_WITHIN_MS, type RoundReport } from './chaos-world.ts';
import { usualFaults } from './faults.ts';
import { runChaos } from './run.ts';

test('nothing is lost, doubled, torn or stuck under any fault', async () => {
  const seed = Date.now() % 1_000_000_000;
  const reports: RoundReport[] = [];
  await runChaos({ rounds: usualFaults.length, faults: usualFaults, seed, onRound: (report) => reports.push(report) });
  // The reports say what to repeat: `npm run chaos -- --rounds 1 --faults F --seed S`.
  expect(reports.filter(({ violations }) => violations.length > 0)).toEqual([]);
  expect(reports.map(({ fault }) => fault)).toEqual(usualFaults);
  for (const { convergedMs } of reports) expect(convergedMs).toBeLessThanOrEqual(CONVERGED_WITHIN_MS);
  for (const { writes } of reports) expect(writes).toBeGreaterThan(0);
});
