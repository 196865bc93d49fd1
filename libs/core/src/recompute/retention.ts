/** Retention, recomputed: of the actors that began in a bucket, how many came back k buckets later, and k or more. */
import type { RetentionAnswer, RetentionCohort, RetentionOverall } from '../answer.ts';
import type { RetentionDefinition } from '../definition.ts';
import { isoInstant } from '../time/civil.ts';
import type { Question } from './question.ts';
import { addNumbers, ratio, rowsBySlice, type SliceRow } from './slices.ts';
import type { TimelineEvent } from './timeline.ts';

/** One actor in one cohort (under one slice value). */
interface Membership {
  readonly cohort: number;
  readonly value: string | null;
  /** Of `every` the first start in the bucket (with the value), else the entry event. */
  readonly start: TimelineEvent;
  /** The actor's return events, whenever they were. */
  readonly returns: readonly TimelineEvent[];
}

/** Actors of one cohort; the lists go by column, or by bracket. */
interface CohortSums {
  readonly size: number;
  readonly retained: readonly number[];
  readonly onOrAfter: readonly number[];
  readonly brackets: readonly number[];
}

const DAY_MS = 86_400_000;

/**
 * Every bucket of the range is a cohort, empty ones too. With a slice the list is ordered by value first, then by time; a value's weight is
 * its size over the range.
 */
export function retentionAnswer(metric: RetentionDefinition, question: Question): RetentionAnswer {
  const { from, to } = question.request;
  const memberships: Membership[] = [];
  for (const events of question.byActor.values()) {
    const returns = events.filter((event) => question.matches(metric.return, event));
    for (const entry of cohortsOf(metric, events, question)) if (entry.cohort >= from && entry.cohort <= to) memberships.push({ ...entry, returns });
  }
  const cohorts = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const rows = rowsBySlice<Membership, CohortSums[]>(memberships, question.request, {
    sum: (items) => {
      const byCohort = Map.groupBy(items, (item) => item.cohort);
      return cohorts.map((cohort) => sumCohort(metric, byCohort.get(cohort) ?? [], question));
    },
    add: (left, right) => left.map((sums, index) => addCohorts(sums, right[index] ?? sums)),
    weight: (sums) => sums.reduce((total, { size }) => total + size, 0),
    isKnown: (sums) => sums.some(({ size }) => size > 0),
  });
  const answers = rows.map((row) => rowAnswer(metric, row, question));
  return { cohorts: answers.flatMap((answer) => answer.cohorts), overall: answers.flatMap((answer) => answer.overall) };
}

/**
 * The cohorts that an actor joins, each with the slice value of an event by which it joins.
 * `first_ever`: the earliest event of any name that the start selector names and that passes the set's filter decides; when it fails the
 * selector's `where`, the actor joins no cohort, whatever follows.
 */
function cohortsOf(metric: RetentionDefinition, events: readonly TimelineEvent[], question: Question): Omit<Membership, 'returns'>[] {
  const starts = events.filter((event) => question.matches(metric.start, event));
  const entryOf = (start: TimelineEvent) => {
    const cohort = question.calendar.bucketOf(start.timeMs);
    const untilMs = columnEndMs(metric, cohort, metric.columns.at(-1) ?? 0, question);
    return { cohort, value: question.heldAt === null ? question.valueOf(start) : question.heldAt(events, untilMs), start };
  };
  if (metric.entry === 'every') {
    const byCohort = Map.groupBy(starts.map(entryOf), ({ cohort, value }) => JSON.stringify([cohort, value]));
    return [...byCohort.values()].flatMap(([earliest]) => (earliest ? [earliest] : []));
  }
  const firstStart = starts[0];
  if (!firstStart) return [];
  if (metric.entry === 'first_ever' && events.find((event) => question.matchesByName(metric.start, event)) !== firstStart) return [];
  return [entryOf(firstStart)];
}

/**
 * Whether a member's column k counts as returned: at least `minReturns` return events fall into it. Column 0 takes only events at a later instant
 * than the start. With `sliceReturn: same` an event counts in the slice whose value it shows; the total has no value to be the same as.
 */
function isReturned(metric: RetentionDefinition, member: Membership, k: number, question: Question): boolean {
  const startMs = member.start.timeMs;
  const inColumn = member.returns.filter((event) => {
    if (metric.sliceReturn === 'same' && question.heldAt === null && question.valueOf(event) !== member.value) return false;
    if (k === 0 && event.timeMs <= startMs) return false;
    if (metric.interval === 'rolling') return event.timeMs >= startMs && Math.floor((event.timeMs - startMs) / rollingMs(metric)) === k;
    return question.calendar.bucketOf(event.timeMs) === member.cohort + k;
  });
  return inColumn.length >= metric.minReturns;
}

