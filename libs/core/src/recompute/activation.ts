/** Activation, recomputed: of the actors that began in a bucket, how many fulfilled the rule within the window from their first start, and how fast. */
import type { ActivationAnswer, ActivationCohort, ActivationOverall } from '../answer.ts';
import type { ActivationCondition, ActivationDefinition } from '../definition.ts';
import { timesToActivate } from './activation-times.ts';
import type { Question } from './question.ts';
import { ratio, rowsBySlice } from './slices.ts';
import type { TimelineEvent } from './timeline.ts';

/** One actor in one cohort (under one slice value): what became of it. */
interface Membership {
  readonly cohort: number;
  readonly value: string | null;
  /** By condition: whether it holds on the whole window. */
  readonly met: readonly boolean[];
  /** From the entry to the first instant at which the rule holds; null: at none within the window. */
  readonly tookMs: number | null;
}

/** What `activatedBy` counts in: lengths that no calendar stretches, a month being 30 days. */
const HOUR_MS = 3_600_000;
const UNIT_MS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS };

/**
 * Every bucket of the range is a cohort, empty ones too. With a slice the list is ordered by value first, then by time; a value's weight is
 * its size over the range. A slice tells entries apart: conditions are met by any events of the actor.
 */
export function activationAnswer(metric: ActivationDefinition, question: Question): ActivationAnswer {
  const { from, to } = question.request;
  const memberships: Membership[] = [];
  for (const events of question.byActor.values()) {
    for (const { entry, value } of entriesOf(metric, events, question)) {
      const cohort = question.calendar.bucketOf(entry.timeMs);
      if (cohort < from || cohort > to) continue;
      const untilMs = question.calendar.endMs(cohort) + (metric.withinMs ?? Number.POSITIVE_INFINITY);
      const under = question.heldAt === null ? value : question.heldAt(events, untilMs);
      memberships.push({ cohort, value: under, ...judged(metric, entry, events, question) });
    }
  }
  const rows = rowsBySlice<Membership, readonly Membership[]>(memberships, question.request, {
    sum: (members) => members,
    add: (left, right) => [...left, ...right],
    weight: (members) => members.length,
    isKnown: (members) => members.length > 0,
  });
  const answers = rows.map(({ value, sums }) => {
    const cohorts: ActivationCohort[] = [];
    for (let cohort = from; cohort <= to; cohort++) {
      const members = sums.filter((member) => member.cohort === cohort);
      cohorts.push(cohortAnswer(metric, cohort, value, members, question));
    }
    return { cohorts, overall: overallOf(metric, value, cohorts) };
  });
  return { cohorts: answers.flatMap(({ cohorts }) => cohorts), overall: answers.map(({ overall }) => overall) };
}

/**
 * The entry events of an actor. `every`: the first start of each bucket, in a slice the first with each value. `first_ever`: the earliest event of any
 * name that the start selector names decides; when it fails the selector's `where`, there is no entry, whatever follows.
 */
function entriesOf(metric: ActivationDefinition, events: readonly TimelineEvent[], question: Question) {
  const valueAt = (entry: TimelineEvent) => (question.heldAt === null ? question.valueOf(entry) : null);
  const starts = events.filter((event) => question.matches(metric.start, event)).map((entry) => ({ entry, value: valueAt(entry) }));
  if (metric.entry === 'every') {
    const byCohort = Map.groupBy(starts, ({ entry, value }) => JSON.stringify([question.calendar.bucketOf(entry.timeMs), value]));
    return [...byCohort.values()].flatMap((own) => own.slice(0, 1));
  }
  const decisive = metric.entry === 'first_matching' ? starts[0]?.entry : events.find((event) => question.matchesByName(metric.start, event));
  return starts.filter(({ entry }) => entry === decisive);
}

