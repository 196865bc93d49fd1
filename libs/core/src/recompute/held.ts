/** Held values, recomputed: an actor's earliest non-empty value among its events before an instant. */
import type { Dimension, MetricSet } from '../definition.ts';
import { passes, sliceValueOf } from './match.ts';
import type { TimelineEvent } from './timeline.ts';

/**
 * One value per dimension. `events` are all of the actor's, by time and then by the hash of the messageId; those that fail the set's filter show
 * nothing. An event at the instant itself comes too late.
 */
export function heldValues(set: MetricSet, dimensions: readonly Dimension[], events: readonly TimelineEvent[], untilMs: number): string[] {
  return dimensions.map((dimension) => {
    const { values: _, ...open } = dimension;
    const earliest = events.find((event) => sliceValueOf(open, event) !== '' && passes(set.filter, event));
    return earliest !== undefined && earliest.timeMs < untilMs ? sliceValueOf(dimension, earliest) : valueOfNothing(dimension);
  });
}

/** Every list of values that an actor ever has, from none on. */
export function allHeldValues(set: MetricSet, dimensions: readonly Dimension[], events: readonly TimelineEvent[]): string[][] {
  return [Number.NEGATIVE_INFINITY, ...events.map(({ timeMs }) => timeMs + 1)].map((untilMs) => heldValues(set, dimensions, events, untilMs));
}

/** What no value at all counts as. */
export function valueOfNothing({ values }: Dimension): string {
  return values && !values.includes('') ? '$other' : '';
}
