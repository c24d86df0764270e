import type { Runtime } from '../shared/runtime.ts';

/** A {@link Runtime} whose time stands still until a test moves it, and whose chance repeats. */
export interface ManualRuntime extends Runtime {
  /**
   * Moves both clocks on by `ms`, running every timer that falls due, in order, each at its own time. Before, between
   * and after them everything that is ready to go on (promises, messages) goes on for a few turns of the event loop.
   * `advance(0)` does only that.
   */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock alone, in either direction, as a person or NTP does. */
  shiftWallClock(ms: number): void;
  /** Moves both clocks on by `ms` at one stroke, as for a thread that was busy or frozen: timers come late. */
  holdUp(ms: number): void;
  /** How many timers are set: 0 after a clean close. */
  readonly timerCount: number;
  /** In how many milliseconds the next timer falls due; null when none is set. */
  readonly nextTimerMs: number | null;
}

export interface ManualRuntimeOptions {
  /** Epoch milliseconds at which the wall clock starts. Default: the beginning of 2026 (UTC). */
  readonly startAt?: number;
  /** Where chance starts; the same seed gives the same numbers and UUIDs. Default 1. */
  readonly seed?: number;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

const START_OF_2026 = 1_767_225_600_000;

/**
 * Makes a {@link ManualRuntime}: the clock, timers and randomness of a test.
 *
 * @example
 * ```ts
 * const runtime = manualRuntime({ seed: 7 });
 * let rang = false;
 * runtime.setTimer(1_000, () => { rang = true; });
 * await runtime.advance(999);  // rang is still false
 * await runtime.advance(1);    // rang is true
 * ```
 */
export function manualRuntime({ startAt = START_OF_2026, seed = 1 }: ManualRuntimeOptions = {}): ManualRuntime {
  const timers = new Set<Timer>();
  const random = mulberry32(seed);
  let elapsed = 0;
  let wallOffset = startAt;

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    // Ties run in the order they were set: a Set keeps it.
    for (const timer of timers) if (!first || timer.at < first.at) first = timer;
    return first;
  };

  return {
    // Whole milliseconds, as Date.now() gives.
    now: () => Math.floor(wallOffset + elapsed),
    elapsed: () => elapsed,
    setTimer(ms, run) {
      const timer = { at: elapsed + Math.max(0, ms), run };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    random,
    uuid: () => uuidFrom(random),
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
    shiftWallClock(ms) {
      wallOffset += ms;
    },
    holdUp(ms) {
      elapsed += ms;
    },
    get timerCount() {
      return timers.size;
    },
    get nextTimerMs() {
      const timer = next();
      return timer ? timer.at - elapsed : null;
    },
  };
}

/** Enough for work that hands itself on from task to task a few times, as a server's group commit does. */
const TURNS = 6;

/** Lets everything run that is ready to: microtasks, and the tasks and messages they queue. */
async function drain(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      if (typeof setImmediate === 'function') setImmediate(resolve);
      else resolve();
    };
    port2.postMessage(null);
  });
}

/** A small seeded generator of numbers in [0, 1): mulberry32 by Tommy Ettinger (public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A version 4 UUID (RFC 9562) from this source of chance. */
function uuidFrom(random: () => number): string {
  const digit = () => Math.floor(random() * 16).toString(16);
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (mark) =>
    mark === 'x' ? digit() : '89ab'.charAt(Math.floor(random() * 4)),
  );
}
