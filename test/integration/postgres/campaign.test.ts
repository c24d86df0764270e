import { expect, test } from 'vitest';
import { runCampaign } from './campaign/campaign.ts';

/** The long form: `npm run chaos:postgres -- --rounds N`. */
const ROUNDS = 2;
const SEED = 1;

test(`nodes and database are killed at random in ${ROUNDS} rounds: nothing acknowledged is lost, nothing happens twice`, {
  timeout: 300_000,
}, async () => {
  const reports = await runCampaign({ rounds: ROUNDS, seed: SEED });
  expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
  expect(reports).toHaveLength(ROUNDS);
  for (const { acknowledged, committed } of reports) expect(acknowledged + committed).toBeGreaterThan(0);
});
