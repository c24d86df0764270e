import type { ConnectionState, SyncEvent, SyncRound } from '../../src/client/types.ts';

/** A time in which the connection was in one state. `to` is null for the one that lasts. */
export interface ConnectionSpan {
  readonly connection: ConnectionState;
  readonly from: number;
  readonly to: number | null;
}

/** The states of the connection as the events tell of them, oldest first. Before the first event nothing is known. */
export function connectionSpans(events: readonly SyncEvent[]): ConnectionSpan[] {
  const spans: ConnectionSpan[] = [];
  for (const event of events) {
    if (event.type !== 'connection-changed') continue;
    const last = spans.at(-1);
    if (last?.connection === event.connection) continue;
    if (last) spans[spans.length - 1] = { ...last, to: event.at };
    spans.push({ connection: event.connection, from: event.at, to: null });
  }
  return spans;
}

/** Changes per second of a round, both directions together; a round shorter than a millisecond counts as one. */
export function throughputOf(round: SyncRound): number {
  return (round.pushedCount + round.pulledChangeCount) / (Math.max(1, round.durationMs) / 1_000);
}

/** The value that so much of the values do not exceed (nearest rank); 0 for none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

/** The next round figure at or above a value: 1, 2 or 5 times a power of ten. What an axis ends with. */
export function niceMax(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}
