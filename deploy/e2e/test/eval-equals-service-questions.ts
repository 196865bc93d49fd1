/** The questions of the comparison with `eval`: open and given ranges, comparisons, and every slice whole, folded into `$rest` and by one value. */
import { createCalendars, type MetricDefinition, type MetricSet, sliceName } from '@tidemark/core';
import type { AnswerQuery } from '@tidemark/pipeline';
import { type Question, question } from './questions.ts';

/** An hourly metric has too many buckets to be answered whole: so many of its last ones. */
const LAST_HOURS = 240;
/** More slice values than any dimension here has, and fewer than a tuple of two. */
const MANY_VALUES = 8;

/** The range should reach beyond the watermark, so that buckets of the future are asked for as well. */
export function everyQuestionOf(set: MetricSet, { fromMs, toMs }: { fromMs: number; toMs: number }): readonly Question[] {
  const calendars = createCalendars();
  return set.metrics.flatMap((metric) => {
    const calendar = calendars.calendar(metric);
    const last = calendar.bucketOf(toMs);
    const first = metric.unit === 'hour' ? last - LAST_HOURS : calendar.bucketOf(fromMs);
    const within = (from: number, to: number): AnswerQuery => ({
      from: calendar.name(Math.floor(first + from * (last - first))),
      to: calendar.name(Math.floor(first + to * (last - first))),
    });
    const firstOf = (dimension: string): string => set.dimensions.find(({ name }) => name === dimension)?.values?.[0] ?? '';
    return queriesOf(metric, { whole: within(0, 1), middle: within(0.35, 0.7), firstOf }).map((query) => question(metric, query));
  });
}

interface Asked {
  readonly whole: AnswerQuery;
  readonly middle: AnswerQuery;
  /** The first value of a dimension. */
  readonly firstOf: (dimension: string) => string;
}

function queriesOf(metric: MetricDefinition, { whole, middle, firstOf }: Asked): readonly AnswerQuery[] {
  const slices = metric.slices.map(sliceName);
  const plain = [
    {},
    whole,
    { ...middle, compare: 'previous' as const },
    ...metric.slices.flatMap((tuple) => {
      const slice = sliceName(tuple);
      return [
        { ...whole, slice, limit: MANY_VALUES },
        { ...middle, slice, limit: 2 },
        { slice, value: valueText(tuple.map(firstOf)) },
        { ...middle, slice, value: valueText(tuple.map(() => '$other')), compare: 'previous' as const },
      ];
    }),
  ];
  if (metric.kind !== 'funnel') return plain;
  const byBucket = [
    whole,
    ...slices.flatMap((slice) => [
      { ...whole, slice, limit: MANY_VALUES },
      { ...middle, slice, limit: 1 },
    ]),
  ];
  return [...plain, ...byBucket.map((query): AnswerQuery => ({ ...query, by: 'bucket' }))];
}

/** Of a tuple the JSON of its values. */
function valueText(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : JSON.stringify(values);
}
