import postgres from 'postgres';
import { Random } from '../../../e2e/chaos/random.ts';
import { type PostgresServer, startPostgres } from '../../../support/postgres-server.ts';
import { Device } from './device.ts';
import { Nodes } from './nodes.ts';
import { Program } from './program.ts';
import { TABLES } from './schema.ts';
import { judge } from './verdict.ts';

export const STRIKES = ['node', 'frozen node', 'connection', 'backend', 'database'] as const;
export type Strike = (typeof STRIKES)[number];

export interface RoundReport {
  readonly round: number;
  readonly strikes: readonly Strike[];
  /** Writes of devices that were acknowledged, and transactions of programs that were told to have committed. */
  readonly acknowledged: number;
  readonly committed: number;
  /** What was found in the database in the end: entries, and transactions of programs. */
  readonly entries: number;
  readonly ms: number;
  readonly violations: readonly string[];
}

export interface CampaignOptions {
  readonly rounds: number;
  /** Everything that is drawn comes from it; when things happen on a real machine does not. */
  readonly seed: number;
  readonly onRound?: (report: RoundReport) => void;
}

const NODES = 3;
const DEVICES = 3;
const PROGRAMS = 2;
const STALLED_MS = 1_500;
/** Then all begins anew, so that the tables stay small: every device looks through all of them with each commit. */
const ROUNDS_PER_WORLD = 8;

/**
 * Several nodes over one Postgres that syncs to disk, real clients, and other programs that write to the same tables, while
 * nodes and database are killed at random. After each round everybody rests, and what there is is held against what was
 * promised: nothing acknowledged is lost, nothing has happened twice, no cursor has missed a row.
 */
export async function runCampaign({ rounds, seed, onRound }: CampaignOptions): Promise<RoundReport[]> {
  const reports: RoundReport[] = [];
  const isBroken = () => reports.some(({ violations }) => violations.length > 0);
  for (let first = 0; first < rounds && !isBroken(); first += ROUNDS_PER_WORLD) {
    await inWorld(seed + first, async (world) => {
      for (let round = first; round < Math.min(rounds, first + ROUNDS_PER_WORLD) && !isBroken(); round += 1) {
        const report = await world.round(round);
        onRound?.(report);
        reports.push(report);
      }
    });
  }
  return reports;
}

async function inWorld(seed: number, run: (world: World) => Promise<void>): Promise<void> {
  const server = await startPostgres({ isSynced: true });
  await execute(server.url(), TABLES);
  const nodes = new Nodes({ databaseUrl: server.url(), count: NODES, stalledMs: STALLED_MS });
  const world = new World(server, nodes, seed);
  try {
    await world.begin();
    await run(world);
  } finally {
    await world.close();
    await nodes.close();
    await server.close();
  }
}

async function execute(url: string, statements: string): Promise<postgres.Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: 5 });
  try {
    return [...(await sql.unsafe(statements))];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

class World {
  readonly #server: PostgresServer;
  readonly #nodes: Nodes;
  readonly #random: Random;
  readonly #seed: number;
  readonly #devices: Device[] = [];
  readonly #programs: Program[];
  readonly #acknowledged: string[] = [];
  readonly #violations: string[] = [];
  readonly #deck: Strike[] = [];
  #eventCount = 0;

  constructor(server: PostgresServer, nodes: Nodes, seed: number) {
    this.#server = server;
    this.#nodes = nodes;
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#programs = Array.from(
      { length: PROGRAMS },
      (_, index) =>
        new Program({
          name: `program-${index}`,
          databaseUrl: server.url(),
          seed: seed * 100 + 50 + index,
          onCommitted: () => this.#count(),
        }),
    );
  }

  async begin(): Promise<void> {
    await this.#nodes.start((what) => this.#violations.push(what));
    for (let index = 0; index < DEVICES; index += 1) {
      const device = new Device({
        name: `device-${index}`,
        url: this.#nodes.url,
        random: new Random(this.#seed * 100 + index),
        onAcknowledged: (id) => {
          this.#acknowledged.push(id);
          this.#count();
        },
        onViolation: (what) => this.#violations.push(what),
      });
      this.#devices.push(device);
    }
    await Promise.all(this.#devices.map((device) => device.begin()));
  }

  #count(): void {
    this.#eventCount += 1;
  }

  async round(round: number): Promise<RoundReport> {
    const startedAt = performance.now();
    const before = this.#counts();
    const stopping = new AbortController();
    const writing = [...this.#devices, ...this.#programs].map((one) => one.writeUntil(stopping.signal));
    const strikes: Strike[] = [];
    for (let left = this.#random.between(1, 3); left > 0; left -= 1) {
      await this.#events(this.#random.between(5, 80));
      const strike = this.#nextStrike();
      strikes.push(strike);
      await this.#strike(strike);
    }
    await this.#events(this.#random.between(5, 40));
    stopping.abort();
    await Promise.all(writing);
    const violations = [...this.#violations, ...(await this.#verdict())];
    const { acknowledged, committed } = this.#counts();
    return {
      round,
      strikes,
      acknowledged: acknowledged - before.acknowledged,
      committed: committed - before.committed,
      entries: this.#devices.reduce((sum, { written }) => sum + written.length, 0),
      ms: Math.round(performance.now() - startedAt),
      violations,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.close()));
  }

  #counts() {
    const committed = this.#programs.reduce((sum, program) => sum + program.committed.length, 0);
    return { acknowledged: this.#acknowledged.length, committed };
  }

  /** Resolves after so many more acknowledgements and commits: however much it is down, it gets on. */
  async #events(count: number): Promise<void> {
    const until = this.#eventCount + count;
    while (this.#eventCount < until) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  /** Dealt like cards: each comes once before any comes again. */
  #nextStrike(): Strike {
    if (this.#deck.length === 0) this.#deck.push(...STRIKES);
    const [strike = 'node'] = this.#deck.splice(this.#random.between(0, this.#deck.length - 1), 1);
    return strike;
  }

  async #strike(strike: Strike): Promise<void> {
    const index = this.#random.between(0, NODES - 1);
    switch (strike) {
      case 'node':
        return this.#nodes.kill(index);
      case 'frozen node':
        this.#nodes.freeze(index);
        // The others get on, though it may have been holding the lock.
        await this.#events(this.#random.between(5, 40));
        return this.#random.next() < 0.5 ? this.#nodes.kill(index) : this.#nodes.thaw(index);
      case 'connection':
        await execute(
          this.#server.url(),
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
          AND backend_type = 'client backend' AND random() < 0.5`,
        );
        return;
      case 'backend':
        return this.#killBackend();
      case 'database':
        await this.#server.kill();
        return this.#server.restart();
    }
  }

  /** `kill -9` of one process of the database: it ends all others, and recovers from its log. */
  async #killBackend(): Promise<void> {
    const rows = await execute(
      this.#server.url(),
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'tidemark'`,
    );
    const pid = rows[this.#random.between(0, Math.max(rows.length - 1, 0))]?.pid;
    if (typeof pid === 'number') process.kill(pid, 'SIGKILL');
  }

  async #verdict(): Promise<string[]> {
    await Promise.all(this.#devices.map((device) => device.calm()));
    return judge({
      databaseUrl: this.#server.url(),
      devices: this.#devices,
      acknowledged: this.#acknowledged,
      programs: this.#programs,
    });
  }
}
