/** From a question's words to bucket numbers: ranges in the metric's zone, slices, limits, and how large the answer may get. */
import {
  type AnswerRequest,
  type Calendar,
  type CalendarSource,
  formulaOf,
  type MetricDefinition,
  type MetricSet,
  measuredMetrics,
  parseDateName,
  sliceName,
  type Unit,
} from '@tidemark/core';
import { QueryRefused } from './failure.ts';

/** A question to one metric, syntactically valid: names of buckets, a dimension, one of its values. */
export interface AnswerQuery {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** A dimension, of a tuple its dimensions joined by commas. */
  readonly slice?: string | undefined;
  /** Of a tuple a JSON array of texts. */
  readonly value?: string | undefined;
  /** Slice values listed before `$rest`, at least 1. */
  readonly limit?: number | undefined;
  readonly by?: 'bucket' | undefined;
  /** Adds the same range before. */
  readonly compare?: 'previous' | undefined;
}

/** The metric asked, with the set in which a formula finds what it names. */
export interface AskedMetric {
  readonly metric: MetricDefinition;
  readonly set: MetricSet;
}

/** Both included. */
const MAX_RANGE_BUCKETS = 1_000;
const DEFAULT_RANGE_BUCKETS = 30;
export const DEFAULT_SLICE_LIMIT = 20;
/** More figures than this make a body of some ten megabytes. */
const MAX_FIGURES = 250_000;

/** Where a range ends that names no end: the watermark, or the wall clock while no partition has a clock. */
export interface RangeEnd {
  readonly watermarkMs: number | null;
  readonly nowMs: number;
}

/** Throws QueryRefused, naming the parameter and the offending value. */
export function resolveRequest(asked: AskedMetric, query: AnswerQuery, end: RangeEnd, calendars: CalendarSource): AnswerRequest {
  const { metric } = asked;
  refuseWrongParameters(metric, query);
  const calendar = calendars.calendar(metric);
  const { from, to } = resolveRange(metric, query, calendar, { last: calendar.bucketOf(end.watermarkMs ?? end.nowMs), calendars });
  const request: AnswerRequest = {
    from,
    to,
    limit: query.limit ?? DEFAULT_SLICE_LIMIT,
    byBucket: query.by === 'bucket',
    ...(query.slice === undefined ? {} : { slice: query.slice }),
    ...(query.slice === undefined || query.value === undefined ? {} : { value: valueText(query.slice, query.value) }),
  };
  refuseTooLarge(asked, request, query.compare === undefined ? 1 : 3);
  return request;
}

function refuseWrongParameters(metric: MetricDefinition, query: AnswerQuery): void {
  const { slice, value, limit, by } = query;
  if (by !== undefined && metric.kind !== 'funnel') {
    throw new QueryRefused('bad_parameter', 'by', `by=${by} is for funnels: ${metric.id} is of kind ${metric.kind}`);
  }
  if (slice === undefined) {
    if (value !== undefined) throw new QueryRefused('bad_slice', 'value', `value ${quoted(value)} needs the slice that it is a value of: slice=…`);
    if (limit !== undefined) throw new QueryRefused('bad_slice', 'limit', 'limit bounds the values of a slice: slice=…');
    return;
  }
  if (value !== undefined && limit !== undefined)
    throw new QueryRefused('bad_slice', 'limit', 'value asks for one value, limit for many: keep one of them');
  const known = metric.slices.map(sliceName);
  if (known.includes(slice)) return;
  const offered = known.length === 0 ? 'it has none' : `it has ${known.map((name) => (name.includes(',') ? quoted(name) : name)).join(', ')}`;
  throw new QueryRefused('bad_slice', 'slice', `${metric.id} is not sliced by ${quoted(slice)}: ${offered}`);
}

/** The text that the value has in rows: of a tuple the JSON of its array, however it was spaced or escaped. */
function valueText(slice: string, value: string): string {
  const names = slice.split(',');
  if (names.length === 1) return value;
  const parts = jsonOf(value);
  if (Array.isArray(parts) && parts.length === names.length && parts.every((part) => typeof part === 'string')) return JSON.stringify(parts);
  const example = JSON.stringify(names.map((name) => `a ${name}`));
  throw new QueryRefused('bad_slice', 'value', `value ${quoted(value)}: expected a JSON array of ${names.length} texts, such as ${example}`);
}

/** undefined when the text is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface RangeFacts {
  /** The bucket in which an open range ends. */
  readonly last: number;
  readonly calendars: CalendarSource;
}

