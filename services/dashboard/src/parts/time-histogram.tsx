/** How long it took: a histogram over a log scale of times, with the median and the ninth decile marked; arrow keys go from bar to bar. */
import type { Colour } from '../show/colours.ts';
import { type Bin, histogramOf, placeOf, ticksOf } from '../show/histogram.ts';
import { exact, percent } from '../show/numbers.ts';
import { duration } from '../show/times.ts';
import { moveByKey } from './data-table.tsx';
import './time-histogram.css';

export interface TimeHistogramProps {
  /** What took so long, in words. */
  readonly label: string;
  readonly bins: readonly Bin[];
  /** The bins of all histograms that stand side by side, on one scale of times; default its own. */
  readonly among?: readonly Bin[];
  /** Seconds; null: of nobody. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly colour?: Colour;
}

export function TimeHistogram({ label, bins, among = bins, p50, p90, colour = '--series-1' }: TimeHistogramProps) {
  const { bars, atOnce } = histogramOf(bins, among);
  const n = bars.reduce((sum, bar) => sum + bar.n, atOnce);
  if (n === 0) return <p class="dim">{label}: nobody yet.</p>;
  const highest = bars.reduce((greatest, bar) => Math.max(greatest, bar.n), 1);
  return (
    <figure class="histogram">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move through the bars, each of which can be reached by itself */}
      <div class="histogram-plot" onKeyDown={(event) => moveByKey(event, { rows: 1, columns: bars.length })}>
        {bars.map((bar, index) => {
          const words = `${duration(bar.from)} to ${duration(bar.to)}: ${exact(bar.n)} (${percent(bar.n / n)})`;
          return (
            <span
              key={bar.from}
              class="histogram-slot"
              role="img"
              data-cell={`0:${index}`}
              tabIndex={index === 0 ? 0 : -1}
              aria-label={words}
              data-tip={words}
            >
              <i style={{ height: `${bar.n === 0 ? 0 : Math.max(2, (bar.n / highest) * 100)}%`, background: `var(${colour})` }} />
            </span>
          );
        })}
        <Quantile name="median" seconds={p50} bars={bars} />
        <Quantile name={'90\u202f% within'} seconds={p90} bars={bars} low />
      </div>
      <div class="histogram-axis" aria-hidden="true">
        {ticksOf(bars).map((seconds) => (
          <span key={seconds} style={{ left: `${placeOf(seconds, bars) * 100}%` }}>
            {duration(seconds)}
          </span>
        ))}
      </div>
      <figcaption class="dim">
        {label}, n = {exact(n)}; the axis is logarithmic{atOnce > 0 && `; ${exact(atOnce)} at the same instant are left of it`}
      </figcaption>
    </figure>
  );
}

function Quantile({
  name,
  seconds,
  bars,
  low = false,
}: {
  readonly name: string;
  readonly seconds: number | null;
  readonly bars: readonly Bin[];
  readonly low?: boolean;
}) {
  if (seconds === null || seconds === 0 || bars.length === 0) return null;
  const place = placeOf(seconds, bars);
  return (
    <b class={`quantile ${low ? 'low' : ''} ${place > 0.5 ? 'before' : ''}`} style={{ left: `${place * 100}%` }}>
      <span>
        {name} {duration(seconds)}
      </span>
    </b>
  );
}
