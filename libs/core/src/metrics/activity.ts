/** Activity: the distinct actors with a matching event per bucket, how they came there (new, returning, resurrecting), and how often they come. */
import type { ActivityAnswer, ActivityBucket, ActivityFigures, AnswerClock, AnswerRequest, StickinessCell } from '../answer.ts';
import type { ActivityDefinition } from '../definition.ts';
import { NO_BUCKET } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import type { Calendar } from '../time/calendar.ts';
import { activeIn, emitGap, type GapColumns, gapIn, gapWidth, newIn, uniquesIn } from './gap-cells.ts';
import {
  bucketsWithin,
  type CalendarSource,
  type FoldBinder,
  type MetricKind,
  metricTables,
  type RowSource,
  type Rows,
  sliceTable,
  sumOfBuckets,
  type TableNeed,
  TOTAL_TABLE,
} from './kind.ts';
import { rate } from './proportion.ts';
import { checkCounts, slicedRows, sumRows } from './slicing.ts';

const PERIODS = ['week', 'month'] as const;
type Period = (typeof PERIODS)[number];
const DAYS_IN: Record<Period, number> = { week: 7, month: 31 };

/** Stickiness by period is kept for daily metrics: the days of a calendar week or month on which an actor was active. */
function periodsOf(metric: ActivityDefinition): readonly Period[] {
  return metric.unit === 'day' ? PERIODS : [];
}

/** A power of two. */
const REMEMBERED_PERIODS = 8;

/** Blocks of 32 and of 1,024 buckets that count the actors first seen in them, so that `ever` reads a few rows at any length of history. */
const BLOCKS = [
  { name: 'new32', bits: 5 },
  { name: 'new1024', bits: 10 },
] as const;

/** What lies before 1970 is in block -1 altogether: answers begin at bucket 0. */
function blockOf(bucket: number, bits: number): number {
  return bucket < 0 ? -1 : bucket >> bits;
}

function ownTable(name: string, dimension?: string): string {
  return dimension === undefined ? name : `${name}:${dimension}`;
}

function columnsOf(metric: ActivityDefinition): GapColumns {
  return { first: 0, lookback: metric.lookback };
}

function bind(metric: ActivityDefinition, binder: FoldBinder): void {
  const calendar = binder.calendar(metric);
  const columns = columnsOf(metric);
  const windowBuckets = bucketsWithin(binder.latenessMs, metric.unit) + 1 + (metric.unit === 'day' ? DAYS_IN.month : 0);
  const spans = periodsOf(metric).map((period) => periodSpans(calendar, binder.calendar(metric, period)));
  for (const { name, dimension } of metricTables(metric, binder)) {
    const table = binder.table({
      metric: metric.id,
      name,
      width: gapWidth(metric.lookback),
      dimension,
      closesAtMs: (bucket) => calendar.endMs(bucket) + binder.latenessMs,
      gaps: [columns],
    });
    const periods = periodsOf(metric).map((period, index) => {
      const periodName = ownTable(period, dimension < 0 ? undefined : name.slice('slice:'.length));
      const { calendar: periodCalendar } = spans[index] as (typeof spans)[number];
      const histogram = binder.table({
        metric: metric.id,
        name: periodName,
        width: DAYS_IN[period],
        dimension,
        closesAtMs: (bucket) => periodCalendar.endMs(bucket) + binder.latenessMs,
      });
      return histogram;
    });
    const blocks = BLOCKS.map(({ name: block, bits }) => ({
      bits,
      counts: binder.table({
        metric: metric.id,
        name: ownTable(block, dimension < 0 ? undefined : name.slice('slice:'.length)),
        width: 1,
        dimension,
        closesAtMs: (number) => calendar.endMs((number + 1) * 2 ** bits - 1) + binder.latenessMs,
        // A newcomer is one under the value of the bucket, in the block too.
        origins: { endMs: (bucket) => calendar.endMs(bucket), bucketOf: (bucket) => blockOf(bucket, bits) },
      }),
    }));
    const sets = binder.bucketSets({ selector: metric.event, calendar, windowBuckets, dimension }, (_slot, row, label, bucket) => {
      emitGap({ sets, row, bucket, sign: 1, table, label, columns });
      if (sets.previous(row, bucket) === NO_BUCKET) {
        const next = sets.next(row, bucket);
        for (let index = 0; index < blocks.length; index++) {
          const { bits, counts } = blocks[index] as (typeof blocks)[number];
          if (next !== NO_BUCKET && blockOf(next, bits) === blockOf(bucket, bits) && !counts.isHeld) continue;
          counts.addFrom(bucket, blockOf(bucket, bits), label, 0, 1);
          if (next !== NO_BUCKET) counts.addFrom(next, blockOf(next, bits), label, 0, -1);
        }
      }
      for (let index = 0; index < periods.length; index++) {
        const span = (spans[index] as PeriodSpans).at(bucket);
        (periods[index] as CellTable).add(span.period, label, sets.count(row, span.first, span.last) - 1, 1);
      }
    });
  }
}