/** The window includes both its ends; events at the instant of the entry count, the entry itself too, and one event may serve several conditions. */
function judged(
  metric: ActivationDefinition,
  entry: TimelineEvent,
  events: readonly TimelineEvent[],
  question: Question,
): Pick<Membership, 'met' | 'tookMs'> {
  const { withinMs } = metric;
  const inWindow = events.filter(({ timeMs }) => timeMs >= entry.timeMs && (withinMs === null || timeMs <= entry.timeMs + withinMs));
  const holds = ({ select, atLeast }: ActivationCondition, untilMs: number): boolean =>
    inWindow.filter((event) => event.timeMs <= untilMs && question.matches(select, event)).length >= atLeast;
  const fulfilling = inWindow.find(({ timeMs }) => metric.conditions.filter((condition) => holds(condition, timeMs)).length >= metric.required);
  return {
    met: metric.conditions.map((condition) => holds(condition, Infinity)),
    tookMs: fulfilling === undefined ? null : fulfilling.timeMs - entry.timeMs,
  };
}

/**
 * `activatedBy` k is complete when (k+1) units from the bucket's end, or the whole window, are over. Without a window (`ever`) the cohort never is.
 */
function cohortAnswer(
  metric: ActivationDefinition,
  cohort: number,
  value: string | null,
  members: readonly Membership[],
  question: Question,
): ActivationCohort {
  const { calendar } = question;
  const tookMs = members.flatMap((member) => (member.tookMs === null ? [] : [member.tookMs]));
  const complete = metric.withinMs !== null && question.isOver(calendar.endMs(cohort) + metric.withinMs);
  const activatedBy = Array.from({ length: (metric.columns ?? 0) + 1 }, (_, k) => {
    const ageMs = (k + 1) * UNIT_MS[metric.unit];
    return { k, activated: tookMs.filter((took) => took < ageMs).length, complete: complete || question.isOver(calendar.endMs(cohort) + ageMs) };
  });
  return {
    cohort: calendar.name(cohort),
    value,
    size: members.length,
    activated: tookMs.length,
    rate: ratio(tookMs.length, members.length),
    ...interval(tookMs.length, members.length),
    complete,
    conditions: metric.conditions.map(({ select }, index) => ({ name: select.name, met: members.filter(({ met }) => met[index]).length })),
    ...(metric.columns !== null && { activatedBy }),
    time: timesToActivate(tookMs),
  };
}

/** Pooled over the complete cohorts; `cohorts` counts them, those without actors too. The same of each `activatedBy`. */
function overallOf(metric: ActivationDefinition, value: string | null, cohorts: readonly ActivationCohort[]): ActivationOverall {
  const figures = cohorts.map(({ size, activated, complete }) => ({ size, activated, complete }));
  if (metric.columns === null) return { value, ...poolOf(figures) };
  const activatedBy = [];
  for (let k = 0; k <= metric.columns; k++) {
    const byAge = cohorts.flatMap(({ size, activatedBy: ages = [] }) =>
      ages.filter((age) => age.k === k).map(({ activated, complete }) => ({ size, activated, complete })),
    );
    activatedBy.push({ k, ...poolOf(byAge) });
  }
  return { value, ...poolOf(figures), activatedBy };
}

function poolOf(figures: readonly { size: number; activated: number; complete: boolean }[]) {
  let [activated, of, cohorts] = [0, 0, 0];
  for (const figure of figures) {
    if (!figure.complete) continue;
    activated += figure.activated;
    of += figure.size;
    cohorts++;
  }
  return { activated, of, rate: ratio(activated, of), ...interval(activated, of), cohorts };
}

/** The Wilson score interval at 95 %; null over 0. */
function interval(successes: number, trials: number): { low: number | null; high: number | null } {
  if (trials === 0) return { low: null, high: null };
  const z = 1.959963984540054;
  const p = successes / trials;
  const shrink = 1 + (z * z) / trials;
  const middle = p + (z * z) / trials / 2;
  const half = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / trials / (4 * trials));
  return { low: successes === 0 ? 0 : (middle - half) / shrink, high: successes === trials ? 1 : (middle + half) / shrink };
}
