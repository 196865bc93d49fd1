/** Every question that a metric set can be asked about a range: totals, each slice, and funnels per bucket too. */
import { createCalendars, type MetricDefinition, type MetricKindName, type MetricSet, sliceName } from '@tidemark/core';
import type { AnswerQuery } from '@tidemark/pipeline';

export interface Question {
  readonly metric: string;
  readonly query: AnswerQuery;
  /** Path and query of the service. */
  readonly path: string;
}

const PATHS: Readonly<Record<MetricKindName, string>> = {
  retention: 'retention',
  funnel: 'funnels',
  activation: 'activation',
  activity: 'activity',
  kpi: 'kpis',
};
/** The service answers at most so many buckets at once. */
const MAX_BUCKETS = 1_000;
/** More slice values than any dimension here has, so that none is folded into the rest. */
const SLICE_LIMIT = 40;

/** Longer ranges than the service answers at once, or than `mostBuckets`, become several questions. */
export function questionsOf(set: MetricSet, { fromMs, toMs }: { fromMs: number; toMs: number }, mostBuckets = MAX_BUCKETS): readonly Question[] {
  const calendars = createCalendars();
  return set.metrics.flatMap((metric) => {
    const calendar = calendars.calendar(metric);
    const [first, last] = [calendar.bucketOf(fromMs), calendar.bucketOf(toMs)];
    const questions: Question[] = [];
    for (let from = first; from <= last; from += mostBuckets) {
      const range = { from: calendar.name(from), to: calendar.name(Math.min(last, from + mostBuckets - 1)) };
      for (const query of queriesOf(metric, range)) questions.push(question(metric, query));
    }
    return questions;
  });
}

/** One question, with the path that asks it. */
export function question(metric: MetricDefinition, query: AnswerQuery): Question {
  const parameters = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]));
  return { metric: metric.id, query, path: `/v1/${PATHS[metric.kind]}/${metric.id}?${parameters}` };
}

function queriesOf(metric: MetricDefinition, range: AnswerQuery): readonly AnswerQuery[] {
  const slices = metric.slices.map((tuple) => ({ ...range, slice: sliceName(tuple), limit: SLICE_LIMIT }));
  const plain = [range, ...slices];
  return metric.kind === 'funnel' ? [...plain, ...plain.map((query): AnswerQuery => ({ ...query, by: 'bucket' }))] : plain;
}

/** An answer without what says when and from where it was read. */
export function figuresOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { asOf: _, ...figures } = body;
  return figures;
}
