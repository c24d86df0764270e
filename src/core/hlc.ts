/**
 * Hybrid logical clock (Kulkarni, Demirbas et al., "Logical Physical Clocks", 2014), as text that sorts:
 * 12 hex digits of milliseconds since 1970, then 4 hex digits of counter. Ties between devices are broken by clientId.
 */
export type Hlc = string;

export const ZERO_HLC: Hlc = '0'.repeat(16);

const MAX_MS = 2 ** 48 - 1;
const MAX_COUNTER = 0xffff;

export function makeHlc(ms: number, counter: number): Hlc {
  return hex(Math.min(Math.max(Math.trunc(ms), 0), MAX_MS), 12) + hex(counter, 4);
}

/** The wall-clock part, in epoch milliseconds. */
export function hlcMs(hlc: Hlc): number {
  return Number.parseInt(hlc.slice(0, 12), 16);
}

function hlcCounter(hlc: Hlc): number {
  return Number.parseInt(hlc.slice(12), 16);
}

/**
 * The next stamp after `last` on a device whose wall clock shows `now`: never equal to or before `last`. In a new millisecond the
 * counter begins at `counterStart`.
 */
export function nextHlc(last: Hlc, now: number, counterStart = 0): Hlc {
  const lastMs = hlcMs(last);
  if (Math.min(now, MAX_MS) > lastMs) return makeHlc(now, counterStart);
  const counter = hlcCounter(last) + 1;
  return counter > MAX_COUNTER ? makeHlc(lastMs + 1, counterStart) : makeHlc(lastMs, counter);
}

/** The clock of a device that has seen `remote`: the greater of the two. */
export function observeHlc(local: Hlc, remote: Hlc): Hlc {
  return remote > local ? remote : local;
}

/**
 * `hlc`, or a stamp at `now + aheadMs` when it lies further ahead than that: a wrong clock must not win for ever. The counter stays: by
 * it the writer knows its own again.
 */
export function boundHlc(hlc: Hlc, now: number, aheadMs: number): Hlc {
  const latest = now + aheadMs;
  return hlcMs(hlc) > latest ? makeHlc(latest, hlcCounter(hlc)) : hlc;
}

/** Whether `stored` is what a server may have made of `hlc`: itself, or set back by {@link boundHlc}. Older servers leave no counter. */
export function isBoundHlc(stored: Hlc, hlc: Hlc): boolean {
  if (stored >= hlc) return stored === hlc;
  const counter = hlcCounter(stored);
  return counter === hlcCounter(hlc) || counter === 0;
}

/** Whether stamp `a` of device `aClient` comes after stamp `b` of device `bClient`. */
export function hlcAfter(a: Hlc, aClient: string, b: Hlc, bClient: string): boolean {
  return a === b ? aClient > bClient : a > b;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
