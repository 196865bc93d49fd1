/** Activity, recomputed: who was active in a bucket, and how that relates to the buckets before. */
import type { ActivityAnswer, ActivityBucket, ActivityFigures, StickinessCell } from '../answer.ts';
import type { ActivityDefinition, Unit } from '../definition.ts';
import { createCalendar } from '../time/calendar.ts';
import type { Question } from './question.ts';
import { addNumbers, ratio, rowsBySlice, type SliceRow } from './slices.ts';
import type { TimelineEvent } from './timeline.ts';

/** An actor, in a slice (actor, value), with the buckets in which it was active over all history, ascending. */
interface ActiveActor {
  readonly value: string | null;
  readonly buckets: readonly number[];
  /** The first of them; by held values the actor's first whatever its value then, so that nobody is new twice, or null when that was under another. */
  readonly first: number | null;
  /** Days on which it was active in a period. */
  daysIn(period: Period): number;
}

/** A week or month: the numbers of its first day and of the first day after. */
interface Period {
  readonly name: string;
  readonly firstDay: number;
  readonly nextFirstDay: number;
  readonly endMs: number;
}

const FIGURES = ['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever'] as const;

interface ActivitySums {
  /** By bucket of the range, then by `FIGURES`, then the metric's `rolling`. */
  readonly buckets: readonly (readonly number[])[];
  readonly uniques: number;
  /** By period: actors active on exactly 1, 2, … of its days. */
  readonly week: readonly (readonly number[])[];
  readonly month: readonly (readonly number[])[];
}

/**
 * `uniques` is null when the range is longer than `lookback`, in slices too. A value's weight is the sum of `active` over the range.
 * Stickiness per week and month exists for the unit day: every period that shares a day with the range, counted whole (its days outside the
 * range too), with a row for each n from 1 to its number of days, zeros included. In `$rest` all integers are sums, and the ratios are of sums.
 */
export function activityAnswer(metric: ActivityDefinition, question: Question): ActivityAnswer {
  const periods = { week: periodsOf('week', metric, question), month: periodsOf('month', metric, question) };
  const rows = rowsBySlice<ActiveActor, ActivitySums>(activeActors(metric, question), question.request, {
    sum: (actors) => sumActors(metric, actors, periods, question),
    add: (left, right) => ({
      buckets: addTables(left.buckets, right.buckets),
      uniques: left.uniques + right.uniques,
      week: addTables(left.week, right.week),
      month: addTables(left.month, right.month),
    }),
    weight: (sums) => sums.buckets.reduce((total, [active]) => total + (active ?? 0), 0),
    isKnown: (sums) => sums.uniques > 0,
  });
  const answers = rows.map((row) => ({ value: row.value ?? '', ...figures(metric, row, periods, question) }));
  if (question.request.slice !== undefined) return { slices: answers };
  const [total] = rows.map((row) => figures(metric, row, periods, question));
  if (!total) throw new Error('a total always has one row');
  return total;
}

function activeActors(metric: ActivityDefinition, question: Question): ActiveActor[] {
  const actors: ActiveActor[] = [];
  for (const events of question.byActor.values()) {
    const matching = events.filter((event) => question.matches(metric.event, event));
    if (question.heldAt !== null) {
      actors.push(...heldActors(events, bucketsOf(matching, question), question));
      continue;
    }
    for (const [value, own] of Map.groupBy(matching, (event) => question.valueOf(event))) {
      const buckets = bucketsOf(own, question);
      actors.push({ value, buckets, first: buckets[0] ?? null, daysIn: (period) => countDays(buckets, period) });
    }
  }
  return actors;
}

/** Under each value the buckets at whose end the actor had it. A period is counted whole, under the value at its end. */
function heldActors(events: readonly TimelineEvent[], buckets: readonly number[], question: Question): ActiveActor[] {
  const valueAt = (untilMs: number): string => question.heldAt?.(events, untilMs) ?? '';
  const byBucket = new Map(buckets.map((bucket) => [bucket, valueAt(question.calendar.endMs(bucket))]));
  const values = new Set([...events.map(({ timeMs }) => valueAt(timeMs + 1)), ...byBucket.values()]);
  const [first] = buckets;
  return [...values].map((value) => ({
    value,
    buckets: buckets.filter((bucket) => byBucket.get(bucket) === value),
    first: first !== undefined && byBucket.get(first) === value ? first : null,
    daysIn: (period) => (valueAt(period.endMs) === value ? countDays(buckets, period) : 0),
  }));
}

/** Ascending, each once. */
function bucketsOf(events: readonly TimelineEvent[], { calendar }: Question): number[] {
  return [...new Set(events.map((event) => calendar.bucketOf(event.timeMs)))].sort((a, b) => a - b);
}

function countDays(buckets: readonly number[], { firstDay, nextFirstDay }: Period): number {
  return buckets.filter((day) => day >= firstDay && day < nextFirstDay).length;
}

