import { expect, test } from 'vitest';
import { sharedUrl } from '../support/postgres.ts';
import { postgresBacking } from './postgres-backing.ts';
import { runIsolation } from './run-isolation.ts';

const cases = [
  { hasPolicies: false, what: 'over Postgres' },
  { hasPolicies: true, what: 'where the policies of the database decide who writes' },
];

for (const { hasPolicies, what } of cases) {
  test(`tenants that lie come by nothing, and change nothing ${what}`, { timeout: 120_000 }, async () => {
    const backing = await postgresBacking({ url: await sharedUrl(), hasPolicies });
    const { leaks, ops } = await runIsolation({ ops: 300, seed: 20_261_121, backing });
    expect(leaks).toEqual([]);
    expect(ops).toBe(300);
  });
}
