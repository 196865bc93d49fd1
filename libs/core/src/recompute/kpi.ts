/** KPIs, recomputed: counts, fixed-point sums and distinct actors per bucket and over the range. */
import type { KpiAnswer, KpiBucket, KpiFigures } from '../answer.ts';
import type { KpiDefinition } from '../definition.ts';
import { fixedPointOf, fixedPointText } from './decimal.ts';
import type { Question } from './question.ts';
import { rowsBySlice } from './slices.ts';

/** One event that the measure's selector matches. */
interface Measured {
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

interface KpiSums {
  readonly buckets: readonly MeasureSums[];
  readonly range: MeasureSums;
}

/**
 * `count` of a bucket is what its value was made of: the matching events of a count or sum, unreadable amounts included, and the distinct actors of
 * uniques. `uniquesLimit` is there for uniques only; `total` is null for uniques over a longer range. A value's weight is its sum or count over the
 * range, for uniques the sum of the buckets' values; a value whose sum is 0 or less is listed all the same.
 */
export function kpiAnswer(metric: KpiDefinition, question: Question): KpiAnswer {
  const { from, to, slice } = question.request;
  const buckets = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const rows = rowsBySlice<Measured, KpiSums>(measuredInRange(metric, question), question.request, {
    sum: (items) => {
      const byBucket = Map.groupBy(items, (item) => item.bucket);
      return { buckets: buckets.map((bucket) => sumMeasured(byBucket.get(bucket) ?? [])), range: sumMeasured(items) };
    },
    add: (left, right) => ({
      buckets: left.buckets.map((sums, index) => addMeasured(sums, right.buckets[index] ?? sums)),
      range: addMeasured(left.range, right.range),
    }),
    weight: (sums) => weight(metric, sums),
    isKnown: ({ range }) => range.count > 0,
  });
  const answers = rows.map(({ value, sums }) => ({ value: value ?? '', ...figures(metric, sums, question) }));
  if (slice !== undefined) return { slices: answers };
  const [total] = rows.map(({ sums }) => figures(metric, sums, question));
  if (!total) throw new Error('a total always has one row');
  return total;
}

function measuredInRange({ measure }: KpiDefinition, question: Question): Measured[] {
  const { from, to } = question.request;
  const measured: Measured[] = [];
  for (const [actor, events] of question.byActor) {
    for (const event of events) {
      const bucket = question.calendar.bucketOf(event.timeMs);
      if (bucket < from || bucket > to || !question.matches(measure.of, event)) continue;
      const amount = measure.measure === 'sum' ? (fixedPointOf(event.get(measure.path), measure.decimals) ?? 0n) : 0n;
      measured.push({ actor, bucket, value: question.valueOf(event), amount });
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

function addMeasured(left: MeasureSums, right: MeasureSums): MeasureSums {
  return { count: left.count + right.count, amount: left.amount + right.amount, actors: left.actors + right.actors };
}

function weight({ measure }: KpiDefinition, { range, buckets }: KpiSums): number | bigint {
  if (measure.measure === 'sum') return range.amount;
  return measure.measure === 'count' ? range.count : buckets.reduce((total, { actors }) => total + actors, 0);
}

function figures(metric: KpiDefinition, sums: KpiSums, { calendar, request, isOver }: Question): KpiFigures {
  const { measure, lookback } = metric;
  const measured = ({ count, amount, actors }: MeasureSums): string | number => {
    if (measure.measure === 'sum') return fixedPointText(amount, measure.decimals);
    return measure.measure === 'count' ? count : actors;
  };
  const buckets = sums.buckets.map((own, index): KpiBucket => {
    const bucket = request.from + index;
    return {
      bucket: calendar.name(bucket),
      value: measured(own),
      count: measure.measure === 'uniques' ? own.actors : own.count,
      complete: isOver(calendar.endMs(bucket)),
    };
  });
  if (measure.measure !== 'uniques') return { buckets, total: measured(sums.range) };
  return { buckets, total: buckets.length > lookback ? null : sums.range.actors, uniquesLimit: lookback };
}
