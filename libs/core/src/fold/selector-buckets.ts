/** The bucket sets that one selector feeds, and per actor what its latest match showed: a match that shows the same again changes no set. */
import type { EventView } from '../event.ts';
import type { BucketAdded } from '../metrics/kind.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import { grownInt32 } from '../state/typed-arrays.ts';
import type { Calendar } from '../time/calendar.ts';

interface FedSets {
  readonly store: BucketSets;
  readonly handlers: readonly BucketAdded[];
  readonly calendarAt: number;
  /** -1 for none. */
  readonly dimensionAt: number;
}

/**
 * A match shows its bucket in each calendar and its label in each dimension that some set asks for. A set holds the pair (label, bucket) that the
 * actor's latest match showed and never loses it, so only sets for which bucket or label differ are looked at, and the row of that label is known.
 * What is remembered is no state: without it the same sets are looked at in vain.
 */
export class SelectorBuckets {
  readonly #sets: FedSets[] = [];
  readonly #calendars: Calendar[] = [];
  readonly #dimensions: number[] = [];
  /** Buckets by calendar, then labels by dimension, of the match at hand. */
  #now = new Int32Array(0);
  /** By slot: what the latest match showed, then per set the row that it was in. */
  #latest = new Int32Array(0);

  /** Memory taken. */
  get bytes(): number {
    return this.#latest.byteLength;
  }

  /** Before the first event. */
  feed(store: BucketSets, handlers: readonly BucketAdded[], of: { calendar: Calendar; dimension: number }): void {
    const calendarAt = placeIn(this.#calendars, of.calendar);
    const dimensionAt = of.dimension < 0 ? -1 : placeIn(this.#dimensions, of.dimension);
    this.#sets.push({ store, handlers, calendarAt, dimensionAt });
    this.#now = new Int32Array(this.#calendars.length + this.#dimensions.length);
  }

  /** An actor's match; `changed` is told each time that a set takes a bucket in, before its handlers are. */
  match(event: EventView, slot: number, labelOf: (dimension: number) => number, changed: (slot: number) => void): void {
    const now = this.#now;
    const width = now.length;
    const stride = width + this.#sets.length;
    const from = slot * stride;
    if (from + stride > this.#latest.length) this.#latest = grownInt32(this.#latest, from + stride, NO_BUCKET);
    const latest = this.#latest;
    let isSame = true;
    const calendars = this.#calendars;
    const { timeMs } = event;
    for (let at = 0; at < calendars.length; at++) {
      const bucket = (calendars[at] as Calendar).bucketOf(timeMs);
      now[at] = bucket;
      if (latest[from + at] !== bucket) isSame = false;
    }
    const dimensions = this.#dimensions;
    for (let index = 0, at = calendars.length; at < width; index++, at++) {
      const label = labelOf(dimensions[index] as number);
      now[at] = label;
      if (latest[from + at] !== label) isSame = false;
    }
    if (!isSame) this.#take(slot, from, changed);
  }

  /** Looks at the sets for which what is shown differs from what the latest match showed. */
  #take(slot: number, from: number, changed: (slot: number) => void): void {
    const now = this.#now;
    const width = now.length;
    const latest = this.#latest;
    const sets = this.#sets;
    const firstLabel = this.#calendars.length;
    const isKnown = latest[from] !== NO_BUCKET;
    for (let index = 0; index < sets.length; index++) {
      const { store, handlers, calendarAt, dimensionAt } = sets[index] as FedSets;
      const bucket = now[calendarAt] as number;
      const label = dimensionAt < 0 ? 0 : (now[firstLabel + dimensionAt] as number);
      const isSameLabel = dimensionAt < 0 ? isKnown : latest[from + firstLabel + dimensionAt] === label;
      if (isSameLabel && latest[from + calendarAt] === bucket) continue;
      const rowAt = from + width + index;
      const row = isSameLabel ? (latest[rowAt] as number) : store.ensure(slot, label);
      latest[rowAt] = row;
      if (!store.add(row, bucket)) continue;
      changed(slot);
      for (let at = 0; at < handlers.length; at++) (handlers[at] as BucketAdded)(slot, row, label, bucket);
    }
    for (let at = 0; at < width; at++) latest[from + at] = now[at] as number;
  }
}

function placeIn<T>(known: T[], wanted: T): number {
  const at = known.indexOf(wanted);
  return at >= 0 ? at : known.push(wanted) - 1;
}
