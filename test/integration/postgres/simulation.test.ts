import { expect, test } from 'vitest';
import { createSource } from '../../simulation/runner/postgres-source.ts';
import { runHistory } from '../../simulation/world/run-history.ts';
import { sharedUrl } from '../../support/postgres.ts';

/** A long run: `npm run simulate -- --storage postgres --seeds 500`. */
const SEEDS = 12;
/** No history is begun after it: here they wait for a database. */
const ENOUGH_MS = 25_000;

test('C1 to C13 and C15 hold in simulated histories over a real Postgres', { timeout: 240_000 }, async () => {
  const postgres = await createSource(await sharedUrl());
  const startedAt = performance.now();
  for (let seed = 1; seed <= SEEDS && performance.now() - startedAt < ENOUGH_MS; seed += 1) {
    const finding = await runHistory({ seed, postgres });
    expect(finding, `again: npm run simulate -- --seeds 1 --from ${seed} --storage postgres`).toBeNull();
  }
});
