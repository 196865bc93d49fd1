/** What a funnel's exclusions leave of an attempt. */
import type { Exclusion } from '../definition.ts';
import { type DepthLimit, isTaken, type TimelineSpan } from './attempts.ts';

/**
 * Each exclusion is judged on the attempt as it was without any: an excluding event that the attempt has not taken, strictly between the instants of
 * the two steps, or of the first and the window's end when the second is not reached. One that drops wins; else the smallest depth stays.
 * `firstBit` is the mask's bit of the first exclusion.
 */
export function exclusionLimit(exclude: readonly Exclusion[], firstBit: number, windowMs: number): DepthLimit {
  return {
    limit(span: TimelineSpan, taken: Int32Array, depth: number): number {
      const { timelines, base } = span;
      const timeOf = (step: number): number => timelines.times[base + (taken[step - 1] as number)] as number;
      let left = depth;
      for (let at = 0; at < exclude.length; at++) {
        const { between, effect } = exclude[at] as Exclusion;
        if (depth < between[0]) continue;
        const untilMs = depth >= between[1] ? timeOf(between[1]) : timeOf(1) + windowMs;
        if (!anyBetween(span, { afterMs: timeOf(between[0]), untilMs, bit: 1 << (firstBit + at), taken, depth })) continue;
        if (effect === 'drop') return 0;
        left = Math.min(left, between[0]);
      }
      return left;
    },
  };
}

function anyBetween(
  { timelines, base, length }: TimelineSpan,
  search: { afterMs: number; untilMs: number; bit: number; taken: Int32Array; depth: number },
): boolean {
  const { afterMs, untilMs, bit, taken, depth } = search;
  // The first step lies at or before `afterMs`.
  for (let index = taken[0] as number; index < length; index++) {
    const timeMs = timelines.times[base + index] as number;
    if (timeMs >= untilMs) return false;
    if (timeMs > afterMs && (timelines.mask(base + index) & bit) !== 0 && !isTaken(taken, depth, index)) return true;
  }
  return false;
}
