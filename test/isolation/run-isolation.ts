import { randomOf } from '../fuzz/random.ts';
import { attacks } from './attacks.ts';
import { type Backing, inMemory } from './backing.ts';
import { Campaign, type Leak } from './campaign.ts';
import { honest } from './honest.ts';

export interface IsolationOptions {
  readonly ops: number;
  readonly seed: number;
  /** Stops after so many leaks. Default: 20. */
  readonly maxLeaks?: number;
  /** Where the server keeps its data. Default: SQLite, in memory. */
  readonly backing?: Backing;
}

export interface IsolationReport {
  readonly ops: number;
  readonly leaks: readonly Leak[];
  /** How often each thing was done. */
  readonly counts: Readonly<Record<string, number>>;
}

const HONEST = Object.entries(honest);
const ATTACKS = Object.entries(attacks);
/** A world of its own so often: the tree of tenants stays of a size that is quick to look through. */
const OPS_PER_WORLD = 2_000;

/** Lets tenants work, and lie. Whatever somebody comes by who should not is in the report. */
export async function runIsolation(options: IsolationOptions): Promise<IsolationReport> {
  const { ops, seed, maxLeaks = 20, backing = inMemory } = options;
  const { hasPolicies } = backing;
  const leaks: Leak[] = [];
  const counts: Record<string, number> = {};
  let done = 0;
  for (let world = 0; done < ops && leaks.length < maxLeaks; world++) {
    const campaign = new Campaign(randomOf(seed, 'isolation', world), {
      orgCount: 4,
      userCount: 6,
      hasPolicies,
      ground: await backing.open(),
    });
    try {
      await campaign.start();
      done += await act(campaign, Math.min(OPS_PER_WORLD, ops - done), counts, maxLeaks);
      campaign.attack = 'in the end';
      for (const user of campaign.tenants.users) await honest.pullAll?.(campaign, user);
    } finally {
      await campaign.close();
    }
    leaks.push(...campaign.leaks);
    for (const [name, count] of Object.entries(campaign.counts)) counts[name] = (counts[name] ?? 0) + count;
  }
  return { ops: done, leaks, counts };
}

async function act(campaign: Campaign, ops: number, counts: Record<string, number>, maxLeaks: number): Promise<number> {
  const { random, tenants } = campaign;
  for (let n = 0; n < ops; n++) {
    const [name, run] = random.pick(random.chance(0.5) ? HONEST : ATTACKS);
    const user = random.pick(tenants.users);
    campaign.attack = `op ${n}: ${name}`;
    await run(campaign, user);
    counts[name] = (counts[name] ?? 0) + 1;
    if (campaign.leaks.length >= maxLeaks) return n + 1;
  }
  return ops;
}
