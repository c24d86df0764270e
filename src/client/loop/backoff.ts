import type { RetryPace } from './next-step.ts';

const BASE_MS = 500;
const CAP_MS = 30_000;
/** Where nothing answers, nobody is spared by waiting longer; and devices are to agree within ten seconds of its return. */
const RECONNECT_CAP_MS = 8_000;
const STEADY_MS = { 'sign-in': 20_000, slow: 60_000, rare: 300_000 } as const;

/**
 * Full jitter: anywhere between nothing and a bound that doubles with each failure (Brooker, "Exponential Backoff and
 * Jitter", AWS 2015). `failures` counts from 1; `random` is in [0, 1).
 */
function backoffMs(failures: number, random: number, capMs: number): number {
  return Math.round(random * Math.min(capMs, BASE_MS * 2 ** (failures - 1)));
}

/** The delay before the next try to reach a server that did not answer, or to open a channel that did not stay. */
export function reconnectMs(failures: number, random: number): number {
  return backoffMs(failures, random, RECONNECT_CAP_MS);
}

/** How long to wait after this many failures in a row. Never sooner than the server asked for. */
export function retryDelayMs(options: {
  pace: RetryPace;
  failures: number;
  retryAfterMs: number;
  random: number;
}): number {
  const { pace, failures, retryAfterMs, random } = options;
  const delay = delayAt(pace, failures, random);
  if (retryAfterMs === 0) return delay;
  // Everyone who was sent away at once was given the same moment: spread them behind it.
  return Math.max(delay, retryAfterMs + Math.round(random * BASE_MS));
}

function delayAt(pace: RetryPace, failures: number, random: number): number {
  if (pace === 'reconnect') return reconnectMs(failures, random);
  if (pace === 'backoff') return backoffMs(failures, random, CAP_MS);
  return steady(pace, random);
}

/** Between one half and the whole of the pace. */
function steady(pace: keyof typeof STEADY_MS, random: number): number {
  return Math.round(STEADY_MS[pace] * (0.5 + random / 2));
}
