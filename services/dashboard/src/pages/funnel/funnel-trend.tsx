/** A funnel's conversion by the bucket of entry: of the last step, or of each; of slice values the last step of each. */
import type { FunnelAnswer, Metric } from '@tidemark/query/client';
import type { Shown } from '../../data/figure.ts';
import { Segments } from '../../parts/segments.tsx';
import { Refused } from '../../parts/states.tsx';
import { type Line, TimeChart } from '../../parts/time-chart.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { SERIES } from '../../show/colours.ts';
import { percent, percentExact } from '../../show/numbers.ts';
import { type Counting, shareOf, stepName, type Trend, targetOf, trendsOf } from './figures.ts';

interface TrendState {
  readonly trend: 'last' | 'each';
}

export interface FunnelTrendProps {
  readonly metric: Metric;
  /** The answer by bucket. */
  readonly shown: Shown<FunnelAnswer>;
  readonly wanted: Counting;
  readonly state: TrendState;
  readonly set: (changed: Partial<TrendState>) => void;
}

export function FunnelTrend({ metric, shown, wanted, state, set }: FunnelTrendProps) {
  const { body, refusal } = shown;
  const trends = body === null ? [] : trendsOf(body);
  const isSliced = trends.length > 1;
  return (
    <section class="funnel-trend" aria-label="Trend">
      <header>
        <h2>By {metric.unit} of entry</h2>
        {!isSliced && (
          <Segments
            label="Steps of the trend"
            choices={[
              ['last', 'last step'],
              ['each', 'each step'],
            ]}
            chosen={state.trend}
            onChoose={(trend) => set({ trend })}
          />
        )}
        <span class="dim small">
          share of who entered in the {metric.unit}
          {isSliced && ', last step'}
        </span>
      </header>
      {body === null && refusal === null && <div class="skeleton-chart" />}
      {body === null && refusal !== null && <Refused refusal={refusal} />}
      {body !== null && <Chart body={body} trends={trends} wanted={wanted} each={state.trend === 'each' && !isSliced} />}
    </section>
  );
}

function Chart({
  body,
  trends,
  wanted,
  each,
}: {
  readonly body: FunnelAnswer;
  readonly trends: readonly Trend[];
  readonly wanted: Counting;
  readonly each: boolean;
}) {
  const [first] = trends;
  if (first === undefined) return <p class="dim">Nobody entered.</p>;
  const steps = first.buckets[0]?.steps ?? [];
  const last = steps.length - 1;
  const lines = each
    ? steps.slice(1).map(
        (step, index): Line => ({
          label: `${index + 2} ${stepName(step)}`,
          values: sharesOf(first, index + 1, wanted),
          colour: SERIES[index % SERIES.length] ?? SERIES[0],
        }),
      )
    : trends.map(
        (trend): Line => ({
          label: trend.name === '' ? `${last + 1} ${stepName(steps[last])}` : trend.name,
          values: sharesOf(trend, last, wanted),
          colour: trend.colour,
        }),
      );
  const target = targetOf(body.target);
  const isDrawn = target !== null && target.field === 'ofFirst' && (each || target.index === last);
  return (
    <TimeChart
      label={`Share that reached ${each ? 'each step' : 'the last step'}, by ${body.unit} of entry; the table below has the figures`}
      marks={first.buckets.map(({ bucket }) => bucketLabel(bucket, body.unit))}
      longMarks={first.buckets.map(({ bucket }) => bucketLabel(bucket, body.unit, { long: true }))}
      lines={lines}
      complete={first.buckets.map(({ complete }) => complete)}
      show={(value) => percent(value, { digits: 0 })}
      showExact={percentExact}
      height={200}
      target={isDrawn ? { value: target.value, label: `target, step ${target.index + 1}: ${target.words} ${percent(target.value)}` } : null}
    />
  );
}

function sharesOf({ buckets }: Trend, index: number, wanted: Counting): readonly (number | null)[] {
  return buckets.map(({ steps }) => shareOf(steps, index, wanted));
}
