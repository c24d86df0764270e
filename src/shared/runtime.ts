/**
 * The world outside, as the engine and the server see it. Everything that is not a function of its
 * arguments comes in through here, so that a simulation can own time and chance.
 */
export interface Runtime {
  /** Wall clock, in milliseconds since 1970 (UTC). May jump in both directions. */
  now(): number;
  /** Monotonic clock in milliseconds, for durations. */
  elapsed(): number;
  /** Calls `run` once after `ms` milliseconds; the returned function cancels it. */
  setTimer(ms: number, run: () => void): () => void;
  /** A number in [0, 1). */
  random(): number;
  /** A random UUID (RFC 9562, version 4). */
  uuid(): string;
}

/** The real clock, timers and randomness of this JavaScript environment. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimer(ms, run) {
    // What is overdue is due now: Node warns of times before that.
    const timer = setTimeout(run, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
};
