/** The share activated by age: pooled over the cohorts that are as old, with its interval, and one cohort beside it as far as it has come. */
import type { ActivationAnswer } from '@tidemark/query/client';
import { Plot } from '../../parts/plot.tsx';
import { linePath } from '../../parts/svg.tsx';
import { Swatch } from '../../parts/time-chart.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import type { Colour } from '../../show/colours.ts';
import { FEW, percent, rateInWords } from '../../show/numbers.ts';
import { type AgePoint, agesOf, type Group, newestCohort, pooledAges } from './figures.ts';

interface Curve {
  readonly name: string;
  readonly colour: Colour;
  readonly points: readonly AgePoint[];
}

export interface AgeCurveProps {
  readonly body: ActivationAnswer;
  readonly groups: readonly Group[];
  readonly chosen: string;
}

/** Nothing where the metric counts no ages. */
export function AgeCurve({ body, groups, chosen }: AgeCurveProps) {
  const curves = curvesOf(body, groups, chosen);
  const ages = groups[0]?.cohorts[0]?.activatedBy?.length ?? 0;
  if (ages < 2) return null;
  const { unit } = body;
  const places = Array.from({ length: ages }, (_, k) => ({ mark: String(k + 1), words: wordsAt(curves, k, unit) }));
  const ends = curves.flatMap(({ points }) => points.map(({ rate, high }) => (groups.length > 1 ? (rate ?? 0) : (high ?? rate ?? 0))));
  return (
    <section aria-label="Share activated by age">
      <h2>Activated by age</h2>
      <ul class="legend">
        {curves.map(({ name, colour }, at) => (
          <li key={`${at} ${name}`}>
            <Swatch colour={colour} shape="line" />
            {name}
          </li>
        ))}
        {groups.length === 1 && <li class="dim">band: 95 % interval</li>}
        {curves.some(({ points }) => points.some(isFew)) && <li class="few">pale: fewer than {FEW} people</li>}
        {curves.some(({ points }) => points.some(({ complete }) => !complete)) && <li class="dim">dashed: not final yet</li>}
      </ul>
      <Plot
        label="Share activated by age"
        places={places}
        max={Math.min(1, Math.max(...ends, 0))}
        show={(value) => percent(value, { digits: 0 })}
        height={168}
      >
        {(top) => <Curves curves={curves} ages={ages} top={top} withBand={groups.length === 1} />}
      </Plot>
      <p class="dim small age-axis">{unit === 'month' ? 'months of 30 days' : `${unit}s`} since the entry</p>
    </section>
  );
}

function curvesOf({ unit }: ActivationAnswer, groups: readonly Group[], chosen: string): readonly Curve[] {
  const label = (cohort: string): string => bucketLabel(cohort, unit, { long: true });
  if (groups.length > 1) {
    return groups.map((group) => {
      const own = group.cohorts.find(({ cohort }) => cohort === chosen);
      return { name: group.name, colour: group.colour, points: own === undefined ? pooledAges(group) : agesOf(own) };
    });
  }
  const [only] = groups;
  if (only === undefined) return [];
  const beside = only.cohorts.find(({ cohort }) => cohort === chosen) ?? newestCohort(only);
  return [
    { name: 'all cohorts as old', colour: only.colour, points: pooledAges(only) },
    ...(beside === null ? [] : [{ name: label(beside.cohort), colour: '--series-2', points: agesOf(beside) } as const]),
  ];
}

function Curves({
  curves,
  ages,
  top,
  withBand,
}: {
  readonly curves: readonly Curve[];
  readonly ages: number;
  readonly top: number;
  readonly withBand: boolean;
}) {
  const path = (points: readonly AgePoint[], value: (point: AgePoint, index: number) => number | null): string =>
    linePath(
      Array.from({ length: ages }, (_, index) => {
        const point = points[index];
        return point === undefined ? null : value(point, index);
      }),
      { width: 1_000, height: 1_000, min: 0, max: top },
    );
  return (
    <svg
      class="age-curves"
      viewBox="0 0 1000 1000"
      preserveAspectRatio="none"
      aria-hidden="true"
      style={{ left: `${50 / ages}%`, width: `${100 - 100 / ages}%` }}
    >
      {curves.map(({ name, colour, points }, at) => (
        <g key={`${at} ${name}`} style={{ stroke: `var(${colour})` }}>
          {withBand && at === 0 && <path class="age-band" style={{ fill: `var(${colour})` }} d={band(points, { ages, top })} />}
          <path d={path(points, ({ complete, rate, of }) => (complete && of >= FEW ? rate : null))} />
          <path
            class="age-few"
            d={path(points, ({ complete, rate, of }, index) => (complete && (of < FEW || isFew(points[index + 1])) ? rate : null))}
          />
          <path class="age-open" d={path(points, ({ complete, rate }, index) => (complete && points[index + 1]?.complete !== false ? null : rate))} />
        </g>
      ))}
    </svg>
  );
}

function isFew(point: AgePoint | undefined): boolean {
  return point?.complete === true && point.of < FEW;
}

/** Along the upper ends, back along the lower ones. */
function band(points: readonly AgePoint[], { ages, top }: { readonly ages: number; readonly top: number }): string {
  const x = (index: number): number => Math.round((index / (ages - 1)) * 1_000);
  const y = (share: number): number => Math.round(1_000 - Math.min(1, share / top) * 1_000);
  const upper = points.flatMap(({ high }, index) => (high === null ? [] : [`${x(index)} ${y(high)}`]));
  const lower = points.flatMap(({ low }, index) => (low === null ? [] : [`${x(index)} ${y(low)}`])).reverse();
  return upper.length === 0 ? '' : `M${[...upper, ...lower].join('L')}Z`;
}

function wordsAt(curves: readonly Curve[], k: number, unit: ActivationAnswer['unit']): string {
  const lines = curves.map(({ name, points }) => {
    const point = points[k];
    if (point === undefined || point.of === 0) return `${name}: nobody is as old`;
    const { part, of, low, high, complete } = point;
    return `${name}: ${rateInWords(part, of, { low, high })}${complete ? '' : ', not final yet'}`;
  });
  return [`within ${k + 1} ${unit}${k === 0 ? '' : 's'} of the entry`, ...lines].join('\n');
}
