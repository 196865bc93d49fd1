/** Numbers the values of one slice dimension in one partition, in the order in which applied events show them. */
import type { Dimension } from '../definition.ts';
import type { EventView } from '../event.ts';
import { grownInt32 } from './typed-arrays.ts';

const OTHER_VALUE = '$other';
const OTHER_LABEL = 1;

/** Never shrinks. Beyond `max` values of an open list everything new is `$other`, and `overflow` says so. */
export class SliceDictionary {
  readonly dimension: Dimension;
  /** Value by label; index 0 is the total's empty text. */
  readonly texts: string[] = ['', OTHER_VALUE];
  overflow = false;
  readonly #labels = new Map<string, number>();
  /** By the vocabulary's number of a value, -1 where it was not asked for. A label never changes. */
  #labelsById = new Int32Array(0);

  constructor(dimension: Dimension) {
    this.dimension = dimension;
    this.#labels.set(OTHER_VALUE, OTHER_LABEL);
    for (const value of dimension.values ?? []) if (!this.#labels.has(value)) this.#append(value);
  }

  labelOf(text: string): number {
    const known = this.#labels.get(text);
    if (known !== undefined) return known;
    if (this.dimension.values !== undefined) return OTHER_LABEL;
    if (this.texts.length - 2 >= this.dimension.max) {
      this.overflow = true;
      return OTHER_LABEL;
    }
    return this.#append(text);
  }

  /** The label of an event's value. */
  labelIn(event: EventView, pathId: number): number {
    const id = event.sliceId(pathId);
    if (id < 0) return this.labelOf(event.sliceText(pathId));
    const known = id < this.#labelsById.length ? (this.#labelsById[id] as number) : -1;
    if (known >= 0) return known;
    const label = this.labelOf(event.sliceText(pathId));
    this.#labelsById = grownInt32(this.#labelsById, id + 1, -1);
    this.#labelsById[id] = label;
    return label;
  }

  /** The label of a value that the dictionary already has, or null. */
  known(text: string): number | null {
    return this.#labels.get(text) ?? null;
  }

  /** Refills an open list from a checkpoint, in its order. */
  restore(texts: readonly string[], overflow: boolean): void {
    for (const text of texts) if (!this.#labels.has(text)) this.#append(text);
    this.overflow = overflow;
    this.#labelsById.fill(-1);
  }

  #append(text: string): number {
    const label = this.texts.push(text) - 1;
    this.#labels.set(text, label);
    return label;
  }
}
