/** Funnels, recomputed: each opening event tries to reach step after step within the window. */
import type { FunnelAnswer, FunnelStep } from '../answer.ts';
import type { FunnelDefinition } from '../definition.ts';
import type { Question } from './question.ts';
import { addNumbers, ratio, rowsBySlice } from './slices.ts';
import type { TimelineEvent } from './timeline.ts';

/** What one opening event came to; `depth` is the number of steps reached, 1 or more. The slice value is the opening event's. */
interface Attempt {
  readonly actor: string;
  readonly bucket: number;
  readonly depth: number;
  readonly value: string | null;
}

/** By step. `uniques` null: not known exactly over this range. */
interface StepSums {
  readonly entries: readonly number[];
  readonly uniques: readonly number[] | null;
}

interface FunnelSums {
  readonly range: StepSums;
  readonly buckets: readonly StepSums[];
}

/**
 * `uniques` over a range is null when the range is longer than `lookback`, and with a slice when it is longer than one bucket; `ofFirst` and
 * `ofPrevious` are ratios of uniques and null with them (of step 1 both are 1, or null when nobody entered). A value's weight is its entries
 * of step 1. `complete`: every bucket of the range is.
 */
export function funnelAnswer(metric: FunnelDefinition, question: Question): FunnelAnswer {
  const { calendar, request } = question;
  const buckets = Array.from({ length: request.to - request.from + 1 }, (_, index) => request.from + index);
  const longestRange = request.slice === undefined ? metric.lookback : 1;
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
  const [opening] = metric.steps;
  const attempts: Attempt[] = [];
  for (const [actor, events] of question.byActor) {
    for (const event of events) {
      const bucket = question.calendar.bucketOf(event.timeMs);
      if (!opening || bucket < from || bucket > to || !question.matches(opening, event)) continue;
      attempts.push({ actor, bucket, depth: depthFrom(metric, event, events, question), value: question.valueOf(event) });
    }
  }
  return attempts;
}

/**
 * The steps that the attempt of one opening event reaches. The window includes its end. Each next step takes the earliest unused matching event at or
 * after the instant of the step before, wherever its hash sorts among those of that instant; among several at one instant the smaller hash.
 */
function depthFrom(metric: FunnelDefinition, opening: TimelineEvent, events: readonly TimelineEvent[], question: Question): number {
  const endMs = opening.timeMs + metric.windowMs;
  const used = new Set([opening]);
  let fromMs = opening.timeMs;
  let depth = 1;
  for (const selector of metric.steps.slice(1)) {
    const taken = events.find((event) => !used.has(event) && event.timeMs >= fromMs && event.timeMs <= endMs && question.matches(selector, event));
    if (!taken) break;
    used.add(taken);
    fromMs = taken.timeMs;
    depth++;
  }
  return depth;
}

function sumSteps(metric: FunnelDefinition, attempts: readonly Attempt[]): StepSums {
  const reached = metric.steps.map((_, index) => attempts.filter((attempt) => attempt.depth > index));
  return { entries: reached.map((some) => some.length), uniques: reached.map((some) => new Set(some.map(({ actor }) => actor)).size) };
}

function addSteps(left: StepSums, right: StepSums): StepSums {
  return {
    entries: addNumbers(left.entries, right.entries),
    uniques: left.uniques && right.uniques && addNumbers(left.uniques, right.uniques),
  };
}

function stepsAnswer(metric: FunnelDefinition, { entries, uniques }: StepSums): FunnelStep[] {
  return metric.steps.map((selector, index) => {
    const own = uniques?.[index];
    return {
      step: index + 1,
      name: selector.name,
      uniques: own ?? null,
      entries: entries[index] ?? 0,
      ofFirst: own === undefined ? null : ratio(own, uniques?.[0] ?? 0),
      ofPrevious: own === undefined ? null : ratio(own, uniques?.[Math.max(index - 1, 0)] ?? 0),
    };
  });
}
