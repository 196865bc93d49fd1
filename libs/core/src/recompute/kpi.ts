/** KPIs, recomputed: counts, fixed-point sums and distinct actors per bucket and over the range, and their ratios. */
import type { KpiAnswer, KpiBucket, KpiFigures, KpiValue } from '../answer.ts';
import type { KpiDefinition, SimpleMeasure } from '../definition.ts';
import { fixedPointOf, fixedPointText } from './decimal.ts';
import type { Question } from './question.ts';
import { ratio, rowsBySlice } from './slices.ts';

/** One event that a measure's selector matches; of a ratio the measures are numbered 0 (numerator) and 1 (denominator). */
interface Measured {
  readonly part: number;
  readonly actor: string;
  readonly bucket: number;
  readonly value: string | null;
  /** In units of the last decimal; 0 unless the measure is a sum. */
  readonly amount: bigint;
}

interface MeasureSums {
  readonly count: number;
  readonly amount: bigint;
  readonly actors: number;
}

/** Per measure of the metric. */
interface KpiSums {
  readonly buckets: readonly (readonly MeasureSums[])[];
  readonly range: readonly MeasureSums[];
}

/**
 * `count` of a bucket is what its value was made of: the matching events of a count or sum, unreadable amounts included, and the distinct actors of
 * uniques; of a ratio that of its denominator. `uniquesLimit` is there for uniques only; `total` is null for uniques over a longer range. A ratio
 * divides its measures, both as doubles, over the bucket or the range. A value's weight is its sum or count over the range, for uniques the sum of
 * the buckets' values, of a ratio the denominator's; a value whose sum is 0 or less is listed all the same.
 */
export function kpiAnswer(metric: KpiDefinition, question: Question): KpiAnswer {
  const { from, to, slice } = question.request;
  const measures = measuresOf(metric);
  const buckets = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const sumEach = (items: readonly Measured[]): MeasureSums[] => measures.map((_, part) => sumMeasured(items.filter((item) => item.part === part)));
  const measured = measures.flatMap((measure, part) => measuredInRange(measure, part, question));
  const rows = rowsBySlice<Measured, KpiSums>(measured, question.request, {
    sum: (items) => {
      const byBucket = Map.groupBy(items, (item) => item.bucket);
      return { buckets: buckets.map((bucket) => sumEach(byBucket.get(bucket) ?? [])), range: sumEach(items) };
    },
    add: (left, right) => ({
      buckets: left.buckets.map((sums, index) => addEach(sums, right.buckets[index] ?? sums)),
      range: addEach(left.range, right.range),
    }),
    weight: (sums) => weight(measures, sums),
    isKnown: ({ range }) => range.some(({ count }) => count > 0),
  });
  const answers = rows.map(({ value, sums }) => ({ value: value ?? '', ...figures(metric, sums, question) }));
  if (slice !== undefined) return { slices: answers };
  const [total] = rows.map(({ sums }) => figures(metric, sums, question));
  if (!total) throw new Error('a total always has one row');
  return total;
}

function measuresOf({ id, measure }: KpiDefinition): readonly SimpleMeasure[] {
  if (measure.measure === 'formula') throw new Error(`${id} is a formula: it has no measure of its own`);
  return measure.measure === 'ratio' ? [measure.numerator, measure.denominator] : [measure];
}

function measuredInRange(measure: SimpleMeasure, part: number, question: Question): Measured[] {
  const { from, to } = question.request;
  const measured: Measured[] = [];
  for (const [actor, events] of question.byActor) {
    for (const event of events) {
      const bucket = question.calendar.bucketOf(event.timeMs);
      if (bucket < from || bucket > to || !question.matches(measure.of, event)) continue;
      const amount = measure.measure === 'sum' ? (fixedPointOf(event.get(measure.path), measure.decimals) ?? 0n) : 0n;
      const value = question.heldAt === null ? question.valueOf(event) : question.heldAt(events, question.calendar.endMs(bucket));
      measured.push({ part, actor, bucket, value, amount });
    }
  }
  return measured;
}

function sumMeasured(items: readonly Measured[]): MeasureSums {
  return {
    count: items.length,
    amount: items.reduce((total, { amount }) => total + amount, 0n),
    actors: new Set(items.map(({ actor }) => actor)).size,
  };
}

function addEach(left: readonly MeasureSums[], right: readonly MeasureSums[]): MeasureSums[] {
  return left.map((sums, part) => {
    const other = right[part] ?? sums;
    return { count: sums.count + other.count, amount: sums.amount + other.amount, actors: sums.actors + other.actors };
  });
}

function weight(measures: readonly SimpleMeasure[], { range, buckets }: KpiSums): number | bigint {
  const last = measures.length - 1;
  const measure = measures[last];
  if (measure?.measure === 'sum') return range[last]?.amount ?? 0n;
  return measure?.measure === 'count' ? (range[last]?.count ?? 0) : buckets.reduce((total, sums) => total + (sums[last]?.actors ?? 0), 0);
}

function figures(metric: KpiDefinition, sums: KpiSums, { calendar, request, isOver }: Question): KpiFigures {
  const { lookback } = metric;
  const measures = measuresOf(metric);
  const hasUniques = measures.some(({ measure }) => measure === 'uniques');
  const isTooLong = sums.buckets.length > lookback;
  const buckets = sums.buckets.map((own, index): KpiBucket => {
    const bucket = request.from + index;
    const last = own.at(-1);
    return {
      bucket: calendar.name(bucket),
      ...combined(measures.map((measure, part) => measureValue(measure, own[part]))),
      count: (measures.at(-1)?.measure === 'uniques' ? last?.actors : last?.count) ?? 0,
      complete: isOver(calendar.endMs(bucket)),
    };
  });
  const totals = measures.map((measure, part) => (measure.measure === 'uniques' && isTooLong ? null : measureValue(measure, sums.range[part])));
  const { value: total, ...of } = combined(totals);
  return { buckets, total, ...of, ...(hasUniques && { uniquesLimit: lookback }) };
}

function measureValue(measure: SimpleMeasure, sums: MeasureSums = { count: 0, amount: 0n, actors: 0 }): string | number {
  if (measure.measure === 'sum') return fixedPointText(sums.amount, measure.decimals);
  return measure.measure === 'count' ? sums.count : sums.actors;
}

function combined(values: readonly KpiValue[]): { value: KpiValue; of?: Record<string, KpiValue> } {
  const [numerator = null, denominator] = values;
  if (denominator === undefined) return { value: numerator };
  const quotient = numerator === null || denominator === null ? null : ratio(Number(numerator), Number(denominator));
  return { value: quotient === 0 ? 0 : quotient, of: { numerator, denominator } };
}
