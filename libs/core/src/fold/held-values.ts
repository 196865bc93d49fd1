/** The values that actors hold: of each held dimension the earliest non-empty one, and what moves between slices when an earlier one arrives. */
import { isHeldSlice, type MetricBase, type MetricSet, sliceName } from '../definition.ts';
import type { EventView } from '../event.ts';
import { sliceTable, TOTAL_TABLE } from '../metrics/kind.ts';
import { CellTable, type TableShape } from '../state/cells.ts';
import { Firsts } from '../state/firsts.ts';
import { type HeldSlice, type HeldState, HeldTable, type Holders } from '../state/held-table.ts';
import { HeldLedger } from '../state/ledger.ts';
import { grownFloat64 } from '../state/typed-arrays.ts';
import type { PartitionState } from './partition-state.ts';
import type { TupleLabels } from './tuples.ts';

interface Held {
  readonly dimension: number;
  readonly path: number;
  /** Capture 0 is the value's label. */
  readonly firsts: Firsts;
}

/** What the fold lends: dimensions by number, tuples behind those of the set. */
interface HeldFold {
  readonly set: MetricSet;
  readonly state: PartitionState;
  readonly latenessMs: number;
  path(path: readonly string[]): number;
  dimension(name: string): number;
  tuple(dimension: number): TupleLabels | undefined;
  actor(): number;
}

export class HeldValues implements Holders, HeldState {
  readonly ledger = new HeldLedger();
  readonly #fold: HeldFold;
  readonly #held: readonly Held[];
  readonly #tables: HeldTable[] = [];
  /** By dimension the register, where it has one. */
  readonly #firsts: (Firsts | undefined)[] = [];
  readonly actor: () => number;
  /** Of the entries at hand, per slice where they were: label, column. */
  #places = new Float64Array(64);

