/** Evaluates a funnel's attempts over one actor's timeline: how deep each opening event got, and when, within the window. */
import type { FunnelDefinition } from '../definition.ts';
import type { Timelines } from '../state/timelines.ts';
import { grownFloat64 } from '../state/typed-arrays.ts';

/** Another order than `ordered`: which events an attempt takes. Indices count from the first element of the span at `base`. */
export interface StepOrder {
  /** Selectors whose events open an attempt, as bits of the mask. */
  readonly openingMask: number;
  /** Fills `taken`, its first element being the opening; answers how many steps were taken. */
  take(span: TimelineSpan, opening: number, taken: Int32Array): number;
}

/** The elements of one row from `base` on. */
export interface TimelineSpan {
  readonly timelines: Timelines;
  readonly base: number;
  readonly length: number;
}

/** What exclusions leave of an attempt: its depth, 0 when it is dropped. */
export interface DepthLimit {
  limit(span: TimelineSpan, taken: Int32Array, depth: number): number;
}

export interface AttemptRules {
  readonly steps: number;
  readonly windowMs: number;
  readonly order?: StepOrder;
  readonly exclusions?: DepthLimit;
  readonly attribution: FunnelDefinition['attribution'];
  /** The label of no value, of a capture; captures are marked when empty (`markEmpty`) if the attribution is `first` or `last`. */
  emptyLabel(capture: number): number;
}

/**
 * Depths of the attempts opened in a span of time. Each attempt takes, for every next step, the earliest unused matching event at or after the step
 * before (equal instants are in order either way round; among several at one instant the smaller id), within the window, which is inclusive.
 */
export class AttemptDepths {
  count = 0;
  readonly #rules: AttemptRules;
  readonly #steps: number;
  readonly #windowMs: number;
  readonly #openingMask: number;
  #depths = new Int8Array(16);
  #times = new Float64Array(16);
  /** Milliseconds from the opening to each step, `steps` per attempt; 0 beyond the depth. */
  #offsets = new Float64Array(64);
  /** Slice labels, `captures` per attempt. */
  #labels = new Int32Array(16);
  #captures = 0;
  /** Per step, by index relative to the span's first element: the first index at or after it that matches the step. */
  #next = new Int32Array(64);
  /** Indices that the attempt at hand has taken. */
  readonly #taken: Int32Array;

  constructor(rules: AttemptRules) {
    this.#rules = rules;
    this.#steps = rules.steps;
    this.#windowMs = rules.windowMs;
    this.#openingMask = rules.order?.openingMask ?? 1;
    this.#taken = new Int32Array(rules.steps);
  }

  timeMs(index: number): number {
    return this.#times[index] as number;
  }

  depth(index: number): number {
    return this.#depths[index] as number;
  }

  /** The attempt's slice label by the rule of attribution. */
  label(index: number, capture: number): number {
    return this.#labels[index * this.#captures + capture] as number;
  }

  /** Milliseconds from the opening to a step (from 0); 0 when it was not reached. */
  offsetMs(index: number, step: number): number {
    return this.#offsets[index * this.#steps + step] as number;
  }

  /** Whether two ranges of attempts are the same to every reader. Inserting an opening event changes the count. */
  sameAttempts(from: number, to: number, other: AttemptDepths, otherFrom: number, otherTo: number): boolean {
    if (to - from !== otherTo - otherFrom) return false;
    for (let index = 0; index < to - from; index++) if (!this.#same(from + index, other, otherFrom + index)) return false;
    return true;
  }

  #same(index: number, other: AttemptDepths, otherIndex: number): boolean {
    const depth = this.depth(index);
    if (depth !== other.depth(otherIndex)) return false;
    for (let step = 1; step < depth; step++) if (this.offsetMs(index, step) !== other.offsetMs(otherIndex, step)) return false;
    for (let capture = 0; capture < this.#captures; capture++) if (this.label(index, capture) !== other.label(otherIndex, capture)) return false;
    return true;
  }

  /** Evaluates every attempt opened at `fromMs` ≤ instant < `toMs`, in order of the timeline. */
  evaluate(timelines: Timelines, row: number, fromMs: number, toMs: number): void {
    this.count = 0;
    const start = timelines.start(row);
    const length = timelines.length(row);
    const first = timelines.lowerBound(row, fromMs);
    if (first >= length || (timelines.times[start + first] as number) >= toMs) return;
    const base = start + first;
    const span = length - first;
    const { order, exclusions } = this.#rules;
    const whole: TimelineSpan = { timelines, base, length: span };
    let indexed = false;
    for (let index = 0; index < span && (timelines.times[base + index] as number) < toMs; index++) {
      if ((timelines.mask(base + index) & this.#openingMask) === 0) continue;
      if (!indexed && order === undefined) this.#indexSteps(timelines, base, span);
      indexed = true;
      const depth = order === undefined ? this.#depthOf(timelines, base, span, index) : order.take(whole, index, this.#taken);
      this.#record(timelines, base, index, exclusions === undefined ? depth : exclusions.limit(whole, this.#taken, depth));
    }
  }

  #depthOf(timelines: Timelines, base: number, span: number, opening: number): number {
    const untilMs = (timelines.times[base + opening] as number) + this.#windowMs;
    const taken = this.#taken;
    taken[0] = opening;
    let current = opening;
    for (let step = 1; step < this.#steps; step++) {
      let index = this.#nextMatch(step, this.#groupStart(timelines, base, current), span);
      while (index < span && isTaken(taken, step, index)) index = this.#nextMatch(step, index + 1, span);
      if (index >= span || (timelines.times[base + index] as number) > untilMs) return step;
      taken[step] = index;
      current = index;
    }
    return this.#steps;
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

  #record(timelines: Timelines, base: number, opening: number, depth: number): void {
    if (this.count === this.#depths.length) this.#grow();
    this.#captures = timelines.captures;
    if (this.#labels.length < (this.count + 1) * this.#captures) {
      const labels = new Int32Array((this.count + 1) * this.#captures * 2);
      labels.set(this.#labels);
      this.#labels = labels;
    }
    for (let capture = 0; capture < this.#captures; capture++)
      this.#labels[this.count * this.#captures + capture] = this.#attributed(timelines, base, depth, capture);
    const openedMs = timelines.times[base + opening] as number;
    if (this.#offsets.length < (this.count + 1) * this.#steps) this.#offsets = grownFloat64(this.#offsets, (this.count + 1) * this.#steps);
    for (let step = 0; step < this.#steps; step++)
      this.#offsets[this.count * this.#steps + step] =
        step < depth ? (timelines.times[base + (this.#taken[step] as number)] as number) - openedMs : 0;
    this.#depths[this.count] = depth;
    this.#times[this.count] = openedMs;
    this.count++;
  }

  #attributed(timelines: Timelines, base: number, depth: number, capture: number): number {
    const { attribution, emptyLabel } = this.#rules;
    const captured = (step: number): number => timelines.captured(base + (this.#taken[step] as number), capture);
    if (depth === 0) return 0;
    if (attribution === 'entry') return captured(0);
    if (typeof attribution === 'object') return depth >= attribution.step ? captured(attribution.step - 1) : emptyLabel(capture);
    for (let at = 0; at < depth; at++) {
      const marked = captured(attribution === 'first' ? at : depth - 1 - at);
      if ((marked & 1) === 0) return marked >> 1;
    }
    return emptyLabel(capture);
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

/** Whether the first `count` steps have taken an element. */
export function isTaken(taken: Int32Array, count: number, index: number): boolean {
  for (let at = 0; at < count; at++) if (taken[at] === index) return true;
  return false;
}
