/** How many attempts reached each step, by slice label, before and after an event: in arrays that are used again for every event. */
import { grownInt32 } from '../state/typed-arrays.ts';
import type { AttemptDepths } from './attempts.ts';

export const BEFORE = 0;
export const AFTER = 1;

export class StepCounts {
  readonly #steps: number;
  /** Labels seen since `clear`, in order of first sight. */
  size = 0;
  #labels = new Int32Array(8);
  /** By label: its place among the labels + 1, or 0. */
  #places = new Int32Array(8);
  /** Attempts by the depth that they reached: `steps` numbers before, `steps` after, for each place. */
  #depths: Int32Array<ArrayBuffer>;

  constructor(steps: number) {
    this.#steps = steps;
    this.#depths = new Int32Array(8 * 2 * steps);
  }

  clear(): void {
    for (let place = 0; place < this.size; place++) this.#places[this.#labels[place] as number] = 0;
    this.#depths.fill(0, 0, this.size * 2 * this.#steps);
    this.size = 0;
  }

  /** Counts the attempts [from, to) by their label of a capture; all under the label 0 when `capture` is -1. */
  take(side: typeof BEFORE | typeof AFTER, attempts: AttemptDepths, span: { from: number; to: number }, capture: number): void {
    for (let index = span.from; index < span.to; index++) {
      const place = this.#placeOf(capture < 0 ? 0 : attempts.label(index, capture));
      const at = (place * 2 + side) * this.#steps + attempts.depth(index) - 1;
      this.#depths[at] = (this.#depths[at] as number) + 1;
    }
  }

  labelAt(place: number): number {
    return this.#labels[place] as number;
  }

  /** How many attempts of the label at `place` reached `step`, from 1 on. */
  reached(side: typeof BEFORE | typeof AFTER, place: number, step: number): number {
    const from = (place * 2 + side) * this.#steps;
    let count = 0;
    for (let depth = step; depth <= this.#steps; depth++) count += this.#depths[from + depth - 1] as number;
    return count;
  }

  #placeOf(label: number): number {
    this.#places = grownInt32(this.#places, label + 1, 0);
    const known = (this.#places[label] as number) - 1;
    if (known >= 0) return known;
    const place = this.size++;
    this.#labels = grownInt32(this.#labels, this.size, 0);
    this.#depths = grownInt32(this.#depths, this.size * 2 * this.#steps, 0);
    this.#labels[place] = label;
    this.#places[label] = place + 1;
    return place;
  }
}
