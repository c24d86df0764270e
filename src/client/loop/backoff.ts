import type { RetryPace } from './next-step.ts';

const BASE_MS = 500;
const CAP_MS = 30_000;
/**
 * Where nothing answers, nobody is spared by waiting longer; and devices are to agree within ten seconds of its return:
 * five of them may go by until a dead line is found out, or a try is given up that began before.
 */
const RECONNECT_CAP_MS = 4_000;
/**
 * Where a failing server, or the gateway before one that is gone, answers at once: the same ten seconds, with less to spare
 * for the try itself.
 */
const RECOVER_CAP_MS = 8_000;
/** While nobody looks. */
const UNATTENDED_CAP_MS = 30_000;
const STEADY_MS = { 'sign-in': 20_000, slow: 60_000, rare: 300_000 } as const;
/** While somebody looks: the token may be good and the server wrong, and devices are to agree within ten seconds of its mending. */
const SIGN_IN_ATTENDED_MS = 8_000;

/**
 * Full jitter: anywhere between nothing and a bound that doubles with each failure (Brooker, "Exponential Backoff and
 * Jitter", AWS 2015). `failures` counts from 1; `random` is in [0, 1).
 */
function backoffMs(failures: number, random: number, capMs: number): number {
  return Math.round(random * Math.min(capMs, BASE_MS * 2 ** (failures - 1)));
}

/** What a delay depends on, besides the kind of failure. */
export interface RetryFacts {
  /** In a row, from 1. */
  readonly failures: number;
  /** Never sooner than the server asked for; 0: it did not. */
  readonly retryAfterMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** Whether somebody looks at the app and waits. */
  readonly isAttended: boolean;
}

/** The delay before the next try to reach a server that did not answer, or to open a channel that did not stay. */
export function reconnectMs(facts: RetryFacts): number {
  const capMs = facts.isAttended ? RECONNECT_CAP_MS : UNATTENDED_CAP_MS;
  return asAsked(backoffMs(facts.failures, facts.random, capMs), facts);
}

/** How long to wait after this many failures in a row. */
export function retryDelayMs(pace: RetryPace, facts: RetryFacts): number {
  if (pace === 'reconnect') return reconnectMs(facts);
  if (pace === 'recover') return asAsked(backoffMs(facts.failures, facts.random, recoverCapMs(facts)), facts);
  if (pace === 'backoff') return asAsked(backoffMs(facts.failures, facts.random, CAP_MS), facts);
  return asAsked(steadyMs(pace, facts), facts);
}

const recoverCapMs = ({ isAttended }: RetryFacts) => (isAttended ? RECOVER_CAP_MS : UNATTENDED_CAP_MS);

function asAsked(delayMs: number, { retryAfterMs, random }: RetryFacts): number {
  if (retryAfterMs === 0) return delayMs;
  // Everyone who was sent away at once was given the same moment: spread them behind it.
  return Math.max(delayMs, retryAfterMs + Math.round(random * BASE_MS));
}

/** Between one half and the whole of the pace. */
function steadyMs(pace: keyof typeof STEADY_MS, { random, isAttended }: RetryFacts): number {
  const paceMs = pace === 'sign-in' && isAttended ? SIGN_IN_ATTENDED_MS : STEADY_MS[pace];
  return Math.round(paceMs * (0.5 + random / 2));
}
