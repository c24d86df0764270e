import type { SyncTrigger } from '../types.ts';
import type { LoopState } from './round-machine.ts';

/** How long what is known to be on the server may take to come by the channel before it is pulled. */
const BEHIND_PATIENCE_MS = 2_000;
/** … doubled with each pull that did not bring it, so often at most: a server that promises what it does not have. */
const MAX_BEHIND_DOUBLINGS = 7;
/** However often the app wants to poll. */
const MIN_INTERVAL_MS = 20;
/**
 * … and without the channel that the server offers, while somebody looks: what others write is to be here within ten seconds. Where
 * neither WebSockets nor events pass, there is no other way.
 */
const BEREFT_POLL_MS = 5_000;
/** With a channel that is open, polling only guards against a server that forgets to tell. */
const LIVE_POLL_FACTOR = 10;

/** A round that is wanted: when, why, and how much of one. */
export interface Wish {
  /** Not before this (monotonic clock). */
  readonly at: number;
  readonly trigger: SyncTrigger;
  /** Pull even where nothing is known to wait. */
  readonly pulls: boolean;
  /** Also while waiting after a failure. */
  readonly isUrgent: boolean;
}

/** All that decides when the next round begins. Times are of the monotonic clock. */
export interface ScheduleInput {
  readonly state: LoopState;
  readonly autoSync: { readonly intervalMs: number; readonly debounceMs: number } | false;
  readonly now: number;
  /** Someone has asked by hand and waits. */
  readonly hasCalls: boolean;
  readonly wish: Wish | null;
  /** When a waiting loop tries again. */
  readonly retryAt: number | null;
  readonly lastPushAt: number | null;
  readonly lastRoundAt: number | null;
  readonly hasSendable: boolean;
  /** One mutation waits, and no more. */
  readonly isLone: boolean;
  /** Since when something is known to wait on the server; null when nothing is. */
  readonly behindSince: number | null;
  /** Pulls in a row that have not brought it. */
  readonly fruitlessCount: number;
  readonly isLive: boolean;
  /** The server offers a channel, it is not open, and somebody looks at the app. */
  readonly isBereft: boolean;
  /** The server has asked to be left alone until then; 0: it has not. */
  readonly asksUntil: number;
}

/**
 * The next round, or null where none begins by itself. Computed anew from the facts whenever one of them changes, so
 * that work which waits is never without a round that will take it.
 */
export function nextRound(input: ScheduleInput): Wish | null {
  const { state, autoSync, now, hasCalls } = input;
  if (state.name !== 'idle' && state.name !== 'waiting') return null;
  if (hasCalls) return { at: now, trigger: 'manual', pulls: true, isUrgent: true };
  if (!autoSync) return null;
  const next = earliest(state.name === 'idle' ? idleWishes(input, autoSync) : waitingWishes(input), now);
  return next && { ...next, at: Math.max(next.at, input.asksUntil) };
}

function waitingWishes({ wish, retryAt, now }: ScheduleInput): (Wish | null)[] {
  const retry: Wish = { at: retryAt ?? now, trigger: 'retry', pulls: true, isUrgent: true };
  return [wish?.isUrgent ? wish : null, retry];
}

function idleWishes(input: ScheduleInput, autoSync: { intervalMs: number; debounceMs: number }): (Wish | null)[] {
  const { now, wish, lastPushAt, lastRoundAt, hasSendable, behindSince, isLive } = input;
  const lastRound = lastRoundAt ?? now;
  const calm = Math.max(lastPushAt ?? 0, lastRoundAt ?? 0) + autoSync.debounceMs;
  const wanted = Math.max(MIN_INTERVAL_MS, autoSync.intervalMs) * (isLive ? LIVE_POLL_FACTOR : 1);
  const interval = input.isBereft ? Math.min(BEREFT_POLL_MS, wanted) : wanted;
  const patienceMs = BEHIND_PATIENCE_MS * 2 ** Math.min(MAX_BEHIND_DOUBLINGS, input.fruitlessCount);
  const automatic = { isUrgent: false };
  return [
    wish,
    hasSendable ? { at: goesAtOnce(input) ? now : calm, trigger: 'write', pulls: false, ...automatic } : null,
    behindSince !== null
      ? { at: Math.max(lastRound, behindSince) + patienceMs, trigger: 'changes', pulls: true, ...automatic }
      : null,
    { at: lastRound + interval, trigger: 'interval', pulls: true, ...automatic },
  ];
}

/** The first write ever; and one that comes alone while a channel is open, where a push is only a frame. */
const goesAtOnce = ({ isLone, isLive, lastPushAt, lastRoundAt }: ScheduleInput) =>
  (isLone && isLive) || (lastPushAt === null && lastRoundAt === null);

/** What is overdue is due now; of those that are due together, the first in the list. */
function earliest(wishes: readonly (Wish | null)[], now: number): Wish | null {
  let first: Wish | null = null;
  for (const wish of wishes) {
    if (wish && (!first || Math.max(now, wish.at) < first.at)) first = { ...wish, at: Math.max(now, wish.at) };
  }
  return first;
}

/** One wish for both: as soon as the sooner, as much as the greater. */
export function mergeWishes(a: Wish | null, b: Wish): Wish {
  if (!a) return b;
  const lead = b.isUrgent && !a.isUrgent ? b : a;
  return {
    at: Math.min(a.at, b.at),
    trigger: lead.trigger,
    pulls: a.pulls || b.pulls,
    isUrgent: a.isUrgent || b.isUrgent,
  };
}
