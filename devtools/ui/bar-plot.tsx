import { useId } from 'react';
import { niceMax, quantile } from '../data/series.ts';
import type { Tone } from '../data/words.ts';

export interface PlotBar {
  readonly key: string | number;
  readonly value: number;
  readonly tone: Tone;
  /** What a pointer that rests on it is told. */
  readonly title: string;
}

interface BarPlotProps {
  readonly title: string;
  /** The plot in a sentence: for those who do not see it. */
  readonly summary: string;
  readonly bars: readonly PlotBar[];
  readonly format: (value: number) => string;
}

const WIDTH = 300;
const HEIGHT = 64;
const GAP = 1;

/** A small plot: one bar per round, oldest first, newest at the right. */
export function BarPlot({ title, summary, bars, format }: BarPlotProps) {
  const id = useId();
  const values = bars.map((bar) => bar.value);
  const highest = Math.max(0, ...values);
  // One first load of seconds would flatten all the rounds of milliseconds: what is much higher than the rest is cut off.
  const usual = quantile(values, values.length < 20 ? 0.75 : 0.9) * 2;
  const top = niceMax(usual > 0 ? Math.min(highest, usual) : highest);
  // Few rounds do not become a few broad walls.
  const slots = Math.max(30, bars.length);
  const width = WIDTH / slots;
  return (
    <figure className="card plot" aria-labelledby={id}>
      <figcaption id={id}>
        <b>{title}</b> <span className="muted">{summary}</span>
      </figcaption>
      <div className="plot-area">
        <span className="plot-top muted">{highest > top ? `${format(top)} and more` : format(top)}</span>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="axis" />
          {bars.map((bar, index) => {
            const height = bar.value === 0 ? 1 : Math.max(2, Math.min(1, bar.value / top) * HEIGHT);
            const x = (slots - bars.length + index) * width;
            return (
              <rect
                key={bar.key}
                data-tone={bar.tone}
                data-cut={bar.value > top}
                x={x + GAP / 2}
                y={HEIGHT - height}
                width={Math.max(1, width - GAP)}
                height={height}
              >
                <title>{bar.title}</title>
              </rect>
            );
          })}
        </svg>
      </div>
    </figure>
  );
}
