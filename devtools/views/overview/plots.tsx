import type { SyncRound } from '../../../src/client/types.ts';
import { quantile, throughputOf } from '../../data/series.ts';
import { preciseClockWords } from '../../data/time.ts';
import { countWords, formatCount, type Tone } from '../../data/words.ts';
import { BarPlot, type PlotBar } from '../../ui/bar-plot.tsx';

const SHOWN = 100;

/** How long rounds took, and what they carried. */
export function Plots({ rounds }: { readonly rounds: readonly SyncRound[] }) {
  if (rounds.length === 0) return null;
  const shown = [...rounds].sort((a, b) => a.startedAt - b.startedAt).slice(-SHOWN);
  const good = shown.filter((round) => round.outcome === 'ok').map((round) => round.durationMs);
  const latency = `median ${msWords(quantile(good, 0.5))}, p95 ${msWords(quantile(good, 0.95))} of ${countWords(shown.length, 'round')}`;
  const carried = shown.reduce((sum, round) => sum + round.pushedCount + round.pulledChangeCount, 0);
  const busiest = Math.max(0, ...shown.map(throughputOf));
  const throughput = `${countWords(carried, 'change')} in all, at most ${perSecond(busiest)}`;
  return (
    <div className="cards">
      <BarPlot
        title="Latency"
        summary={latency}
        format={msWords}
        bars={shown.map((one) => barOf(one, one.durationMs))}
      />
      <BarPlot
        title="Throughput"
        summary={throughput}
        format={perSecond}
        bars={shown.map((one) => barOf(one, throughputOf(one)))}
      />
    </div>
  );
}

function barOf(round: SyncRound, value: number): PlotBar {
  const sent = `${formatCount(round.pushedCount)} sent, ${formatCount(round.pulledChangeCount)} received`;
  return {
    key: round.startedAt,
    value,
    tone: toneOfRound(round),
    title: `${preciseClockWords(round.startedAt)} ${round.trigger}: ${msWords(round.durationMs)}, ${sent}`,
  };
}

export function toneOfRound({ outcome }: SyncRound): Tone {
  return ({ ok: 'ok', failed: 'bad', aborted: 'idle' } as const)[outcome];
}

export function msWords(value: number): string {
  return value >= 10_000 ? `${(value / 1_000).toFixed(1)} s` : `${formatCount(Math.round(value))} ms`;
}

function perSecond(value: number): string {
  return `${formatCount(Math.round(value))}/s`;
}
