/** Funnel order `any`: in time order each event takes the lowest-numbered free step that it matches. */
import type { StepOrder, TimelineSpan } from './attempts.ts';

/** The opening takes its step first, whatever lies at its instant; the others follow by instant, then by id. Depth = steps taken. */
export function anyOrder(steps: number, windowMs: number): StepOrder {
  const allSteps = 2 ** steps - 1;
  return {
    openingMask: allSteps,
    take({ timelines, base, length }: TimelineSpan, opening: number, taken: Int32Array): number {
      const openedMs = timelines.times[base + opening] as number;
      let free = withoutLowest(allSteps, timelines.mask(base + opening) & allSteps);
      taken[0] = opening;
      let depth = 1;
      let index = opening;
      while (index > 0 && timelines.times[base + index - 1] === openedMs) index--;
      for (; index < length && free !== 0 && (timelines.times[base + index] as number) <= openedMs + windowMs; index++) {
        const fits = timelines.mask(base + index) & free;
        if (fits === 0 || index === opening) continue;
        free = withoutLowest(free, fits);
        taken[depth++] = index;
      }
      return depth;
    },
  };
}

/** `free` without the lowest bit of `fits`. */
function withoutLowest(free: number, fits: number): number {
  return free & ~(fits & -fits);
}