interface PeriodSpan {
  readonly period: number;
  readonly first: number;
  readonly last: number;
}

interface PeriodSpans {
  readonly calendar: Calendar;
  /** The period of a day. */
  at(day: number): PeriodSpan;
}

/** Remembers the day asked for last: one event asks for every table. */
function periodSpans(days: Calendar, calendar: Calendar): PeriodSpans {
  const spanOf = periodDays(days, calendar);
  let lastDay = Number.NaN;
  let span: PeriodSpan = { period: 0, first: 0, last: 0 };
  return {
    calendar,
    at(day) {
      if (day !== lastDay) span = spanOf(calendar.bucketOf(days.startMs(day)));
      lastDay = day;
      return span;
    },
  };
}

/** First and last day of a period by its dates, which a date that the zone skipped belongs to as well. Remembers the latest periods asked for. */
function periodDays(days: Calendar, periods: Calendar): (period: number) => PeriodSpan {
  const known = Array.from({ length: REMEMBERED_PERIODS }, () => ({ period: Number.NaN, first: 0, last: 0 }));
  const firstDay = (period: number): number => days.parse(periods.name(period)) ?? 0;
  return (period) => {
    const at = period & (REMEMBERED_PERIODS - 1);
    const held = known[at];
    if (held !== undefined && held.period === period) return held;
    const found = { period, first: firstDay(period), last: firstDay(period + 1) - 1 };
    known[at] = found;
    return found;
  };
}

function needs(metric: ActivityDefinition, request: AnswerRequest, calendars: CalendarSource): readonly TableNeed[] {
  const sliced = request.slice !== undefined;
  const table = request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice);
  const back = Math.max(1, metric.churnAfter, ...metric.rolling);
  const main: TableNeed = { table, from: Math.min(request.from - back, (request.from >> 5) << 5), to: request.to, sliced };
  const blocks: TableNeed[] = [
    { table: ownTable('new32', request.slice), from: (request.from >> 10) << 5, to: (request.from >> 5) - 1, sliced },
    { table: ownTable('new1024', request.slice), from: -1, to: (request.from >> 10) - 1, sliced },
  ];
  const periods = periodsOf(metric).map((period) => ({
    table: ownTable(period, request.slice),
    ...periodRange(metric, request, calendars, period),
    sliced,
  }));
  return [main, ...blocks.filter((block) => block.from <= block.to), ...periods];
}

function periodRange(metric: ActivityDefinition, request: AnswerRequest, calendars: CalendarSource, period: Period): { from: number; to: number } {
  const calendar = calendars.calendar(metric);
  const periodCalendar = calendars.calendar(metric, period);
  const days = periodDays(calendar, periodCalendar);
  const periodOf = (day: number): number => {
    const period = periodCalendar.bucketOf(calendar.startMs(day));
    return days(period).first > day ? period - 1 : period;
  };
  return { from: periodOf(request.from), to: periodOf(request.to) };
}

function answer(
  metric: ActivityDefinition,
  request: AnswerRequest,
  source: RowSource,
  clock: AnswerClock,
  calendars: CalendarSource,
): ActivityAnswer {
  if (request.slice === undefined) return figures(metric, request, { source, value: null, rows: source.rows(TOTAL_TABLE, '') }, clock, calendars);
  const size = (rows: Rows): number => activeSum(metric, rows, request);
  const listed = slicedRows({ source, table: sliceTable(request.slice), value: request.value, limit: request.limit, size });
  const slices = listed.map(({ value, rows, folded }) => {
    const subject = { source: folded === undefined ? source : sumOf(source, folded), value, rows };
    return { value, ...figures(metric, request, subject, clock, calendars) };
  });
  return { slices };
}

/** For `$rest`: reads any table as the sum over the folded values, so that `ever` and stickiness fold as the buckets do. */
function sumOf(source: RowSource, folded: readonly string[]): RowSource {
  const rows = (table: string): Rows => sumRows(folded.map((value) => source.rows(table, value)));
  return { values: (table) => source.values(table), rows, sum: (table, _value, range) => sumOfBuckets(rows(table), range) };
}

function activeSum(metric: ActivityDefinition, rows: Rows, range: { from: number; to: number }): number {
  let sum = 0;
  for (let bucket = range.from; bucket <= range.to; bucket++) sum += activeIn(rows, bucket, columnsOf(metric));
  return sum;
}

