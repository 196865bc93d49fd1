/** All that one partition of one lineage remembers: a pure function of the log prefix, ready to be packed and brought back. */
import type { Dimension } from '../definition.ts';
import type { FoldSettings } from '../settings.ts';
import { ActorTable } from '../state/actors.ts';
import type { BucketSets } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import { SliceDictionary } from '../state/dictionary.ts';
import { DuplicateFilter } from '../state/duplicates.ts';
import type { Firsts } from '../state/firsts.ts';
import type { HeldState } from '../state/held-table.ts';
import { RowStore } from '../state/rows.ts';
import type { Timelines } from '../state/timelines.ts';
import { OutcomeCounters } from './outcome.ts';

/** A register with the text that names it across processes. */
export interface NamedRegister<T> {
  readonly key: string;
  readonly store: T;
}

export class PartitionState {
  readonly settings: FoldSettings;
  readonly actors = new ActorTable();
  readonly duplicates: DuplicateFilter;
  readonly dictionaries: readonly SliceDictionary[];
  readonly counters = new OutcomeCounters();
  /** All rows, with what changed in which of them. */
  readonly changes = new RowStore();
  readonly bucketSets: NamedRegister<BucketSets>[] = [];
  readonly firsts: NamedRegister<Firsts>[] = [];
  readonly timelines: NamedRegister<Timelines>[] = [];
  /** What actors hold; null when no metric is sliced by it. */
  held: HeldState | null = null;
  /** By `metric/table`. */
  readonly tables = new Map<string, CellTable>();
  /** −Infinity before the first applied event or tick. */
  clockMs = Number.NEGATIVE_INFINITY;
  /** Offset after the last folded record. */
  next = 0;
  /** From 1 on, so that even an empty prefix has a version above that of a store which never closed a head. */
  epoch = 1;
  /** Actors whose timeline went beyond its cap at least once. */
  readonly cappedActors = new Set<number>();
  readonly touched = new TouchedSlots();

  constructor(dimensions: readonly Dimension[], settings: FoldSettings) {
    this.settings = settings;
    this.duplicates = new DuplicateFilter({ capacity: settings.duplicateWindow });
    this.dictionaries = dimensions.map((dimension) => new SliceDictionary(dimension));
  }
}

/** Which actors changed since which cut: a delta carries those changed since the last saved one. */
class TouchedSlots {
  #generation = 1;
  #stamps = new Uint32Array(1024);
  readonly #slotsByGeneration = new Map<number, number[]>([[1, []]]);

  /** Memory taken by the stamps. */
  get bytes(): number {
    return this.#stamps.byteLength;
  }

  touch(slot: number): void {
    if (slot >= this.#stamps.length) {
      const stamps = new Uint32Array(Math.max(slot + 1, this.#stamps.length * 2));
      stamps.set(this.#stamps);
      this.#stamps = stamps;
    }
    if (this.#stamps[slot] === this.#generation) return;
    this.#stamps[slot] = this.#generation;
    this.#slotsByGeneration.get(this.#generation)?.push(slot);
  }

  /**
   * The slots touched since the last saved cut, each once, and the cut's number for `saved`. `whole`: those of a cut that was not saved, whose registers
   * no longer know all that has changed.
   */
  cut(): { generation: number; slots: number[]; whole: ReadonlySet<number> } {
    const generation = this.#generation;
    const slots: number[] = [];
    const whole = new Set<number>();
    for (const [of, touched] of this.#slotsByGeneration) {
      for (const slot of touched) {
        if (of < generation) whole.add(slot);
        if (this.#stamps[slot] === of) slots.push(slot);
      }
    }
    this.#generation++;
    this.#slotsByGeneration.set(this.#generation, []);
    return { generation, slots, whole };
  }

  /** A cut is durable: what was touched up to it need not be written again. */
  saved(generation: number): void {
    for (const of of this.#slotsByGeneration.keys()) if (of <= generation) this.#slotsByGeneration.delete(of);
  }

  /** After a load: nothing is touched. */
  reset(): void {
    this.#slotsByGeneration.clear();
    this.#generation++;
    this.#slotsByGeneration.set(this.#generation, []);
  }
}
