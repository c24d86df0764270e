import { ChaosWorld, type RoundReport } from './chaos-world.ts';
import type { FaultName } from './faults.ts';
import type { Violation } from './verdict.ts';

export interface ChaosOptions {
  readonly rounds: number;
  /** Taken in turn. */
  readonly faults: readonly FaultName[];
  /** The first round's; each further one counts on. */
  readonly seed: number;
  readonly onRound?: (report: RoundReport) => void;
}

export interface FaultSummary {
  rounds: number;
  writes: number;
  /** Rounds that struck with commits on disk whose acknowledgement had not arrived. */
  betweenCommitAndAck: number;
  /** Infinity, which JSON writes as null: a round that never converged. */
  slowestMs: number;
  violations: number;
}

/** So many rounds share one server and two devices; then all begins anew, so that the tables stay small. */
const ROUNDS_PER_WORLD = 60;

/** Runs the rounds. A round that breaks something ends its world, so that the next one is judged by itself. */
export async function runChaos(options: ChaosOptions): Promise<Partial<Record<FaultName, FaultSummary>>> {
  const summary: Partial<Record<FaultName, FaultSummary>> = {};
  let world: ChaosWorld | null = null;
  try {
    for (let index = 0; index < options.rounds; index += 1) {
      const fault = options.faults[index % options.faults.length];
      if (!fault) throw new Error('There is no fault to choose from.');
      world ??= await startWorld();
      const report = await oneRound(world, { fault, seed: options.seed + index });
      options.onRound?.(report);
      summary[fault] = add(summary[fault], report);
      if (report.violations.length > 0 || (index + 1) % ROUNDS_PER_WORLD === 0) {
        await world.close();
        world = null;
      }
    }
  } finally {
    await world?.close();
  }
  return summary;
}

async function startWorld(): Promise<ChaosWorld> {
  const world = new ChaosWorld();
  try {
    await world.start();
    return world;
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function oneRound(world: ChaosWorld, of: { fault: FaultName; seed: number }): Promise<RoundReport> {
  try {
    return await world.round(of.fault, of.seed);
  } catch (error) {
    const violation: Violation = { kind: 'harness', evidence: error instanceof Error ? error.stack : String(error) };
    return {
      ...of,
      victim: 'unknown',
      moment: 'writes',
      detail: {},
      writes: 0,
      victimWrites: 0,
      committedUnacknowledged: 0,
      convergedMs: null,
      violations: [violation],
    };
  }
}

function add(before: FaultSummary | undefined, report: RoundReport): FaultSummary {
  return {
    rounds: (before?.rounds ?? 0) + 1,
    writes: (before?.writes ?? 0) + report.writes,
    betweenCommitAndAck: (before?.betweenCommitAndAck ?? 0) + (report.committedUnacknowledged > 0 ? 1 : 0),
    slowestMs: Math.max(before?.slowestMs ?? 0, report.convergedMs ?? Number.POSITIVE_INFINITY),
    violations: (before?.violations ?? 0) + report.violations.length,
  };
}
