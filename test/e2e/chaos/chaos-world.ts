import { World } from '../harness/world.ts';
import { Device } from './device.ts';
import { type Fault, type FaultName, faults, wait } from './faults.ts';
import { Ledger } from './ledger.ts';
import { type Moment, momentOf } from './moment.ts';
import { Random } from './random.ts';
import { deviceAccount, deviceState, serverState } from './state.ts';
import { judge, lostAcknowledged, type Violation } from './verdict.ts';
import { COUNTER_ID, startWork, stopWork } from './workload.ts';

/** The promise: this long after the fault has ended and the last write was made, all are equal. */
export const CONVERGED_WITHIN_MS = 10_000;
/** Waited on after that, to tell late from never. */
const GIVE_UP_MS = 60_000;
const POLL_MS = 25;

export interface RoundReport {
  readonly fault: FaultName;
  readonly seed: number;
  readonly victim: string;
  readonly moment: Moment;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Writes that resolved in this round. */
  readonly writes: number;
  /** Those of the victim. */
  readonly victimWrites: number;
  /** In the server's file when the fault had struck, and not acknowledged to the device. */
  readonly committedUnacknowledged: number;
  /** From the end of the fault to three equal states. Null: never. */
  readonly convergedMs: number | null;
  readonly violations: readonly Violation[];
}

/** A server and two devices that rounds of faults are done to, one after the other. */
export class ChaosWorld {
  readonly #world = new World('task');
  readonly #ledger = new Ledger();
  readonly #devices: readonly [Device, Device];
  #roundCount = 0;

  constructor() {
    const options = { world: this.#world, ledger: this.#ledger };
    this.#devices = [new Device({ ...options, name: 'first' }), new Device({ ...options, name: 'second' })];
  }

  async start(): Promise<void> {
    await this.#world.start();
    for (const device of this.#devices) {
      await device.proxy.listen();
      await device.load();
    }
    await this.#devices[0].openPage.evaluate(async (id) => {
      const { sync } = window.device;
      await sync.ready;
      const { settled } = await sync.write((tx) => tx.insert('task', { id, title: id }));
      await settled;
    }, COUNTER_ID);
    if ((await this.#converge()) === null) throw new Error('The devices do not even begin as equals.');
  }

  async close(): Promise<void> {
    this.#world.server.thaw();
    await this.#world.close();
    await Promise.all(this.#devices.map(({ proxy }) => proxy.close()));
  }

  /** One round: the devices write, the fault strikes and ends, the writing ends, and all must come out equal and whole. */
  async round(fault: FaultName, seed: number): Promise<RoundReport> {
    const random = new Random(seed);
    const victim = random.pick(this.#devices);
    const moment = random.pick(['writes', 'push', 'answer'] as const);
    const before = this.#ledger.resolved.size;
    await this.#startWork(random);
    await momentOf({ moment, proxy: victim.proxy, ledger: this.#ledger, random });
    const strike: Fault = faults[fault];
    const struck = await strike({ server: this.#world.server, victim, random });
    const atStrike = serverState(this.#world.server.file);
    const lost = lostAcknowledged(this.#ledger, atStrike);
    const committedUnacknowledged = this.#unacknowledged(atStrike.ids);
    if (moment === 'answer') releaseAnswer(fault, victim);
    await wait(struck.lastsMs);
    await this.#stopWork();
    await struck.heal();
    const convergedMs = await this.#converge();
    return {
      fault,
      seed,
      victim: victim.name,
      moment,
      detail: { lastsMs: struck.lastsMs, ...struck.detail },
      writes: this.#ledger.resolved.size - before,
      victimWrites: this.#writesOf(victim),
      committedUnacknowledged,
      convergedMs,
      violations: [...lost, ...(await this.#judge(convergedMs))],
    };
  }

  /** Of this round: what was on its way when a device died is never acknowledged to anybody. */
  #unacknowledged(ids: ReadonlySet<string>): number {
    const isOfRound = (id: string) => id.split('-')[1] === String(this.#roundCount);
    return [...ids].filter((id) => isOfRound(id) && !this.#ledger.acknowledged.has(id)).length;
  }

  #writesOf({ name }: Device): number {
    return [...this.#ledger.resolved].filter((id) => id.startsWith(`${name}-${this.#roundCount}-`)).length;
  }

  async #startWork(random: Random): Promise<void> {
    this.#roundCount += 1;
    for (const device of this.#devices) {
      const prefix = `${device.name}-${this.#roundCount}`;
      await startWork(device.openPage, { prefix, gapMs: random.between(5, 40) });
    }
  }

  async #stopWork(): Promise<void> {
    await Promise.all(this.#devices.map(async ({ page }) => page && (await stopWork(page))));
  }

  /** How long it took until the server and both devices were equal, by what they hold and by their own account. */
  async #converge(): Promise<number | null> {
    const start = performance.now();
    while (performance.now() - start < GIVE_UP_MS) {
      const states = await Promise.all(this.#devices.map(({ openPage }) => deviceState(openPage)));
      const elapsedMs = Math.round(performance.now() - start);
      if (states.every(({ digest, pendingCount }) => digest !== null && pendingCount === 0)) {
        const { digest } = serverState(this.#world.server.file);
        if (states.every((state) => state.digest === digest)) return elapsedMs;
      }
      await wait(POLL_MS);
    }
    return null;
  }

  async #judge(convergedMs: number | null): Promise<Violation[]> {
    const violations = judge(this.#ledger, serverState(this.#world.server.file));
    for (const { name, openPage } of this.#devices) {
      const problems = await openPage.evaluate(() => window.device.sync.inspect.integrityCheck());
      if (problems.length > 0) violations.push({ kind: 'corrupt', evidence: { device: name, problems } });
    }
    if (convergedMs !== null && convergedMs <= CONVERGED_WITHIN_MS) return violations;
    const accounts = await Promise.all(this.#devices.map(({ openPage }) => deviceAccount(openPage)));
    const kind = convergedMs === null ? await this.#kindOfStanding() : 'late';
    return [...violations, { kind, evidence: { convergedMs, accounts } }];
  }

  /** Equal by their own account and not in fact is worse than not getting there. */
  async #kindOfStanding(): Promise<'stuck' | 'diverged'> {
    const states = await Promise.all(this.#devices.map(({ openPage }) => deviceState(openPage)));
    const { digest } = serverState(this.#world.server.file);
    const claim = states.filter((state) => state.digest !== null);
    return claim.some((state) => state.digest !== digest) ? 'diverged' : 'stuck';
  }
}

/** The answer that was kept for the moment's sake: a live connection gets it late, one that is gone never. A blackhole keeps it itself. */
function releaseAnswer(fault: FaultName, victim: Device): void {
  if (fault.endsWith('blackhole')) return;
  const isLive = fault.endsWith('-stop') || fault === 'half-open';
  victim.proxy.release(isLive ? 'deliver' : 'cut');
}
