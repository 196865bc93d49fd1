/** Retention, recomputed: of the actors that began in a bucket, how many came back k buckets later, and k or more. */
import type { RetentionAnswer, RetentionCohort, RetentionOverall } from '../answer.ts';
import type { RetentionDefinition } from '../definition.ts';
import { isoInstant } from '../time/civil.ts';
import type { Question } from './question.ts';
import { addNumbers, ratio, rowsBySlice, type SliceRow } from './slices.ts';
import type { TimelineEvent } from './timeline.ts';

/** One actor in one cohort (under one slice value). */
interface Membership {
  readonly actor: string;
  readonly cohort: number;
  readonly value: string | null;
}

/** Actors of one cohort; the lists go by column. */
interface CohortSums {
  readonly size: number;
  readonly retained: readonly number[];
  readonly onOrAfter: readonly number[];
}

/**
 * Every bucket of the range is a cohort, empty ones too. With a slice the list is ordered by value first, then by time; a value's weight is
 * its size over the range.
 */
export function retentionAnswer(metric: RetentionDefinition, question: Question): RetentionAnswer {
  const { from, to } = question.request;
  const memberships: Membership[] = [];
  const returned = new Map<string, ReadonlySet<number>>();
  for (const [actor, events] of question.byActor) {
    const joined = cohortsOf(metric, events, question).filter(({ cohort }) => cohort >= from && cohort <= to);
    for (const entry of joined) memberships.push({ actor, ...entry });
    const returns = events.filter((event) => question.matches(metric.return, event));
    returned.set(actor, new Set(returns.map((event) => question.calendar.bucketOf(event.timeMs))));
  }
  const cohorts = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const rows = rowsBySlice<Membership, CohortSums[]>(memberships, question.request, {
    sum: (items) => {
      const byCohort = Map.groupBy(items, (item) => item.cohort);
      return cohorts.map((cohort) => sumCohort(metric, cohort, byCohort.get(cohort) ?? [], returned));
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
function cohortsOf(metric: RetentionDefinition, events: readonly TimelineEvent[], question: Question): Omit<Membership, 'actor'>[] {
  const starts = events.filter((event) => question.matches(metric.start, event));
  const entryOf = (event: TimelineEvent) => ({ cohort: question.calendar.bucketOf(event.timeMs), value: question.valueOf(event) });
  if (metric.entry === 'every') {
    const entries = new Map(starts.map(entryOf).map((entry) => [JSON.stringify([entry.cohort, entry.value]), entry]));
    return [...entries.values()];
  }
  const firstStart = starts[0];
  if (!firstStart) return [];
  if (metric.entry === 'first_ever' && events.find((event) => question.matchesByName(metric.start, event)) !== firstStart) return [];
  return [entryOf(firstStart)];
}

function sumCohort(
  metric: RetentionDefinition,
  cohort: number,
  members: readonly Membership[],
  returned: ReadonlyMap<string, ReadonlySet<number>>,
): CohortSums {
  const last = metric.columns.at(-1) ?? 0;
  const countMembers = (firstColumn: number, lastColumn: number) =>
    members.filter(({ actor }) => {
      for (let k = firstColumn; k <= lastColumn; k++) if (returned.get(actor)?.has(cohort + k)) return true;
      return false;
    }).length;
  return {
    size: members.length,
    retained: metric.columns.map((k) => countMembers(k, k)),
    onOrAfter: metric.columns.map((k) => countMembers(k, last)),
  };
}

function addCohorts(left: CohortSums, right: CohortSums): CohortSums {
  return {
    size: left.size + right.size,
    retained: addNumbers(left.retained, right.retained),
    onOrAfter: addNumbers(left.onOrAfter, right.onOrAfter),
  };
}

function rowAnswer(metric: RetentionDefinition, row: SliceRow<CohortSums[]>, question: Question): RetentionAnswer {
  const { calendar, request } = question;
  const cohorts = row.sums.map((sums, index): RetentionCohort => {
    const cohort = request.from + index;
    return {
      cohort: calendar.name(cohort),
      value: row.value,
      size: sums.size,
      cells: metric.columns.map((k, column) => ({
        k,
        retained: sums.retained[column] ?? 0,
        rate: ratio(sums.retained[column] ?? 0, sums.size),
        onOrAfter: sums.onOrAfter[column] ?? 0,
        complete: question.isOver(calendar.endMs(cohort + k)),
        closesAt: isoInstant(question.closesAtMs(calendar.endMs(cohort + k))),
      })),
      completeOnOrAfter: question.isOver(calendar.endMs(cohort + (metric.columns.at(-1) ?? 0))),
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
