/** The cohorts that an actor joins by its starts, as its timeline shows them: per bucket and slice value the first start. */
import type { Timelines } from '../state/timelines.ts';
import type { Calendar } from '../time/calendar.ts';

/** In order of their buckets. Reused from event to event. */
export class JoinedCohorts {
  count = 0;
  readonly #calendar: Calendar;
  /** Which captured label tells the cohorts of a bucket apart; -1 for none. */
  readonly #capture: number;
  readonly #buckets: number[] = [];
  readonly #labels: number[] = [];
  readonly #entriesMs: number[] = [];

  constructor(calendar: Calendar, capture: number) {
    this.#calendar = calendar;
    this.#capture = capture;
  }

  bucket(index: number): number {
    return this.#buckets[index] as number;
  }

  label(index: number): number {
    return this.#labels[index] as number;
  }

  entryMs(index: number): number {
    return this.#entriesMs[index] as number;
  }

  /** Takes the starts (bit 0) at `fromMs` ≤ instant < `toMs`. */
  load(timelines: Timelines, row: number, fromMs: number, toMs: number): void {
    this.count = 0;
    const start = timelines.start(row);
    const length = timelines.length(row);
    let bucket = 0;
    let endMs = Number.NEGATIVE_INFINITY;
    let firstOfBucket = 0;
    for (let index = timelines.lowerBound(row, fromMs); index < length; index++) {
      const timeMs = timelines.times[start + index] as number;
      if (timeMs >= toMs) break;
      if ((timelines.mask(start + index) & 1) === 0) continue;
      if (timeMs >= endMs) {
        bucket = this.#calendar.bucketOf(timeMs);
        endMs = this.#calendar.endMs(bucket);
        firstOfBucket = this.count;
      }
      const label = this.#capture < 0 ? 0 : timelines.captured(start + index, this.#capture);
      if (this.#findLabel(label, firstOfBucket) >= 0) continue;
      this.#buckets[this.count] = bucket;
      this.#labels[this.count] = label;
      this.#entriesMs[this.count] = timeMs;
      this.count++;
    }
  }

  /** The index of a cohort, -1 without one. */
  find(bucket: number, label: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bucket(middle) < bucket) low = middle + 1;
      else high = middle;
    }
    const index = this.#findLabel(label, low);
    return index >= 0 && this.bucket(index) === bucket ? index : -1;
  }

  /** The first cohort with a label from an index on; the caller looks at its bucket. */
  #findLabel(label: number, from: number): number {
    for (let index = from; index < this.count && this.bucket(index) === this.bucket(from); index++) if (this.label(index) === label) return index;
    return -1;
  }
}
