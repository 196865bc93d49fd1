/** What a KPI's answer says, made ready for chart, words and table: shares told apart from amounts, the range before laid over, targets per bucket. */
import type { KpiAnswer, KpiBucket, KpiSlice, Metric, SlicedKpiAnswer, Target, TotalKpiAnswer } from '@tidemark/query/client';
import { exact, percent, percentExact, saysShare, short } from '../../show/numbers.ts';

export type Figure = number | string | null;

/** What one line of the page is made of; `value` null: the total. */
export type KpiLine = Omit<KpiSlice, 'value'> & { readonly value: KpiSlice['value'] | null };

/** How numbers of the metric are told. */
export interface KpiWords {
  readonly isShare: boolean;
  readonly show: (value: Figure) => string;
  /** Beside the axis. */
  readonly showMark: (value: number | null) => string;
  readonly showExact: (value: Figure) => string;
}

const HOURS: Readonly<Record<Metric['unit'], number>> = { hour: 1, day: 24, week: 168, month: 730.5 };

export function linesOf(body: KpiAnswer): readonly KpiLine[] {
  return isSliced(body) ? body.slices : [{ ...body, value: null }];
}

function isSliced(body: KpiAnswer): body is SlicedKpiAnswer {
  return 'slices' in body;
}

/** A ratio may be larger than 1, so it is a share only where its title says so. */
export function wordsFor(metric: Metric, lines: readonly KpiLine[]): KpiWords {
  const isShare = saysShare(metric.title) && lines.some(isQuotient);
  return {
    isShare,
    show: (value) => (isShare ? percent(numberOf(value)) : short(value)),
    showMark: (value) => (isShare ? percent(value) : value !== null && Math.abs(value) < 10 ? exact(value) : short(value)),
    showExact: (value) => (isShare ? percentExact(numberOf(value)) : exact(value)),
  };
}

/** Ratios and formulas: their buckets do not add up to the range's value. */
export function isQuotient({ of, buckets }: Pick<KpiLine, 'of' | 'buckets'>): boolean {
  return of !== undefined || buckets.some((bucket) => bucket.of !== undefined);
}

/** Counts and sums add up; distinct people and quotients do not. */
export function addsUp(line: KpiLine): boolean {
  return !isQuotient(line) && line.uniquesLimit === undefined;
}

export function numberOf(value: Figure): number | null {
  return value === null ? null : Number(value);
}

/** The range before, and the asked range cut to the same elapsed time. Null: not asked for, or none lies before. */
export function comparedOf(body: KpiAnswer): {
  readonly now: TotalKpiAnswer | NonNullable<NonNullable<TotalKpiAnswer['previous']>['against']>;
  readonly before: NonNullable<TotalKpiAnswer['previous']>;
} | null {
  if (isSliced(body) || body.previous === undefined || body.previous === null) return null;
  return { now: body.previous.against ?? body, before: body.previous };
}

/** How much there is now of what was before, as a share of it; of shares in points. Null: nothing to compare with. */
export function changeOf(now: Figure, before: Figure, { isShare }: KpiWords): number | null {
  const [to, from] = [numberOf(now), numberOf(before)];
  if (to === null || from === null) return null;
  if (isShare) return to - from;
  return from === 0 ? null : (to - from) / Math.abs(from);
}

interface BucketTarget {
  readonly value: number;
  /** What the line says. */
  readonly label: string;
  /** So far above all values that its line would press them flat. */
  readonly isBeyond: boolean;
}

/** Values this many times smaller than the target would be hard to read. */
const BEYOND = 4;

/** The target as a line over buckets of the unit. Null: there is none, or it is of a field that is not drawn. */
export function bucketTarget(target: Target | null, unit: Metric['unit'], line: KpiLine, show: KpiWords['show']): BucketTarget | null {
  if (target === null || !isOfValue(target)) return null;
  const sign = target.direction === 'up' ? '≥' : '≤';
  const most = Math.max(...line.buckets.map((bucket) => Math.abs(numberOf(bucket.value) ?? 0)));
  const isBeyond = (value: number): boolean => value > most * BEYOND;
  if (target.per === undefined || target.per === unit)
    return { value: target.value, label: `target ${sign} ${show(target.value)}`, isBeyond: isBeyond(target.value) };
  if (!addsUp(line)) return null;
  const value = (target.value * HOURS[unit]) / HOURS[target.per];
  return {
    value,
    label: `target ${sign} ${show(target.value)} per ${target.per}, ${show(value)} per ${unit} on average`,
    isBeyond: isBeyond(value),
  };
}

/** A KPI has one figure to aim at. */
function isOfValue({ of }: Target): boolean {
  return of === '' || of === 'value';
}

/** On how many of the whole periods the target was met; null where it cannot be told from the buckets. */
export function targetMet(
  target: Target | null,
  unit: Metric['unit'],
  line: KpiLine,
): { readonly met: number; readonly of: number; readonly period: string } | null {
  if (target === null || !isOfValue(target)) return null;
  const per = target.per ?? unit;
  const byDay = unit === 'hour' && per === 'day' && addsUp(line);
  if (per !== unit && !byDay) return null;
  const values = (byDay ? days(line.buckets) : line.buckets.filter(({ complete }) => complete).map(({ value }) => numberOf(value))).filter(
    (value) => value !== null,
  );
  const met = values.filter((value) => (target.direction === 'up' ? value >= target.value : value <= target.value)).length;
  return { met, of: values.length, period: per };
}

/** Sums of the whole days: the first and the last one of a range of hours may be parts. */
function days(buckets: readonly KpiBucket[]): readonly number[] {
  const sums = new Map<string, { sum: number; complete: boolean; hours: number }>();
  for (const { bucket, value, complete } of buckets) {
    const date = bucket.slice(0, 10);
    const known = sums.get(date) ?? { sum: 0, complete: true, hours: 0 };
    sums.set(date, { sum: known.sum + (numberOf(value) ?? 0), complete: known.complete && complete, hours: known.hours + 1 });
  }
  // A day has 23 hours where the clocks go forward.
  return [...sums.values()].filter(({ complete, hours }) => complete && hours >= 23).map(({ sum }) => sum);
}
