import type { ConnectionState } from '../../../src/client/types.ts';
import { useInspected } from '../../data/inspected.ts';
import { type ConnectionSpan, connectionSpans } from '../../data/series.ts';
import { durationWords, preciseClockWords } from '../../data/time.ts';
import type { Tone } from '../../data/words.ts';
import { Badge } from '../../ui/badge.tsx';

const TONES: Readonly<Record<ConnectionState, Tone>> = {
  open: 'ok',
  connecting: 'busy',
  polling: 'warn',
  closed: 'idle',
};

const SHOWN = 8;

/** What the channel has been: as a strip over time, and in words in the same order. */
export function ConnectionHistory({ now }: { readonly now: number }) {
  const spans = connectionSpans(useInspected((state) => state.events));
  const first = spans[0];
  if (!first) return null;
  const newest = spans.slice(-SHOWN);
  return (
    <section className="card" aria-label="Connection history">
      <h3>Connection history</h3>
      <svg className="strip" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {spans.map((span) => {
          const [x, end] = [partOf(span.from, first.from, now), partOf(span.to ?? now, first.from, now)];
          return (
            <rect
              key={span.from}
              data-tone={TONES[span.connection]}
              x={x * 100}
              width={Math.max(0.3, (end - x) * 100)}
              y="0"
              height="4"
            />
          );
        })}
      </svg>
      <ol className="spans">
        {newest.map((span) => (
          <li key={span.from}>
            <span className="mono muted">{preciseClockWords(span.from)}</span>
            <Badge tone={TONES[span.connection]}>{span.connection}</Badge>
            <span className="muted">{lengthWords(span, now)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function partOf(at: number, from: number, to: number): number {
  return to <= from ? 0 : Math.min(1, Math.max(0, (at - from) / (to - from)));
}

function lengthWords({ from, to }: ConnectionSpan, now: number): string {
  return to === null ? `for ${durationWords(Math.max(0, now - from))} so far` : `for ${durationWords(to - from)}`;
}
