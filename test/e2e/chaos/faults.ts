import type { ServerProcess } from '../harness/server-process.ts';
import type { Device } from './device.ts';
import type { Random } from './random.ts';

/** What a fault is done to. */
export interface Target {
  readonly server: ServerProcess;
  readonly victim: Device;
  readonly random: Random;
}

/** A fault that has struck. */
export interface Struck {
  /** What was drawn, for the report. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** How long the fault lasts while the devices go on writing. */
  readonly lastsMs: number;
  /** Ends it. */
  readonly heal: () => Promise<void>;
}

export type Fault = (target: Target) => Promise<Struck>;

const noHeal = async () => {};

export const faults = {
  'server-kill': async ({ server, random }) => {
    await server.kill();
    return { detail: {}, lastsMs: random.between(0, 400), heal: () => server.start() };
  },

  'server-stop': async ({ server, random }) => {
    server.freeze();
    return { detail: {}, lastsMs: random.between(100, 2_000), heal: async () => server.thaw() };
  },

  'renderer-crash': async ({ victim, random }) => {
    await victim.crashRenderer();
    return { detail: {}, lastsMs: random.between(0, 300), heal: async () => void (await victim.load()) };
  },

  'browser-kill': async ({ victim, random }) => {
    await victim.killBrowser();
    return { detail: {}, lastsMs: random.between(0, 300), heal: async () => void (await victim.load()) };
  },

  /** Over by the time it has struck: nobody can be asked anything meanwhile. */
  'browser-stop': async ({ victim, random }) => {
    const stoppedMs = random.between(100, 4_000);
    const thaw = await victim.freezeBrowser();
    try {
      await wait(stoppedMs);
    } finally {
      thaw();
    }
    return { detail: { stoppedMs }, lastsMs: random.between(0, 200), heal: noHeal };
  },

  /** All connections of the device, several times over. */
  disconnect: async ({ victim, random }) => {
    const cuts = [victim.proxy.cut()];
    const gaps = Array.from({ length: random.between(0, 3) }, () => random.between(10, 400));
    for (const gapMs of gaps) {
      await wait(gapMs);
      cuts.push(victim.proxy.cut());
    }
    return { detail: { cuts }, lastsMs: random.between(0, 200), heal: noHeal };
  },

  blackhole: async (target) => blackhole(target, target.random.between(200, 3_000)),

  /** Longer than the heartbeat waits. */
  'long-stop': async ({ server, random }) => {
    server.freeze();
    return { detail: {}, lastsMs: random.between(26_000, 40_000), heal: async () => server.thaw() };
  },

  'long-blackhole': async (target) => blackhole(target, target.random.between(26_000, 40_000)),

  /** Connections that are open in name only: found out by the heartbeat. */
  'half-open': async ({ victim, random }) => {
    const forgotten = victim.proxy.forget();
    return { detail: { forgotten }, lastsMs: random.between(0, 1_000), heal: noHeal };
  },
} as const satisfies Record<string, Fault>;

async function blackhole({ victim, random }: Target, lastsMs: number): Promise<Struck> {
  const direction = random.pick(['up', 'down'] as const);
  const end = random.pick(['deliver', 'cut'] as const);
  const before = victim.proxy.heldBytes;
  victim.proxy.hold(direction);
  const detail = { direction, end, swallowedBytes: 0 };
  return {
    detail,
    lastsMs,
    heal: async () => {
      detail.swallowedBytes = victim.proxy.heldBytes - before;
      victim.proxy.release(end);
      // While devices write, something is always on its way: a fault that does nothing would prove nothing.
      if (detail.swallowedBytes === 0) throw new Error(`The blackhole of ${lastsMs} ms swallowed nothing.`);
    },
  };
}

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as FaultName[];

/** Those of a run that names none: each takes seconds, and the promise of ten seconds holds for each. */
export const usualFaults: readonly FaultName[] = [
  'server-kill',
  'server-stop',
  'renderer-crash',
  'browser-kill',
  'browser-stop',
  'disconnect',
  'blackhole',
  'half-open',
];

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
