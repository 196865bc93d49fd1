/** Evaluates a funnel's attempts over one actor's timeline: how deep each opening event got, in order, within the window. */
import type { Timelines } from '../state/timelines.ts';

/**
 * Depths of the attempts opened in a span of time. Each attempt takes, for every next step, the earliest unused matching event at or after the step
 * before (equal instants are in order either way round; among several at one instant the smaller id), within the window, which is inclusive.
 */
export class AttemptDepths {
  count = 0;
  readonly #steps: number;
  readonly #windowMs: number;
  #depths = new Int8Array(16);
  #times = new Float64Array(16);
  /** Slice labels, `captures` per attempt. */
  #labels = new Int32Array(16);
  #captures = 0;
  /** Per step, by index relative to the span's first element: the first index at or after it that matches the step. */
  #next = new Int32Array(64);
  /** Indices that the attempt at hand has taken. */
  readonly #taken: Int32Array;

  constructor(steps: number, windowMs: number) {
    this.#steps = steps;
    this.#windowMs = windowMs;
    this.#taken = new Int32Array(steps);
  }

  timeMs(index: number): number {
    return this.#times[index] as number;
  }

  depth(index: number): number {
    return this.#depths[index] as number;
  }

  /** The slice label that was captured of the opening event, as the timeline held it when it was evaluated. */
  label(index: number, capture: number): number {
    return this.#labels[index * this.#captures + capture] as number;
  }

  /** Whether two ranges of attempts are the same to every reader: as many, equally deep. Inserting an opening event changes the count. */
  sameDepths(from: number, to: number, other: AttemptDepths, otherFrom: number, otherTo: number): boolean {
    if (to - from !== otherTo - otherFrom) return false;
    for (let index = 0; index < to - from; index++) if (this.depth(from + index) !== other.depth(otherFrom + index)) return false;
    return true;
  }

  /** Evaluates every attempt opened at `fromMs` ≤ instant < `toMs`, in order of the timeline. */
  evaluate(timelines: Timelines, row: number, fromMs: number, toMs: number): void {
    this.count = 0;
    const start = timelines.starts[row] as number;
    const length = timelines.lengths[row] as number;
    const first = timelines.lowerBound(row, fromMs);
    if (first >= length || (timelines.times[start + first] as number) >= toMs) return;
    const base = start + first;
    const span = length - first;
    let indexed = false;
    for (let index = 0; index < span && (timelines.times[base + index] as number) < toMs; index++) {
      if ((timelines.mask(base + index) & 1) === 0) continue;
      if (!indexed) this.#indexSteps(timelines, base, span);
      indexed = true;
      this.#record(timelines, base + index, this.#depthOf(timelines, base, span, index));
    }
  }

  #depthOf(timelines: Timelines, base: number, span: number, opening: number): number {
    const untilMs = (timelines.times[base + opening] as number) + this.#windowMs;
    const taken = this.#taken;
    taken[0] = opening;
    let current = opening;
    for (let step = 1; step < this.#steps; step++) {
      let index = this.#nextMatch(step, this.#groupStart(timelines, base, current), span);
      while (index < span && this.#isTaken(index, step)) index = this.#nextMatch(step, index + 1, span);
      if (index >= span || (timelines.times[base + index] as number) > untilMs) return step;
      taken[step] = index;
      current = index;
    }
    return this.#steps;
  }

  #isTaken(index: number, count: number): boolean {
    for (let at = 0; at < count; at++) if (this.#taken[at] === index) return true;
    return false;
  }

  /** First index with the same instant: an event at the instant of the step before may take the next step though its id sorts earlier. */
  #groupStart(timelines: Timelines, base: number, index: number): number {
    const timeMs = timelines.times[base + index] as number;
    let first = index;
    while (first > 0 && timelines.times[base + first - 1] === timeMs) first--;
    return first;
  }

  #nextMatch(step: number, index: number, span: number): number {
    return this.#next[step * (span + 1) + index] as number;
  }

  #indexSteps(timelines: Timelines, base: number, span: number): void {
    const length = this.#steps * (span + 1);
    if (this.#next.length < length) this.#next = new Int32Array(length * 2);
    for (let step = 1; step < this.#steps; step++) {
      const at = step * (span + 1);
      const bit = 1 << step;
      this.#next[at + span] = span;
      for (let index = span - 1; index >= 0; index--)
        this.#next[at + index] = (timelines.mask(base + index) & bit) !== 0 ? index : (this.#next[at + index + 1] as number);
    }
  }

  #record(timelines: Timelines, position: number, depth: number): void {
    if (this.count === this.#depths.length) this.#grow();
    this.#captures = timelines.captures;
    if (this.#labels.length < (this.count + 1) * this.#captures) {
      const labels = new Int32Array((this.count + 1) * this.#captures * 2);
      labels.set(this.#labels);
      this.#labels = labels;
    }
    for (let capture = 0; capture < this.#captures; capture++)
      this.#labels[this.count * this.#captures + capture] = timelines.captured(position, capture);
    this.#depths[this.count] = depth;
    this.#times[this.count] = timelines.times[position] as number;
    this.count++;
  }

  #grow(): void {
    const depths = new Int8Array(this.count * 2);
    depths.set(this.#depths);
    this.#depths = depths;
    const times = new Float64Array(this.count * 2);
    times.set(this.#times);
    this.#times = times;
  }
}
