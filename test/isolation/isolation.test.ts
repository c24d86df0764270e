import { expect, test } from 'vitest';
import { attacks } from './attacks.ts';
import { honest } from './honest.ts';
import { runIsolation } from './run-isolation.ts';

test('tenants that lie come by nothing, and change nothing', async () => {
  const { leaks, counts } = await runIsolation({ ops: 3_000, seed: 20_261_121 });
  expect(leaks).toEqual([]);
  for (const name of [...Object.keys(attacks), ...Object.keys(honest)]) expect(counts[name]).toBeGreaterThan(50);
  for (const frame of ['welcome', 'changes', 'poke']) expect(counts[`frame ${frame}`]).toBeGreaterThan(0);
}, 60_000);