function sumActors(
  metric: ActivityDefinition,
  actors: readonly ActiveActor[],
  periods: { week: readonly Period[]; month: readonly Period[] },
  { request: { from, to } }: Question,
): ActivitySums {
  const buckets: number[][] = [];
  for (let bucket = from; bucket <= to; bucket++) {
    const counts = [...FIGURES, ...metric.rolling].map(() => 0);
    for (const actor of actors) {
      const figures = figuresOfActor(metric, actor, bucket);
      for (const [index, holds] of figures.entries()) if (holds) counts[index] = (counts[index] ?? 0) + 1;
    }
    buckets.push(counts);
  }
  const histogram = (period: Period) =>
    Array.from({ length: period.nextFirstDay - period.firstDay }, (_, index) => actors.filter((actor) => actor.daysIn(period) === index + 1).length);
  return {
    buckets,
    uniques: actors.filter((actor) => isActiveIn(actor, from, to)).length,
    week: periods.week.map(histogram),
    month: periods.month.map(histogram),
  };
}

/** Which of `FIGURES` and then of `rolling` an actor counts for in a bucket. */
function figuresOfActor(metric: ActivityDefinition, actor: ActiveActor, bucket: number): boolean[] {
  const first = actor.first ?? Number.POSITIVE_INFINITY;
  const active = isActiveIn(actor, bucket, bucket);
  const activeBefore = isActiveIn(actor, bucket - 1, bucket - 1);
  const holds: Record<(typeof FIGURES)[number], boolean> = {
    active,
    new: first === bucket,
    returning: active && activeBefore,
    resurrecting: active && !activeBefore && first !== bucket,
    dormant: activeBefore && !active,
    churned: isActiveIn(actor, bucket - metric.churnAfter, bucket) && !isActiveIn(actor, bucket - metric.churnAfter + 1, bucket),
    ever: first <= bucket,
  };
  return [...FIGURES.map((figure) => holds[figure]), ...metric.rolling.map((n) => isActiveIn(actor, bucket - n + 1, bucket))];
}

function isActiveIn(actor: ActiveActor, from: number, to: number): boolean {
  return actor.buckets.some((bucket) => bucket >= from && bucket <= to);
}

/** The calendar weeks or months that share a day with the range; none unless the metric's unit is day. */
function periodsOf(unit: Extract<Unit, 'week' | 'month'>, metric: ActivityDefinition, question: Question): Period[] {
  if (metric.unit !== 'day') return [];
  const { calendar: days, request } = question;
  const calendar = createCalendar({ zone: metric.timezone, unit, weekStart: metric.weekStart });
  const firstDay = (period: number) => days.parse(calendar.name(period)) ?? Number.NaN;
  // The day before may be a date that the zone skipped, so go by dates: from a period that surely begins no later than the range.
  let period = calendar.bucketOf(days.startMs(request.from)) - 1;
  while (firstDay(period + 1) <= request.from) period++;
  const periods: Period[] = [];
  for (; firstDay(period) <= request.to; period++) {
    periods.push({ name: calendar.name(period), firstDay: firstDay(period), nextFirstDay: firstDay(period + 1), endMs: calendar.endMs(period) });
  }
  return periods;
}

function figures(
  metric: ActivityDefinition,
  { value, sums }: SliceRow<ActivitySums>,
  periods: { week: readonly Period[]; month: readonly Period[] },
  question: Question,
): ActivityFigures {
  const { from, to } = question.request;
  const cells = (unit: 'week' | 'month'): StickinessCell[] =>
    periods[unit].flatMap((period, index) =>
      (sums[unit][index] ?? []).map((actors, n) => ({ period: period.name, n: n + 1, actors, complete: question.isOver(period.endMs) })),
    );
  return {
    buckets: sums.buckets.map((counts, index) => bucketAnswer(metric, value, from + index, counts, question)),
    uniques: to - from + 1 > metric.lookback ? null : sums.uniques,
    uniquesLimit: metric.lookback,
    stickiness: { week: cells('week'), month: cells('month') },
  };
}

function bucketAnswer(
  metric: ActivityDefinition,
  value: string | null,
  bucket: number,
  counts: readonly number[],
  { calendar, isOver }: Question,
): ActivityBucket {
  const figure = (name: (typeof FIGURES)[number]) => counts[FIGURES.indexOf(name)] ?? 0;
  const rolling = metric.rolling.map((n, index) => [String(n), counts[FIGURES.length + index] ?? 0] as const);
  return {
    bucket: calendar.name(bucket),
    value,
    active: figure('active'),
    rolling: Object.fromEntries(rolling),
    new: figure('new'),
    returning: figure('returning'),
    resurrecting: figure('resurrecting'),
    dormant: figure('dormant'),
    churned: figure('churned'),
    ever: figure('ever'),
    stickiness: Object.fromEntries(rolling.map(([n, distinct]) => [n, ratio(figure('active'), distinct)])),
    complete: isOver(calendar.endMs(bucket)),
  };
}

function addTables(left: readonly (readonly number[])[], right: readonly (readonly number[])[]): number[][] {
  return left.map((row, index) => addNumbers(row, right[index] ?? []));
}
