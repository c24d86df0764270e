import type { Runtime } from '../../../src/shared/runtime.ts';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';

/**
 * The one clock of a history. As the manual runtime of the package, but what is ready goes on in turns of `setImmediate`
 * alone: their order is fixed, and a turn costs a fiftieth.
 */
export interface VirtualClock extends Runtime {
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Enough for work that hands itself on from task to task a few times, as the server's group commit does. */
const TURNS = 4;

/** `settle` looks after work outside of this program: it waits for some of it and resolves with true, until there is none. */
export function virtualClock(seed: number, settle?: () => Promise<boolean>): VirtualClock {
  const { random, uuid, now } = manualRuntime({ seed });
  const startAt = now();
  const timers = new Set<Timer>();
  let elapsed = 0;
  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) if (!first || timer.at < first.at) first = timer;
    return first;
  };
  const drain = async () => {
    do await turns();
    while (await settle?.());
  };
  return {
    now: () => Math.floor(startAt + elapsed),
    elapsed: () => elapsed,
    random,
    uuid,
    setTimer(ms, run) {
      const timer = { at: elapsed + Math.max(0, ms), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const until = elapsed + ms;
      await drain();
      for (let timer = next(); timer && timer.at <= until; timer = next()) {
        elapsed = Math.max(elapsed, timer.at);
        timers.delete(timer);
        timer.run();
        await drain();
      }
      elapsed = until;
    },
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
