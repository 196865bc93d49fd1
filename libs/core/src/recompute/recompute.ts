/** The oracle: any answer recomputed from the raw timeline, plainly and slowly, to hold the incremental engine to. */
import type { Answer, AnswerClock, AnswerRequest } from '../answer.ts';
import type { Dimension, MetricDefinition, MetricSet } from '../definition.ts';
import { createCalendar } from '../time/calendar.ts';
import { activationAnswer } from './activation.ts';
import { activityAnswer } from './activity.ts';
import { funnelAnswer } from './funnel.ts';
import { kpiAnswer } from './kpi.ts';
import { formulaAnswer } from './kpi-formula.ts';
import { matchesByName, matchesPlain, sliceValueOf } from './match.ts';
import type { Question } from './question.ts';
import { retentionAnswer } from './retention.ts';
import { eventsByActor, type TimelineEvent } from './timeline.ts';

/**
 * The answer of one metric over applied events in any order; repeats of a messageId are ignored, the first in the given order counts.
 * Throws a RangeError for an empty range or a slice that the set does not define. Rules that this oracle had to settle stand at the
 * functions that follow them.
 */
export function recompute(
  set: MetricSet,
  metric: MetricDefinition,
  events: readonly TimelineEvent[],
  request: AnswerRequest,
  clock: AnswerClock,
): Answer {
  return recomputed(set, metric, eventsByActor(events), request, clock);
}

function recomputed(set: MetricSet, metric: MetricDefinition, byActor: Question['byActor'], request: AnswerRequest, clock: AnswerClock): Answer {
  if (request.to < request.from) throw new RangeError(`empty range: ${request.from} to ${request.to}`);
  const dimension = set.dimensions.find((one) => one.name === request.slice);
  if (request.slice !== undefined && !dimension) throw new RangeError(`set "${set.name}" has no dimension "${request.slice}"`);
  const question: Question = {
    request,
    calendar: createCalendar({ zone: metric.timezone, unit: metric.unit, weekStart: metric.weekStart }),
    byActor,
    matches: (selector, event) => matchesPlain(selector, set.filter, event),
    matchesByName: (selector, event) => matchesByName(selector, set.filter, event),
    valueOf: (event) => (dimension ? sliceValueOf(dimension, event) : null),
    shows: (event) => dimension !== undefined && sliceValueOf(withoutList(dimension), event) !== '',
    valueOfNothing: dimension === undefined ? null : dimension.values && !dimension.values.includes('') ? '$other' : '',
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
        shown: [...new Set([question.valueOfNothing ?? '', ...[...byActor.values()].flat().map((event) => question.valueOf(event) ?? '')])],
        recomputed: (named, asked) => recomputed(set, named, byActor, asked, clock),
      });
  }
}

function withoutList({ values: _, ...dimension }: Dimension): Dimension {
  return dimension;
}