/** A column of `rolling`: 24 hours, 7 days or 30 days. */
function rollingMs({ unit }: RetentionDefinition): number {
  if (unit === 'hour') throw new Error('rolling columns are days, weeks or months');
  return { day: 1, week: 7, month: 30 }[unit] * DAY_MS;
}

/**
 * When column k of a cohort is over for all its actors: of `rolling` the last of them may have entered at the very end of the bucket, and its
 * column k ends k + 1 units after that.
 */
function columnEndMs(metric: RetentionDefinition, cohort: number, k: number, question: Question): number {
  if (metric.interval === 'rolling') return question.calendar.endMs(cohort) + (k + 1) * rollingMs(metric);
  return question.calendar.endMs(cohort + k);
}

function sumCohort(metric: RetentionDefinition, members: readonly Membership[], question: Question): CohortSums {
  const last = metric.columns.at(-1) ?? 0;
  const returned = members.map((member) => Array.from({ length: last + 1 }, (_, k) => isReturned(metric, member, k, question)));
  const countMembers = (firstColumn: number, lastColumn: number) =>
    returned.filter((ks) => ks.slice(firstColumn, lastColumn + 1).includes(true)).length;
  return {
    size: members.length,
    retained: metric.columns.map((k) => countMembers(k, k)),
    onOrAfter: metric.columns.map((k) => countMembers(k, last)),
    brackets: metric.brackets.map(([from, to]) => countMembers(from, to)),
  };
}

function addCohorts(left: CohortSums, right: CohortSums): CohortSums {
  return {
    size: left.size + right.size,
    retained: addNumbers(left.retained, right.retained),
    onOrAfter: addNumbers(left.onOrAfter, right.onOrAfter),
    brackets: addNumbers(left.brackets, right.brackets),
  };
}

function rowAnswer(metric: RetentionDefinition, row: SliceRow<CohortSums[]>, question: Question): RetentionAnswer {
  const { calendar, request } = question;
  const cohorts = row.sums.map((sums, index): RetentionCohort => {
    const cohort = request.from + index;
    const endMs = (k: number) => columnEndMs(metric, cohort, k, question);
    const brackets = metric.brackets.map(([from, to], bracket) => {
      const retained = sums.brackets[bracket] ?? 0;
      return { from, to, retained, rate: ratio(retained, sums.size), complete: question.isOver(endMs(to)) };
    });
    return {
      cohort: calendar.name(cohort),
      value: row.value,
      size: sums.size,
      cells: metric.columns.map((k, column) => ({
        k,
        retained: sums.retained[column] ?? 0,
        rate: ratio(sums.retained[column] ?? 0, sums.size),
        onOrAfter: sums.onOrAfter[column] ?? 0,
        complete: question.isOver(endMs(k)),
        closesAt: isoInstant(question.closesAtMs(endMs(k))),
      })),
      completeOnOrAfter: question.isOver(endMs(metric.columns.at(-1) ?? 0)),
      ...(brackets.length > 0 && { brackets }),
    };
  });
  return { cohorts, overall: metric.columns.map((k, column) => overall(row.value, k, column, cohorts)) };
}

/** Pooled over the cohorts whose cell k is complete; `cohorts` counts them, those without actors too. */
function overall(value: string | null, k: number, column: number, cohorts: readonly RetentionCohort[]): RetentionOverall {
  const complete = cohorts.filter((cohort) => cohort.cells[column]?.complete);
  const retained = complete.reduce((total, cohort) => total + (cohort.cells[column]?.retained ?? 0), 0);
  const of = complete.reduce((total, cohort) => total + cohort.size, 0);
  return { value, k, retained, of, rate: ratio(retained, of), ...wilson(retained, of), cohorts: complete.length };
}

/** The Wilson score interval at 95 %: the rates p with (rate − p)² ≤ z² p (1 − p) / trials, both ends within 0..1; null over 0. */
function wilson(successes: number, trials: number): { low: number | null; high: number | null } {
  if (trials === 0) return { low: null, high: null };
  const z = 1.959963984540054;
  const rate = successes / trials;
  const weight = (z * z) / trials;
  const centre = rate + weight / 2;
  const spread = z * Math.sqrt((rate * (1 - rate)) / trials + weight / (4 * trials));
  return { low: successes === 0 ? 0 : (centre - spread) / (1 + weight), high: successes === trials ? 1 : (centre + spread) / (1 + weight) };
}
