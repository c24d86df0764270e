import { useSyncExternalStore } from 'react';
import { isOutOfSight } from './sight.ts';

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let shown = Date.now();

/** The wall clock, once a second: for ages on the screen. All who show it share one timer; out of sight it does not tick. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, readShown, readShown);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  if (isOutOfSight()) return;
  shown = Date.now();
  for (const listener of [...listeners]) listener();
}

function readShown(): number {
  // Nobody has been looking: the time shown last may be long ago. It stands still within a tick, as React wants it.
  if (timer === undefined && Math.abs(Date.now() - shown) >= TICK_MS) shown = Date.now();
  return shown;
}

const STEPS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** A duration in its largest whole unit: `12 s`, `5 min`, `3 h`. */
export function durationWords(ms: number): string {
  for (const [unit, unitMs] of STEPS) {
    if (ms >= unitMs) return `${Math.floor(ms / unitMs)} ${unit}`;
  }
  return ms < 1 ? '0 s' : `${Math.round(ms)} ms`;
}

/** How long ago, never negative (clocks may step back), never finer than a second. */
export function ageWords(at: number, now: number): string {
  const ms = Math.max(0, now - at);
  return ms < 1_000 ? 'now' : durationWords(ms);
}

/** Made once: a formatter costs more than a thousand uses of it. */
const minutes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });
const seconds = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const days = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** `09:41` today, with the day before that. */
export function clockWords(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  const time = minutes.format(then);
  if (then.toDateString() === today.toDateString()) return time;
  return `${days.format(then)}, ${time}`;
}

/** `09:41:07.123`: for events that lie close together. */
export function preciseClockWords(at: number): string {
  return `${seconds.format(at)}.${String(at % 1_000).padStart(3, '0')}`;
}