interface Subject {
  readonly source: RowSource;
  readonly value: string | null;
  readonly rows: Rows;
}

function figures(
  metric: ActivityDefinition,
  request: AnswerRequest,
  subject: Subject,
  clock: AnswerClock,
  calendars: CalendarSource,
): ActivityFigures {
  const calendar = calendars.calendar(metric);
  const { rows, value } = subject;
  let ever = everBefore(metric, request, subject);
  const buckets: ActivityBucket[] = [];
  for (let bucket = request.from; bucket <= request.to; bucket++) {
    ever += newIn(rows, bucket, columnsOf(metric));
    buckets.push(
      bucketAnswer(metric, calendar, { bucket, value, rows, ever, complete: calendar.endMs(bucket) + clock.latenessMs <= clock.watermarkMs }),
    );
  }
  const exact = request.to - request.from + 1 <= metric.lookback;
  const stickiness: ActivityFigures['stickiness'] = { week: [], month: [] };
  for (const period of periodsOf(metric)) stickiness[period] = periodAnswer(metric, request, { period, subject, clock }, calendars);
  return { buckets, uniques: exact ? uniquesIn(rows, request.from, request.to, columnsOf(metric)) : null, uniquesLimit: metric.lookback, stickiness };
}

/** Actors first seen before the range: whole blocks of 1,024 buckets, then of 32, then buckets. */
function everBefore(metric: ActivityDefinition, request: AnswerRequest, subject: Subject): number {
  const named = (block: string): Rows => subject.source.rows(ownTable(block, request.slice), subject.value ?? '');
  let ever = 0;
  for (const [block, cells] of named('new1024')) if (block < request.from >> 10) ever += cells[0] ?? 0;
  for (const [block, cells] of named('new32')) if (block >= (request.from >> 10) << 5 && block < request.from >> 5) ever += cells[0] ?? 0;
  for (let bucket = (request.from >> 5) << 5; bucket < request.from; bucket++) ever += newIn(subject.rows, bucket, columnsOf(metric));
  return ever;
}

function bucketAnswer(
  metric: ActivityDefinition,
  calendar: Calendar,
  at: { bucket: number; value: string | null; rows: Rows; ever: number; complete: boolean },
): ActivityBucket {
  const { bucket, rows } = at;
  const columns = columnsOf(metric);
  const active = activeIn(rows, bucket, columns);
  const fresh = newIn(rows, bucket, columns);
  const returning = gapIn(rows, bucket, columns, 1);
  const rolling: Record<string, number> = {};
  const stickiness: Record<string, number | null> = {};
  for (const days of metric.rolling) {
    const distinct = uniquesIn(rows, bucket - days + 1, bucket, columns);
    rolling[String(days)] = distinct;
    stickiness[String(days)] = rate(active, distinct);
  }
  let churned = activeIn(rows, bucket - metric.churnAfter, columns);
  for (let gap = 1; gap <= metric.churnAfter; gap++) churned -= gapIn(rows, bucket - metric.churnAfter + gap, columns, gap);
  return {
    bucket: calendar.name(bucket),
    value: at.value,
    active,
    rolling,
    new: fresh,
    returning,
    resurrecting: active - fresh - returning,
    dormant: activeIn(rows, bucket - 1, columns) - returning,
    churned,
    ever: at.ever,
    stickiness,
    complete: at.complete,
  };
}

function periodAnswer(
  metric: ActivityDefinition,
  request: AnswerRequest,
  of: { period: Period; subject: Subject; clock: AnswerClock },
  calendars: CalendarSource,
): StickinessCell[] {
  const { period, subject, clock } = of;
  const calendar = calendars.calendar(metric, period);
  const days = periodDays(calendars.calendar(metric), calendar);
  const rows = subject.source.rows(ownTable(period, request.slice), subject.value ?? '');
  const atLeast = (bucket: number, days: number): number => rows.get(bucket)?.[days - 1] ?? 0;
  const range = periodRange(metric, request, calendars, period);
  const cells: StickinessCell[] = [];
  for (let bucket = range.from; bucket <= range.to; bucket++) {
    const complete = calendar.endMs(bucket) + clock.latenessMs <= clock.watermarkMs;
    const { first, last } = days(bucket);
    for (let n = 1; n <= last - first + 1; n++)
      cells.push({ period: calendar.name(bucket), n, actors: atLeast(bucket, n) - atLeast(bucket, n + 1), complete });
  }
  return cells;
}

function check(metric: ActivityDefinition, table: string, cells: ArrayLike<number>): void {
  checkCounts(metric.id, table, cells);
}

export const activity: MetricKind<ActivityDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
