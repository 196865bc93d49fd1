/** Funnels, recomputed: each opening event tries to reach step after step within the window. */
import type { FunnelAnswer, FunnelStep } from '../answer.ts';
import type { FunnelDefinition } from '../definition.ts';
import { attributed, opens, takenFrom, withoutExcluded } from './funnel-attempt.ts';
import { durations } from './funnel-durations.ts';
import type { Question } from './question.ts';
import { addNumbers, ratio, rowsBySlice } from './slices.ts';

/** What one opening event came to, if it was not dropped: the instants of the steps that it keeps, 1 or more. */
interface Attempt {
  readonly actor: string;
  readonly bucket: number;
  readonly stepsMs: readonly number[];
  readonly value: string | null;
}

/** By step. `uniques` null: not known exactly over this range. Times in milliseconds, one of each actor and bucket. */
interface StepSums {
  readonly entries: readonly number[];
  readonly uniques: readonly number[] | null;
  readonly fromPreviousMs: readonly (readonly number[])[];
  readonly fromFirstMs: readonly (readonly number[])[];
}

interface FunnelSums {
  readonly range: StepSums;
  readonly buckets: readonly StepSums[];
}

/**
 * `uniques` over a range is null when the range is longer than `lookback`, and in a slice without `sliceRanges`, unless it is by held values, when it is longer than one bucket; `ofFirst` and
 * `ofPrevious` are ratios of uniques and null with them (of step 1 both are 1, or null when nobody entered). A value's weight is its entries
 * of step 1. `complete`: every bucket of the range is.
 */
export function funnelAnswer(metric: FunnelDefinition, question: Question): FunnelAnswer {
  const { calendar, request } = question;
  const buckets = Array.from({ length: request.to - request.from + 1 }, (_, index) => request.from + index);
  const longestRange = request.slice === undefined || metric.sliceRanges || question.heldAt !== null ? metric.lookback : 1;
  const rows = rowsBySlice<Attempt, FunnelSums>(attemptsInRange(metric, question), request, {
    sum: (attempts) => {
      const byBucket = Map.groupBy(attempts, (attempt) => attempt.bucket);
      const whole = sumSteps(metric, attempts);
      return {
        range: buckets.length <= longestRange ? whole : { ...whole, uniques: null },
        buckets: buckets.map((bucket) => sumSteps(metric, byBucket.get(bucket) ?? [])),
      };
    },
    add: (left, right) => ({
      range: addSteps(left.range, right.range),
      buckets: left.buckets.map((sums, index) => addSteps(sums, right.buckets[index] ?? sums)),
    }),
    weight: ({ range }) => range.entries[0] ?? 0,
    isKnown: ({ range }) => (range.entries[0] ?? 0) > 0,
  });

  const isComplete = (bucket: number) => question.isOver(calendar.endMs(bucket) + metric.windowMs);
  const figures = (sums: FunnelSums) => {
    if (!request.byBucket) return { steps: stepsAnswer(metric, sums.range) };
    return {
      buckets: sums.buckets.map((steps, index) => {
        const bucket = request.from + index;
        return { bucket: calendar.name(bucket), complete: isComplete(bucket), steps: stepsAnswer(metric, steps) };
      }),
    };
  };
  const answers = rows.map(({ value, sums }) => ({ value: value ?? '', ...figures(sums) }));
  const common = { complete: isComplete(request.to), uniquesLimit: metric.lookback };
  if (request.slice !== undefined) return { slices: answers, ...common };
  return { ...rows.map(({ sums }) => figures(sums))[0], ...common };
}

function attemptsInRange(metric: FunnelDefinition, question: Question): Attempt[] {
  const { from, to } = question.request;
  const attempts: Attempt[] = [];
  for (const [actor, events] of question.byActor) {
    for (const event of events) {
      const bucket = question.calendar.bucketOf(event.timeMs);
      if (bucket < from || bucket > to || !opens(metric, event, question)) continue;
      const kept = withoutExcluded(metric, takenFrom(metric, event, events, question), events, question);
      if (kept.length === 0) continue;
      const untilMs = question.calendar.endMs(bucket) + metric.windowMs;
      const value = question.heldAt === null ? attributed(metric, kept, question) : question.heldAt(events, untilMs);
      attempts.push({ actor, bucket, stepsMs: kept.map(({ timeMs }) => timeMs), value });
    }
  }
  return attempts;
}

/** What every sum over attempts needs: those of one actor, in the order of their openings. */
function sumSteps(metric: FunnelDefinition, attempts: readonly Attempt[]): StepSums {
  const byActor = [...Map.groupBy(attempts, ({ actor }) => actor).values()];
  const byActorAndBucket = byActor.flatMap((own) => [...Map.groupBy(own, ({ bucket }) => bucket).values()]);
  const steps = metric.steps.map((_, index) => index);
  const reaches = (step: number) => (attempt: Attempt | undefined) => attempt !== undefined && attempt.stepsMs.length > step;
  const counts = (own: readonly Attempt[], step: number) => (metric.attempt === 'first' ? reaches(step)(own[0]) : own.some(reaches(step)));
  const times = (step: number, since: number) =>
    byActorAndBucket.flatMap((own) => {
      const earliest = own.find(reaches(step));
      return earliest === undefined || step === 0 ? [] : [(earliest.stepsMs[step] ?? 0) - (earliest.stepsMs[since] ?? 0)];
    });
  return {
    entries: steps.map((step) => attempts.filter(reaches(step)).length),
    uniques: steps.map((step) => byActor.filter((own) => counts(own, step)).length),
    fromPreviousMs: steps.map((step) => times(step, step - 1)),
    fromFirstMs: steps.map((step) => times(step, 0)),
  };
}

function addSteps(left: StepSums, right: StepSums): StepSums {
  return {
    entries: addNumbers(left.entries, right.entries),
    uniques: left.uniques && right.uniques && addNumbers(left.uniques, right.uniques),
    fromPreviousMs: left.fromPreviousMs.map((times, step) => [...times, ...(right.fromPreviousMs[step] ?? [])]),
    fromFirstMs: left.fromFirstMs.map((times, step) => [...times, ...(right.fromFirstMs[step] ?? [])]),
  };
}

function stepsAnswer(metric: FunnelDefinition, { entries, uniques, fromPreviousMs, fromFirstMs }: StepSums): FunnelStep[] {
  return metric.steps.map((selector, index) => {
    const own = uniques?.[index];
    return {
      step: index + 1,
      // Step s of `any` is the s-th taken, whichever that is.
      name: metric.order === 'any' ? `${index + 1} of ${metric.steps.length}` : selector.name,
      uniques: own ?? null,
      entries: entries[index] ?? 0,
      ofFirst: own === undefined ? null : ratio(own, uniques?.[0] ?? 0),
      ofPrevious: own === undefined ? null : ratio(own, uniques?.[Math.max(index - 1, 0)] ?? 0),
      fromPrevious: durations(fromPreviousMs[index] ?? []),
      fromFirst: durations(fromFirstMs[index] ?? []),
    };
  });
}