function resolveRange(metric: MetricDefinition, query: AnswerQuery, calendar: Calendar, facts: RangeFacts): { from: number; to: number } {
  const named = (parameter: 'from' | 'to'): number | undefined => {
    const text = query[parameter];
    return text === undefined ? undefined : bucketNamed(metric, calendar, { parameter, text, facts });
  };
  const givenFrom = named('from');
  const givenTo = named('to');
  const to = givenTo ?? Math.max(facts.last, givenFrom ?? 0, 0);
  const from = givenFrom ?? Math.max(0, to - DEFAULT_RANGE_BUCKETS + 1);
  if (from > to) {
    throw new QueryRefused('bad_range', 'from', `the range is empty: from ${calendar.name(from)} lies after to ${calendar.name(to)}`);
  }
  if (to - from + 1 > MAX_RANGE_BUCKETS) {
    const size = `${calendar.name(from)} to ${calendar.name(to)} is ${to - from + 1} buckets of a ${metric.unit}`;
    throw new QueryRefused('bad_range', givenFrom === undefined ? 'to' : 'from', `${size}: at most ${MAX_RANGE_BUCKETS} are answered at once`);
  }
  return { from, to };
}

function bucketNamed(metric: MetricDefinition, calendar: Calendar, asked: { parameter: 'from' | 'to'; text: string; facts: RangeFacts }): number {
  const { parameter, text, facts } = asked;
  // The plus of an hour's offset arrives as a space when it was not escaped in the URL; no name has a space.
  const bucket = calendar.parse(text) ?? calendar.parse(text.replace(' ', '+'));
  if (bucket === null) throw new QueryRefused('bad_range', parameter, `${parameter} ${quoted(text)} ${expectedName(metric, calendar, text, facts)}`);
  if (bucket < 0) throw new QueryRefused('bad_range', parameter, `${parameter} ${quoted(text)} lies before 1970: nothing is kept that early`);
  if (!(calendar.endMs(bucket) <= LAST_MS) || bucket > LAST_BUCKET)
    throw new QueryRefused('bad_range', parameter, `${parameter} ${quoted(text)} lies too far in the future`);
  return bucket;
}

/** The year 9000: windows and columns reach beyond a range, and instants of five-digit years are no ISO instants. */
const LAST_MS = 221_845_392_000_000;
/** Kinds do 32-bit arithmetic on bucket numbers. */
const LAST_BUCKET = 2 ** 30;

/** What the name should have been; for a date inside a week or month, the bucket that contains it. */
function expectedName(metric: MetricDefinition, calendar: Calendar, text: string, { last, calendars }: RangeFacts): string {
  const what = `names no ${metric.unit} of ${metric.timezone}`;
  const day = parseDateName(text);
  if (day === null || metric.unit === 'day') return `${what}: expected a name such as ${calendar.name(last)}`;
  const bucket = calendar.bucketOf(calendars.calendar(metric, 'day').startMs(day));
  return `${what}: the ${metric.unit} that contains that date is ${calendar.name(bucket)}`;
}

/** Buckets of a unit inside one of another, at most: what a formula computes for each of its own buckets. */
const BUCKETS_IN: Readonly<Record<Unit, Readonly<Record<Unit, number>>>> = {
  hour: { hour: 1, day: 1, week: 1, month: 1 },
  day: { hour: 25, day: 1, week: 1, month: 1 },
  week: { hour: 169, day: 7, week: 1, month: 1 },
  month: { hour: 745, day: 31, week: 1, month: 1 },
};

/** Bodies are bounded before anything is read. */
function refuseTooLarge({ metric, set }: AskedMetric, request: AnswerRequest, ranges: number): void {
  const lists = request.slice === undefined || request.value !== undefined ? 1 : request.limit + 1;
  const buckets = request.to - request.from + 1;
  const computed =
    formulaOf(metric) === null ? 0 : measuredMetrics(set, metric).reduce((sum, each) => sum + 2 * BUCKETS_IN[metric.unit][each.unit], 0);
  const figures = ranges * lists * buckets * (figuresPerBucket(metric, request, buckets) + computed);
  if (figures <= MAX_FIGURES) return;
  const narrower =
    request.slice === undefined || request.value !== undefined ? 'ask for a shorter range' : 'ask for a shorter range or a smaller limit';
  throw new QueryRefused(
    'too_large',
    request.slice === undefined ? 'from' : 'limit',
    `up to ${Math.ceil(figures)} figures, at most ${MAX_FIGURES}: ${narrower}`,
  );
}

function figuresPerBucket(metric: MetricDefinition, request: AnswerRequest, buckets: number): number {
  switch (metric.kind) {
    case 'retention':
      return 1 + metric.columns.length + metric.brackets.length;
    case 'funnel':
      return request.byBucket ? metric.steps.length : metric.steps.length / buckets;
    case 'activation':
      // The histogram of a cohort has a few dozen bins as a rule.
      return 40 + metric.conditions.length + (metric.columns ?? 0);
    case 'activity':
      return 8 + 2 * metric.rolling.length;
    case 'kpi':
      return 2;
  }
}

function quoted(text: string): string {
  const shown = JSON.stringify(text);
  return shown.length > 80 ? `${shown.slice(0, 79)}…` : shown;
}
