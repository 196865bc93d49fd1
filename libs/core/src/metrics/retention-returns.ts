/** Which buckets of an actor count as returned: those with a return event, or with at least `minReturns`. */
import type { RetentionDefinition } from '../definition.ts';
import type { BucketSets } from '../state/bucket-sets.ts';
import type { Timelines } from '../state/timelines.ts';
import type { Calendar } from '../time/calendar.ts';
import type { BucketAdded, FoldBinder } from './kind.ts';

/** Returns kept for one dimension's values apart, or with dimension −1 whatever they show. */
export interface KeptReturns {
  readonly name: string;
  readonly dimension: number;
  readonly added: BucketAdded;
}

interface Window {
  readonly calendar: Calendar;
  readonly windowBuckets: number;
}

/**
 * The sets in the order of `kept`. A bucket never leaves them: more events only make it more returned. To count up to `minReturns` the instants
 * of the buckets are kept into which an on-time event may still fall; what they amounted to is in the set.
 */
export function bindReturned(metric: RetentionDefinition, binder: FoldBinder, window: Window, kept: readonly KeptReturns[]): BucketSets[] {
  const { calendar, windowBuckets } = window;
  const selector = metric.return;
  if (metric.minReturns === 1) return kept.map(({ dimension, added }) => binder.bucketSets({ selector, calendar, windowBuckets, dimension }, added));
  const dimensions = kept.flatMap(({ dimension }) => (dimension < 0 ? [] : [dimension]));
  const counted = kept.map(({ name, dimension, added }) => ({
    added,
    capture: dimensions.indexOf(dimension),
    sets: binder.derivedSets({ metric, name: `returned ${name}`, windowBuckets }),
  }));
  const times = binder.timelines({ selectors: [selector], dimensions, keepFromMs: openFrom(calendar, binder) }, (insertion, insert) => {
    const { slot, row, index, timeMs } = insertion;
    const bucket = calendar.bucketOf(timeMs);
    // Nobody asks for more than that the bucket is returned; only a value needs the event first.
    if (dimensions.length === 0 && counted.every(({ sets }) => hasBucket(sets, slot, 0, bucket))) return;
    insert();
    for (const { added, capture, sets } of counted) {
      const label = capture < 0 ? 0 : times.captured(times.start(row) + index, capture);
      if (hasBucket(sets, slot, label, bucket)) continue;
      const span = { fromMs: calendar.startMs(bucket), toMs: calendar.endMs(bucket), bit: 1, capture, label };
      if (latestInstant(times, row, span, metric.minReturns) === Number.NEGATIVE_INFINITY) continue;
      const set = sets.ensure(slot, label);
      sets.add(set, bucket);
      added(slot, set, label, bucket);
    }
  });
  return counted.map(({ sets }) => sets);
}

/** From the start of the earliest bucket into which an on-time event may still fall. */
export function openFrom(calendar: Calendar, { latenessMs }: { readonly latenessMs: number }): (clockMs: number) => number {
  return (clockMs) => calendar.startMs(calendar.bucketOf(clockMs - latenessMs));
}

export function hasBucket(sets: BucketSets, slot: number, label: number, bucket: number): boolean {
  const row = sets.find(slot, label);
  return row >= 0 && sets.has(row, bucket);
}

/** Elements with `fromMs` ≤ instant < `toMs` and a bit of the mask, with `capture` ≥ 0 only those that show the label. */
export interface ElementSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bit: number;
  readonly capture: number;
  readonly label: number;
}

/** Instant of the `count`-th element of a span from its end; −Infinity when there are fewer. */
export function latestInstant(times: Timelines, row: number, span: ElementSpan, count: number): number {
  const { fromMs, toMs, bit, capture, label } = span;
  const start = times.start(row);
  let left = count;
  for (let index = times.lowerBound(row, toMs) - 1; index >= 0; index--) {
    const position = start + index;
    const timeMs = times.times[position] as number;
    if (timeMs < fromMs) break;
    if ((times.mask(position) & bit) === 0 || (capture >= 0 && times.captured(position, capture) !== label)) continue;
    left--;
    if (left === 0) return timeMs;
  }
  return Number.NEGATIVE_INFINITY;
}
