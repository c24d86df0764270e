import { chanceOf } from './chance.ts';
import type { Client } from './client.ts';
import { heal, type Plan, planOf, setWeather, strike } from './faults.ts';
import { checkClient, outboxOf } from './invariants.ts';
import type { Plant } from './plant-seams.ts';
import type { PostgresSource } from './postgres-disk.ts';
import {
  checkCausality,
  checkConflicts,
  checkDecisions,
  checkIdentities,
  checkLog,
  checkNewcomer,
  checkProgress,
  checkReceipts,
  checkReplay,
  checkScopes,
  checkServerTotals,
  checkSettled,
} from './settled.ts';
import { Violation } from './violation.ts';
import { ACTION_NAMES, act } from './workload.ts';
import { openWorld, type World } from './world.ts';

export interface HistoryOptions {
  readonly seed: number;
  /** Which of the drawn steps are run (for shrinking). Default: all. */
  readonly steps?: readonly number[];
  readonly plan?: Plan;
  readonly plant?: Plant;
  /** Over a real Postgres, in the place of SQLite. */
  readonly postgres?: PostgresSource | undefined;
}

export interface Finding {
  readonly seed: number;
  /** Null: something threw that nothing expects. */
  readonly promise: string | null;
  readonly message: string;
  readonly steps: readonly number[];
  readonly trace: readonly string[];
}

/** Runs one history, all of it drawn from its seed. Null: every promise held. */
export async function runHistory(options: HistoryOptions): Promise<Finding | null> {
  const { seed, steps, plant, postgres } = options;
  const plan = options.plan ?? planOf(seed, { isPostgres: postgres !== undefined });
  const trace: string[] = [];
  const indices = steps ?? Array.from({ length: plan.stepCount }, (_, index) => index);
  const world = await openWorld({ seed, plan, plant, postgres });
  try {
    await warmUp(world);
    setWeather(world);
    for (const index of indices) await step(world, index, trace);
    trace.push(`${at(world)} healed`);
    await settle(world);
    await checkEnd(world);
    return null;
  } catch (error) {
    const promise = error instanceof Violation ? error.promise : null;
    const message = error instanceof Error ? (promise ? error.message : String(error.stack)) : String(error);
    return { seed, promise, message, steps: indices, trace };
  } finally {
    await world.close().catch(() => {});
  }
}

async function checkEnd(world: World): Promise<void> {
  checkCausality(world);
  checkIdentities(world);
  checkConflicts(world);
  checkDecisions(world);
  checkReceipts(world);
  await checkLog(world);
  await checkScopes(world);
  await checkReplay(world, 1 + (world.seed % 3));
  if (world.seed % 4 === 0) await checkNewcomer(world, world.seed % 8 === 0 ? 'ana' : 'ben');
}

/** Everybody has synced once and written once. */
async function warmUp(world: World): Promise<void> {
  for (const client of world.clients) client.start();
  await world.clock.advance(300);
  // Nobody rolls this one back, or takes their time.
  const sure = { ...chanceOf(world.seed, 7), happens: (share: number) => share > 0.1 };
  for (const client of world.clients) act('entry', client, sure, (error) => world.unexpected.push(error));
  await world.clock.advance(700);
  if (world.plan.faults.has('restore from a copy')) {
    await world.server.backup();
    world.hasBackup = true;
  }
}

async function step(world: World, index: number, trace: string[]): Promise<void> {
  const chance = chanceOf(world.seed, 1_000 + index);
  const client = chance.of(world.clients);
  if (chance.happens(0.25)) {
    const name = strike(world, client, chance);
    if (name) trace.push(`${at(world)} #${index} ${client.name}: ${name}`);
    // Long enough for the other tabs to lose patience with a leader that stands still.
    if (name === 'freeze' && client.options.hasWorkers && chance.happens(0.5)) await world.clock.advance(20_000);
  } else {
    const name = chance.of(ACTION_NAMES);
    trace.push(`${at(world)} #${index} ${client.name}: ${name}`);
    act(name, client, chance, (error) => world.unexpected.push(error));
  }
  await world.clock.advance(chance.happens(0.2) ? 0 : chance.between(0, 400));
  if (chance.happens(0.15) && !client.disk.inTransaction && world.plan.faults.has('power cut')) {
    client.image = client.disk.exportBytes();
  }
  await check(world);
}

async function check(world: World): Promise<void> {
  await world.server.hearOthers();
  for (const client of world.clients) {
    try {
      checkClient(world, client);
    } catch (error) {
      // What is wrong on the server already is no matter of the client.
      if (world.server.current) await checkServerTotals(world);
      throw error;
    }
  }
  const [violation] = world.violations;
  if (violation) throw violation;
  if (world.unexpected.length > 0) throw world.unexpected[0];
}

/** C7: whatever had gone wrong, and connections that are open in name only have to be found out within it, too. */
const SETTLE_MS = 10_000;

async function settle(world: World): Promise<void> {
  await heal(world);
  await rest(world);
  // Persons decide what waits for them, until nothing does.
  for (let round = 0; round < 8 && world.clients.some((client) => outboxOf(client).length > 0); round += 1) {
    for (const client of world.clients) decideAll(client, round);
    await rest(world);
  }
  const left = world.clients.find((client) => outboxOf(client).length > 0);
  if (left) throw new Violation('C9', `${left.name}: ${JSON.stringify(outboxOf(left)[0])} does not end.`);
}

/** No input: within ten seconds all is as promised. */
async function rest(world: World): Promise<void> {
  for (let ms = 0; ms < SETTLE_MS; ms += 1_000) {
    await world.clock.advance(1_000);
    await check(world);
    if (await isSettled(world)) return;
  }
  checkProgress(world);
  await checkSettled(world);
}

async function isSettled(world: World): Promise<boolean> {
  try {
    checkProgress(world);
    await checkSettled(world);
    return true;
  } catch (error) {
    if (error instanceof Violation) return false;
    throw error;
  }
}

/** Not waited for: a write may be open, and ends only as the clock goes on. */
function decideAll(client: Client, round: number): void {
  const page = (client.tabs.find(({ isLeader }) => isLeader) ?? client.tabs[0])?.page;
  const choice = round % 2 === 0 ? 'local' : 'remote';
  for (const { id, state } of client.state.conflicts ?? []) {
    if (state === 'open') page?.conflicts.resolve(id, choice).catch(() => {});
  }
  for (const { state, mutationId } of outboxOf(client)) {
    if (state === 'rejected') page?.outbox.discard(mutationId).catch(() => {});
  }
}

const at = ({ clock }: World) => `${(clock.elapsed() / 1_000).toFixed(3)} s`;

/** Leaves out steps as long as the same promise still breaks. */
export async function shrink(finding: Finding, options: HistoryOptions, tries = 60): Promise<Finding> {
  let best = finding;
  let left = tries;
  for (
    let size = Math.ceil(best.steps.length / 2);
    size >= 1 && left > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.steps.length && left > 0; ) {
      left -= 1;
      const steps = [...best.steps.slice(0, from), ...best.steps.slice(from + size)];
      const found = await runHistory({ ...options, steps });
      if (found?.promise === finding.promise) best = found;
      else from += size;
    }
  }
  return best;
}
