/** The bucket sets that one selector feeds, and per actor what its latest match showed: a match that shows the same again changes no set. */
import type { EventView } from '../event.ts';
import type { BucketAdded } from '../metrics/kind.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import { grownInt32 } from '../state/typed-arrays.ts';
import type { Calendar } from '../time/calendar.ts';

interface FedSets {
  readonly store: BucketSets;
  readonly handlers: readonly BucketAdded[];
  /** Where the bucket, and the label or -1, are among what a match shows. */
  readonly bucketAt: number;
  readonly labelAt: number;
}

/**
 * A match shows its bucket in each calendar and its label in each dimension that some set asks for. A set holds the pair (label, bucket) that the
 * actor's latest match showed and never loses it, so only sets for which bucket or label differ are looked at, and the row of that label is known.
 * What is remembered is no state: without it the same sets are looked at in vain.
 */
export class SelectorBuckets {
  readonly #sets: FedSets[] = [];
  readonly #shown: (Calendar | number)[] = [];
  #now = new Int32Array(0);
  /** By slot: what the latest match showed, then per set the row that it was in. */
  #latest = new Int32Array(0);

  /** Memory taken. */
  get bytes(): number {
    return this.#latest.byteLength;
  }

  /** Before the first event. */
  feed(store: BucketSets, handlers: readonly BucketAdded[], of: { calendar: Calendar; dimension: number }): void {
    this.#sets.push({ store, handlers, bucketAt: this.#place(of.calendar), labelAt: of.dimension < 0 ? -1 : this.#place(of.dimension) });
    this.#now = new Int32Array(this.#shown.length);
  }

  /** An actor's match; `changed` is told each time that a set takes a bucket in, before its handlers are. */
  match(event: EventView, slot: number, labelOf: (dimension: number) => number, changed: (slot: number) => void): void {
    const now = this.#now;
    const width = now.length;
    for (let at = 0; at < width; at++) {
      const shown = this.#shown[at] as Calendar | number;
      now[at] = typeof shown === 'number' ? labelOf(shown) : shown.bucketOf(event.timeMs);
    }
    const sets = this.#sets;
    const stride = width + sets.length;
    const from = slot * stride;
    if (from + stride > this.#latest.length) this.#latest = grownInt32(this.#latest, from + stride, NO_BUCKET);
    const latest = this.#latest;
    for (let index = 0; index < sets.length; index++) {
      const { store, handlers, bucketAt, labelAt } = sets[index] as FedSets;
      const bucket = now[bucketAt] as number;
      const label = labelAt < 0 ? 0 : (now[labelAt] as number);
      const isSameLabel = labelAt < 0 ? latest[from] !== NO_BUCKET : latest[from + labelAt] === label;
      if (isSameLabel && latest[from + bucketAt] === bucket) continue;
      const row = isSameLabel ? (latest[from + width + index] as number) : store.ensure(slot, label);
      latest[from + width + index] = row;
      if (!store.add(row, bucket)) continue;
      changed(slot);
      for (let at = 0; at < handlers.length; at++) (handlers[at] as BucketAdded)(slot, row, label, bucket);
    }
    for (let at = 0; at < width; at++) latest[from + at] = now[at] as number;
  }

  #place(shown: Calendar | number): number {
    const known = this.#shown.indexOf(shown);
    return known >= 0 ? known : this.#shown.push(shown) - 1;
  }
}