  private constructor(fold: HeldFold, names: readonly string[]) {
    this.#fold = fold;
    this.actor = () => fold.actor();
    this.#held = names.map((name): Held => {
      const dimension = fold.dimension(name);
      const firsts = new Firsts({ captures: 1 });
      this.#firsts[dimension] = firsts;
      fold.state.firsts.push({ key: `held ${name}`, store: firsts });
      return { dimension, path: fold.path(fold.set.dimensions[dimension]?.path ?? []), firsts };
    });
    fold.state.held = this;
  }

  /** null when no metric is sliced by a held value: then nothing is kept. */
  static of(fold: HeldFold): HeldValues | null {
    const slices = fold.set.metrics.flatMap((metric) => metric.slices).filter((slice) => isHeldSlice(slice, fold.set.dimensions));
    const names = [...new Set(slices.flat())].sort();
    return names.length === 0 ? null : new HeldValues(fold, names);
  }

  /** The total's table of a metric with held slices, together with theirs; null for a metric that has none. */
  table(shape: TableShape): HeldTable | null {
    const { set, state, latenessMs } = this.#fold;
    const metric = set.metrics.find(({ id }) => id === shape.metric);
    const names = heldSlicesOf(set, metric);
    if (shape.dimension >= 0 || names.length === 0) return null;
    const slices = names.map((name): HeldSlice => {
      const dimension = this.#fold.dimension(name);
      const table = new CellTable({ ...shape, name: heldTableName(shape.name, name), dimension }, state.changes, state);
      state.tables.set(`${shape.metric}/${table.shape.name}`, table);
      return { table, dimension };
    });
    const number = this.#tables.length;
    const table = new HeldTable({ shape, rows: state.changes, state, number, slices, latenessMs, holders: this, ledger: this.ledger });
    this.#tables.push(table);
    return table;
  }

  /** The table of an entry of the ledger. */
  tableOf(entry: number): HeldTable {
    return this.#tables[this.ledger.tables[entry] as number] as HeldTable;
  }

  numberOf(key: string): number {
    return this.#tables.findIndex(({ shape: { metric, name } }) => `${metric}/${name}` === key);
  }

  /** Whether an entry says anything that a move may still ask for. */
  readonly isLive = (entry: number): boolean => {
    const { slots, buckets, amounts } = this.ledger;
    return amounts[entry] !== 0 && this.tableOf(entry).isLive(slots[entry] as number, buckets[entry] as number, this.#fold.state.clockMs);
  };

  /** An event that passes the filter, before any metric takes it. */
  show(event: EventView): void {
    this.ledger.sweep(this.isLive);
    for (const held of this.#held) {
      const text = event.sliceText(held.path);
      if (text !== '') this.#showIn(held, text, event);
    }
  }

  readonly labelAt = (dimension: number, slot: number, beforeMs: number): number => {
    const tuple = this.#fold.tuple(dimension);
    if (tuple !== undefined) return tuple.of((member) => this.labelAt(member, slot, beforeMs));
    const firsts = this.#firsts[dimension] as Firsts;
    const row = firsts.find(slot);
    if (row >= 0 && (firsts.times[row] as number) < beforeMs) return firsts.captured[row] as number;
    return this.#fold.state.dictionaries[dimension]?.labelOf('') ?? 0;
  };

  isSettled(dimension: number, slot: number): boolean {
    const tuple = this.#fold.tuple(dimension);
    if (tuple !== undefined) return tuple.members.every((member) => this.isSettled(member, slot));
    const firsts = this.#firsts[dimension] as Firsts;
    const row = firsts.find(slot);
    return row >= 0 && (firsts.times[row] as number) < this.#fold.state.clockMs - this.#fold.latenessMs;
  }

  changed(slot: number): void {
    this.#fold.state.touched.touch(slot);
  }

  #showIn({ dimension, firsts }: Held, text: string, { timeMs, messageHigh, messageLow }: EventView): void {
    const slot = this.actor();
    const found = firsts.find(slot);
    if (found >= 0 && !firsts.precedes(found, timeMs, messageHigh, messageLow)) return;
    const label = this.#fold.state.dictionaries[dimension]?.labelOf(text) ?? 0;
    this.#noteOrMove(slot, timeMs, false);
    const row = firsts.ensure(slot);
    firsts.set(row, timeMs, messageHigh, messageLow);
    firsts.captured[row] = label;
    this.changed(slot);
    this.#noteOrMove(slot, timeMs, true);
  }

  /** Rows that end at or before the instant keep what they had: an on-time event finds all others open. Twice: before the value changes, and after. */
  #noteOrMove(slot: number, timeMs: number, isMove: boolean): void {
    const { ledger } = this;
    const from = { label: 0, column: 0 };
    const to = { label: 0, column: 0 };
    let at = 0;
    for (let entry = ledger.first(slot); entry >= 0; entry = ledger.following(entry)) {
      const table = this.tableOf(entry);
      if (table.decidedAtMs(ledger.buckets[entry] as number) <= timeMs) continue;
      for (const slice of table.slices) {
        to.label = table.labelOfEntry(slice, entry);
        to.column = table.columnOfEntry(slice, entry);
        if (isMove) {
          from.label = this.#places[at] as number;
          from.column = this.#places[at + 1] as number;
          if (from.label !== to.label || from.column !== to.column) table.move(slice, entry, from, to);
        } else {
          this.#places = grownFloat64(this.#places, at + 2);
          this.#places[at] = to.label;
          this.#places[at + 1] = to.column;
        }
        at += 2;
      }
    }
  }
}

function heldSlicesOf(set: MetricSet, metric: MetricBase | undefined): readonly string[] {
  return (metric?.slices ?? []).filter((slice) => isHeldSlice(slice, set.dimensions)).map(sliceName);
}

/** As kinds name the tables of a slice: `slice:came` beside `total`, else the slice behind the table's own name and a colon. */
function heldTableName(total: string, slice: string): string {
  if (total === TOTAL_TABLE) return sliceTable(slice);
  return `${total.endsWith(':') ? total : `${total}:`}${slice}`;
}
