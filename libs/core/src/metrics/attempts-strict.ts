/** Funnel order `strict`: the actor's next event, whatever its name, must take the next step. */
import { isTaken, type StepOrder, type TimelineSpan } from './attempts.ts';

/**
 * The timeline holds all events of the actor. The next step is taken by an unused event at the instant of the step before or, when none there
 * matches, at the actor's next instant; among several at one instant by the smaller id.
 */
export function strictOrder(steps: number, windowMs: number): StepOrder {
  return {
    openingMask: 1,
    take(span: TimelineSpan, opening: number, taken: Int32Array): number {
      const { timelines, base, length } = span;
      const untilMs = (timelines.times[base + opening] as number) + windowMs;
      taken[0] = opening;
      for (let step = 1; step < steps; step++) {
        const index = nextTaken(span, taken, step);
        if (index >= length || (timelines.times[base + index] as number) > untilMs) return step;
        taken[step] = index;
      }
      return steps;
    },
  };
}

/** The index that takes the step, or the span's length. */
function nextTaken({ timelines, base, length }: TimelineSpan, taken: Int32Array, step: number): number {
  const current = taken[step - 1] as number;
  const currentMs = timelines.times[base + current] as number;
  const bit = 1 << step;
  let index = current;
  while (index > 0 && timelines.times[base + index - 1] === currentMs) index--;
  let nextMs = currentMs;
  for (; index < length; index++) {
    const timeMs = timelines.times[base + index] as number;
    if (timeMs > nextMs) {
      if (nextMs > currentMs) break;
      nextMs = timeMs;
    }
    if ((timelines.mask(base + index) & bit) !== 0 && !isTaken(taken, step, index)) return index;
  }
  return length;
}
