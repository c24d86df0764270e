import type { RetryPace } from './next-step.ts';

const BASE_MS = 500;
const CAP_MS = 30_000;
const STEADY_MS = { 'sign-in': 20_000, slow: 60_000, rare: 300_000 } as const;

/**
 * Full jitter: anywhere between nothing and a bound that doubles with each failure (Brooker, "Exponential Backoff and
 * Jitter", AWS 2015). `failures` counts from 1; `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  return Math.round(random * Math.min(CAP_MS, BASE_MS * 2 ** (failures - 1)));
}

/** How long to wait after this many failures in a row. Never sooner than the server asked for. */
export function retryDelayMs(options: {
  pace: RetryPace;
  failures: number;
  retryAfterMs: number;
  random: number;
}): number {
  const { pace, failures, retryAfterMs, random } = options;
  const delay = pace === 'backoff' ? backoffMs(failures, random) : steady(pace, random);
  if (retryAfterMs === 0) return delay;
  // Everyone who was sent away at once was given the same moment: spread them behind it.
  return Math.max(delay, retryAfterMs + Math.round(random * BASE_MS));
}

/** Between one half and the whole of the pace. */
function steady(pace: keyof typeof STEADY_MS, random: number): number {
  return Math.round(STEADY_MS[pace] * (0.5 + random / 2));
}
