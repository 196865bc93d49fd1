/** Slices on several dimensions at once: each tuple that some metric is sliced by is one more numbered dimension, whose values are made of its members'. */
import { type Dimension, type MetricSet, sliceName } from '../definition.ts';
import type { SliceDictionary } from '../state/dictionary.ts';

/** A tuple of a set: the numbers of its members, and itself as a dimension. */
export interface Tuple {
  readonly dimension: Dimension;
  readonly members: readonly number[];
}

/** The distinct tuples of a set's metrics, sorted by name, so that metrics in another order give the same numbers. */
export function tuplesOf(set: MetricSet): readonly Tuple[] {
  const byName = new Map(set.metrics.flatMap(({ slices }) => slices.filter(({ length }) => length > 1).map((names) => [sliceName(names), names])));
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, names]) => {
      const members = names.map((member) => set.dimensions.findIndex((dimension) => dimension.name === member));
      // Every combination of what the members keep apart has room: a tuple never overflows beyond its members.
      const max = members.reduce((product, member) => product * labelsOf(set.dimensions[member]), 1);
      return { dimension: { name, path: [], max }, members };
    });
}

/** Values that a dimension keeps apart, `$other` included. */
function labelsOf(dimension: Dimension | undefined): number {
  if (dimension === undefined) throw new RangeError('a tuple names a dimension that the set does not define');
  return 1 + (dimension.values?.length ?? dimension.max);
}

/** The label of a tuple, found by the labels of its members: texts are joined only when a combination is new. */
export class TupleLabels {
  readonly members: readonly number[];
  readonly #own: SliceDictionary;
  readonly #dictionaries: readonly SliceDictionary[];
  /** Labels of each member are below this; label 0 is the total's. */
  readonly #radixes: readonly number[];
  /** What is remembered is no state: the dictionary finds the same label by the text. */
  readonly #labels = new Map<number, number>();

  constructor(members: readonly number[], own: SliceDictionary, dictionaries: readonly SliceDictionary[]) {
    this.members = members;
    this.#own = own;
    this.#dictionaries = dictionaries;
    this.#radixes = members.map((member) => labelsOf(dictionaries[member]?.dimension) + 1);
  }

  of(labelOf: (dimension: number) => number): number {
    let combination = 0;
    for (let at = 0; at < this.members.length; at++) combination = combination * (this.#radixes[at] as number) + labelOf(this.members[at] as number);
    const known = this.#labels.get(combination);
    if (known !== undefined) return known;
    const label = this.#own.labelOf(JSON.stringify(this.members.map((member) => this.#dictionaries[member]?.texts[labelOf(member)])));
    this.#labels.set(combination, label);
    return label;
  }
}
