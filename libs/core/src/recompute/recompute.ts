/** The oracle: any answer recomputed from the raw timeline, plainly and slowly, to hold the incremental engine to. */
import type { Answer, AnswerClock, AnswerRequest } from '../answer.ts';
import type { Dimension, MetricDefinition, MetricSet } from '../definition.ts';
import { createCalendar } from '../time/calendar.ts';
import { activationAnswer } from './activation.ts';
import { activityAnswer } from './activity.ts';
import { funnelAnswer } from './funnel.ts';
import { allHeldValues, heldValues, valueOfNothing } from './held.ts';
import { kpiAnswer } from './kpi.ts';
import { formulaAnswer } from './kpi-formula.ts';
import { matchesByName, matchesPlain, sliceValueOf } from './match.ts';
import type { Question } from './question.ts';
import { retentionAnswer } from './retention.ts';
import { eventsByActor, type TimelineEvent } from './timeline.ts';
import { textOfValues, withLists } from './tuples.ts';

/**
 * The answer of one metric over applied events in any order; repeats of a messageId are ignored, the first in the given order counts.
 * Throws a RangeError for an empty range or a slice of dimensions that the set does not define. Rules that this oracle had to settle stand at the
 * functions that follow them.
 */
export function recompute(
  set: MetricSet,
  metric: MetricDefinition,
  events: readonly TimelineEvent[],
  request: AnswerRequest,
  clock: AnswerClock,
): Answer {
  const answer = recomputed(set, metric, eventsByActor(events), request, clock);
  const dimensions = dimensionsOf(set, request);
  if (dimensions.length < 2) return answer;
  const shown = isHeld(dimensions)
    ? [...eventsByActor(events).values()].flatMap((own) => allHeldValues(set, dimensions, own))
    : [dimensions.map(valueOfNothing), ...events.map((event) => dimensions.map((dimension) => sliceValueOf(dimension, event)))];
  const lists = new Map(shown.map((values) => [textOfValues(values), values]));
  // A value that nobody shows is answered with zeros, under its list too.
  if (request.value !== undefined && !lists.has(request.value)) lists.set(request.value, JSON.parse(request.value));
  return withLists(answer, lists);
}

/** Those of the slice asked for; none of the total. */
function dimensionsOf(set: MetricSet, { slice }: AnswerRequest): readonly Dimension[] {
  return (slice?.split(',') ?? []).map((name) => {
    const dimension = set.dimensions.find((one) => one.name === name);
    if (!dimension) throw new RangeError(`set "${set.name}" has no dimension "${name}"`);
    return dimension;
  });
}

function recomputed(set: MetricSet, metric: MetricDefinition, byActor: Question['byActor'], request: AnswerRequest, clock: AnswerClock): Answer {
  if (request.to < request.from) throw new RangeError(`empty range: ${request.from} to ${request.to}`);
  const dimensions = dimensionsOf(set, request);
  const question: Question = {
    request,
    calendar: createCalendar({ zone: metric.timezone, unit: metric.unit, weekStart: metric.weekStart }),
    byActor,
    matches: (selector, event) => matchesPlain(selector, set.filter, event),
    matchesByName: (selector, event) => matchesByName(selector, set.filter, event),
    valueOf: (event) => (dimensions.length === 0 ? null : textOfValues(dimensions.map((dimension) => sliceValueOf(dimension, event)))),
    heldAt: isHeld(dimensions) ? (own, untilMs) => textOfValues(heldValues(set, dimensions, own, untilMs)) : null,
    shows: (event) => dimensions.some((dimension) => sliceValueOf(withoutList(dimension), event) !== ''),
    valueOfNothing: dimensions.length === 0 ? null : textOfValues(dimensions.map(valueOfNothing)),
    isOver: (timeMs) => timeMs + clock.latenessMs <= clock.watermarkMs,
    closesAtMs: (timeMs) => timeMs + clock.latenessMs,
  };
  switch (metric.kind) {
    case 'retention':
      return retentionAnswer(metric, question);
    case 'funnel':
      return funnelAnswer(metric, question);
    case 'activation':
      return activationAnswer(metric, question);
    case 'activity':
      return activityAnswer(metric, question);
    case 'kpi':
      if (metric.measure.measure !== 'formula') return kpiAnswer(metric, question);
      return formulaAnswer(metric, {
        set,
        request,
        clock,
        shown: [...new Set(shownIn(set, dimensions, question))],
        recomputed: (named, asked) => recomputed(set, named, byActor, asked, clock),
      });
  }
}

/** All or none are: a slice does not mix them. */
function isHeld(dimensions: readonly Dimension[]): boolean {
  return dimensions.some(({ hold }) => hold !== undefined);
}

/** Every value under which somebody may be counted. */
function shownIn(set: MetricSet, dimensions: readonly Dimension[], question: Question): string[] {
  const { byActor, valueOfNothing: nothing } = question;
  if (isHeld(dimensions)) return [...byActor.values()].flatMap((own) => allHeldValues(set, dimensions, own).map(textOfValues));
  return [nothing ?? '', ...[...byActor.values()].flat().map((event) => question.valueOf(event) ?? '')];
}

function withoutList({ values: _, ...dimension }: Dimension): Dimension {
  return dimension;
}
