/** One attempt of a funnel, recomputed: what it takes by the rule of its order, what exclusions leave, and the slice value that it counts under. */
import type { FunnelDefinition } from '../definition.ts';
import type { Question } from './question.ts';
import type { TimelineEvent } from './timeline.ts';

type Events = readonly TimelineEvent[];

/** An attempt begins at an event that matches step 1; in order `any` at one that matches any step. */
export function opens(metric: FunnelDefinition, event: TimelineEvent, question: Question): boolean {
  const openers = metric.order === 'any' ? metric.steps : metric.steps.slice(0, 1);
  return openers.some((selector) => question.matches(selector, event));
}

/** The events that the attempt of one opening takes, in order of the steps. The window includes its end. */
export function takenFrom(metric: FunnelDefinition, opening: TimelineEvent, events: Events, question: Question): TimelineEvent[] {
  const endMs = opening.timeMs + metric.windowMs;
  const window = events.filter(({ timeMs }) => timeMs >= opening.timeMs && timeMs <= endMs);
  if (metric.order === 'any') return takenInAnyOrder(metric, opening, window, question);
  const taken = [opening];
  for (const selector of metric.steps.slice(1)) {
    const lastMs = taken.at(-1)?.timeMs ?? 0;
    const later = window.filter((event) => event.timeMs >= lastMs && !taken.includes(event));
    const next = metric.order === 'strict' ? nextInstants(later, lastMs, question) : later;
    // Among several at one instant the smaller hash, wherever it sorts beside the step before.
    const fitting = next.find((event) => question.matches(selector, event));
    if (!fitting) break;
    taken.push(fitting);
  }
  return taken;
}

/** `strict`: what the actor did at the instant of the step before, and at its next instant; events that the set's filter hides are not there. */
function nextInstants(later: Events, lastMs: number, question: Question): Events {
  const seen = later.filter((event) => question.matches({ name: '', anyOf: [{ event: event.name, where: [] }] }, event));
  const nextMs = seen.find(({ timeMs }) => timeMs > lastMs)?.timeMs ?? lastMs;
  return seen.filter(({ timeMs }) => timeMs <= nextMs);
}

/** In time order each event takes the lowest-numbered free step that it matches; the opening comes first, also among those of its instant. */
function takenInAnyOrder(metric: FunnelDefinition, opening: TimelineEvent, window: Events, question: Question): TimelineEvent[] {
  const free = new Map(metric.steps.entries());
  const taken: TimelineEvent[] = [];
  for (const event of [opening, ...window.filter((other) => other !== opening)]) {
    const step = [...free].find(([, selector]) => question.matches(selector, event));
    if (!step) continue;
    free.delete(step[0]);
    taken.push(event);
  }
  return taken;
}

/**
 * An excluding event strictly between the instants of steps i and j, or of i and the window's end when j is not reached, that the attempt has not
 * taken. `drop`: nothing is left; `end`: the steps up to i. All exclusions are judged on the attempt as it was without them.
 */
export function withoutExcluded(metric: FunnelDefinition, taken: TimelineEvent[], events: Events, question: Question): TimelineEvent[] {
  const hits = metric.exclude.filter(({ select, between: [i, j] }) => {
    const after = taken[i - 1];
    const [opening] = taken;
    if (!after || !opening) return false;
    const untilMs = taken[j - 1]?.timeMs ?? opening.timeMs + metric.windowMs;
    return events.some((event) => event.timeMs > after.timeMs && event.timeMs < untilMs && !taken.includes(event) && question.matches(select, event));
  });
  if (hits.some(({ effect }) => effect === 'drop')) return [];
  return taken.slice(0, Math.min(...hits.map(({ between }) => between[0]), taken.length));
}

/** The slice value of an attempt, by the rule of attribution; only steps that it keeps count. */
export function attributed(metric: FunnelDefinition, kept: Events, question: Question): string | null {
  const [opening] = kept;
  const { attribution } = metric;
  let event: TimelineEvent | undefined;
  if (attribution === 'entry') event = opening;
  else if (attribution === 'first') event = kept.find((one) => question.shows(one));
  else if (attribution === 'last') event = kept.findLast((one) => question.shows(one));
  else event = kept[attribution.step - 1];
  return event ? question.valueOf(event) : question.valueOfNothing;
}
