/** An activation rule over one actor's timeline: when each condition is first met after an entry, and when enough of them are. */
import type { ActivationDefinition } from '../definition.ts';
import type { Timelines } from '../state/timelines.ts';

export const NEVER = Number.POSITIVE_INFINITY;

/** How one entry fared. Instants in epoch ms; NEVER for what did not happen within the window. */
export class Judgement {
  entryMs = 0;
  activatedMs = NEVER;
  /** By condition: the instant of the match that made it hold. */
  readonly metMs: Float64Array;

  constructor(conditions: number) {
    this.metMs = new Float64Array(conditions);
  }
}

export function windowOf(metric: ActivationDefinition): number {
  return metric.withinMs ?? NEVER;
}

/** The instants of one actor's matches by condition, in order: read once from a timeline, asked for many entries. */
export class MatchTimes {
  readonly #metric: ActivationDefinition;
  /** Bit of the first condition in the timeline's masks. */
  readonly #firstBit: number;
  readonly #times: Float64Array[];
  readonly #counts: Int32Array;
  readonly #sorted: Float64Array;

  constructor(metric: ActivationDefinition, firstBit: number) {
    this.#metric = metric;
    this.#firstBit = firstBit;
    this.#times = metric.conditions.map(() => new Float64Array(16));
    this.#counts = new Int32Array(metric.conditions.length);
    this.#sorted = new Float64Array(metric.conditions.length);
  }

  /** Takes the matches at or after `fromMs`; none of a row below 0. */
  load(timelines: Timelines, row: number, fromMs: number): void {
    this.#counts.fill(0);
    if (row < 0) return;
    const start = timelines.start(row);
    const length = timelines.length(row);
    for (let index = timelines.lowerBound(row, fromMs); index < length; index++) {
      const mask = timelines.mask(start + index) >>> this.#firstBit;
      for (let condition = 0; condition < this.#times.length; condition++)
        if (((mask >>> condition) & 1) === 1) this.#append(condition, timelines.times[start + index] as number);
    }
  }

  /** Judges every condition on the whole of [entry, entry + within], both ends included. */
  judge(entryMs: number, into: Judgement): void {
    const { conditions, required } = this.#metric;
    const untilMs = entryMs + windowOf(this.#metric);
    into.entryMs = entryMs;
    for (let condition = 0; condition < conditions.length; condition++) {
      const index = this.#lowerBound(condition, entryMs) + (conditions[condition]?.atLeast ?? 1) - 1;
      const atMs = index < (this.#counts[condition] as number) ? (this.#times[condition]?.[index] as number) : NEVER;
      into.metMs[condition] = atMs <= untilMs ? atMs : NEVER;
    }
    this.#sorted.set(into.metMs);
    this.#sorted.sort();
    into.activatedMs = this.#sorted[required - 1] as number;
  }

  #append(condition: number, timeMs: number): void {
    const count = this.#counts[condition] as number;
    let times = this.#times[condition] as Float64Array;
    if (count === times.length) {
      const longer = new Float64Array(count * 2);
      longer.set(times);
      this.#times[condition] = longer;
      times = longer;
    }
    times[count] = timeMs;
    this.#counts[condition] = count + 1;
  }

  #lowerBound(condition: number, timeMs: number): number {
    const times = this.#times[condition] as Float64Array;
    let low = 0;
    let high = this.#counts[condition] as number;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] as number) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Which matches of an actor with one entry are worth remembering. A condition is met by its first `atLeast` matches, and the entry can only move
 * to an earlier instant, from where there are more of them before: what is surplus once is surplus for ever.
 */
export class Surplus {
  readonly #metric: ActivationDefinition;
  readonly #counts: Int32Array;

  constructor(metric: ActivationDefinition) {
    this.#metric = metric;
    this.#counts = new Int32Array(metric.conditions.length);
  }

  /** Whether a match at or after the entry that would stand at `index` of the row can change nothing, now or later. Bit 0 of the masks is the first condition. */
  has(timelines: Timelines, at: { row: number; index: number; timeMs: number; mask: number }, entryMs: number): boolean {
    if (at.timeMs > entryMs + windowOf(this.#metric)) return true;
    this.#counts.fill(0);
    const start = timelines.start(at.row);
    for (let index = timelines.lowerBound(at.row, entryMs); index < at.index; index++) this.#take(timelines.mask(start + index));
    return !this.#wants(at.mask);
  }

  /** Forgets the matches at or after the entry that nothing will ask for again. */
  forget(timelines: Timelines, row: number, entryMs: number): void {
    const untilMs = entryMs + windowOf(this.#metric);
    this.#counts.fill(0);
    timelines.retain(row, timelines.lowerBound(row, entryMs), (position) => {
      const mask = timelines.mask(position);
      if ((timelines.times[position] as number) > untilMs || !this.#wants(mask)) return false;
      this.#take(mask);
      return true;
    });
  }

  #take(mask: number): void {
    for (let condition = 0; condition < this.#counts.length; condition++)
      if (((mask >>> condition) & 1) === 1) this.#counts[condition] = (this.#counts[condition] as number) + 1;
  }

  #wants(mask: number): boolean {
    for (let condition = 0; condition < this.#counts.length; condition++) {
      const enough = this.#metric.conditions[condition]?.atLeast ?? 1;
      if (((mask >>> condition) & 1) === 1 && (this.#counts[condition] as number) < enough) return true;
    }
    return false;
  }
}
