/** A total that is also kept by values that actors hold: what an actor adds to a row of it goes to the slice row of the actor's value as well. */
import { CellTable } from './cells.ts';
import type { HeldLedger } from './ledger.ts';
import type { RowStore, TableShape } from './rows.ts';

const LOW_MASK = 0xffffffffn;

/** The values that actors hold, as far as a table asks. */
export interface Holders {
  /** The actor whose event is being folded. */
  actor(): number;
  /** The label of an actor's earliest value among events before an instant; that of no value when there is none. */
  labelAt(dimension: number, slot: number, beforeMs: number): number;
  /** Whether no on-time event can change what the actor holds any more. */
  isSettled(dimension: number, slot: number): boolean;
  /** The ledger of this actor has changed. */
  changed(slot: number): void;
}

/** What of it is state, beside the registers of the values. */
export interface HeldState {
  readonly ledger: HeldLedger;
  /** The table of an entry of the ledger. */
  tableOf(entry: number): HeldTable;
  /** The number in the ledger of a table by its key, `metric/name`; −1 when it is kept by no held value. */
  numberOf(key: string): number;
  /** Whether an entry says anything that a move may still ask for: any other is no state. */
  readonly isLive: (entry: number) => boolean;
}

export interface HeldSlice {
  readonly table: CellTable;
  readonly dimension: number;
}

/**
 * An actor has one value in a row: the earliest that it showed before the row's end in event time. So the rows of a slice are what its actors add to the
 * total's, and differ from it in one thing: an actor's bucket before counts as no neighbour when the actor was counted under another value there.
 */
export class HeldTable extends CellTable {
  /** Of this table in the ledger. */
  readonly number: number;
  readonly slices: readonly HeldSlice[];
  readonly #rows: RowStore;
  readonly #latenessMs: number;
  readonly #holders: Holders;
  readonly #ledger: HeldLedger;

  constructor(of: {
    shape: TableShape;
    rows: RowStore;
    state: { readonly clockMs: number };
    number: number;
    slices: readonly HeldSlice[];
    latenessMs: number;
    holders: Holders;
    ledger: HeldLedger;
  }) {
    super(of.shape, of.rows, of.state);
    this.#rows = of.rows;
    this.number = of.number;
    this.slices = of.slices;
    this.#latenessMs = of.latenessMs;
    this.#holders = of.holders;
    this.#ledger = of.ledger;
  }

  override get isHeld(): boolean {
    return true;
  }

  override add(bucket: number, label: number, column: number, amount: number): void {
    super.add(bucket, label, column, amount);
    this.#mirror(bucket, label, column, amount);
  }

  override addFrom(origin: number, bucket: number, label: number, column: number, amount: number): void {
    super.add(bucket, label, column, amount);
    this.#mirror(origin, label, column, amount);
  }

  override addAt(row: number, column: number, amount: number): void {
    super.addAt(row, column, amount);
    this.#mirror(this.#rows.bucketOf(row), this.#rows.labelOf(row), column, amount);
  }

  override addWide(bucket: number, label: number, column: number, amount: bigint): void {
    super.addWide(bucket, label, column, amount);
    const slot = this.#holders.actor();
    for (const { table, dimension } of this.slices) table.addWide(bucket, this.#labelIn(dimension, slot, bucket, label), column, amount);
    if (this.#isSettled(slot)) return;
    const ledger = this.#ledger;
    const high = ledger.ensure(slot, this.number, bucket, label, column);
    const low = ledger.ensure(slot, this.number, bucket, label, column + 1);
    const sum = wideOf(ledger.amounts[high] as number, ledger.amounts[low] as number) + amount;
    ledger.amounts[high] = Number(sum >> 32n);
    ledger.amounts[low] = Number(sum & LOW_MASK);
    this.#holders.changed(slot);
  }

  /** Until when in event time an actor's value for a bucket is decided: all that the bucket's row counts lies before. */
  decidedAtMs(bucket: number): number {
    return this.shape.origins === undefined ? this.shape.closesAtMs(bucket) - this.#latenessMs : this.shape.origins.endMs(bucket);
  }

  /** Whether an entry of the ledger can still move. */
  isLive(slot: number, bucket: number, clockMs: number): boolean {
    return this.decidedAtMs(bucket) + this.#latenessMs > clockMs && !this.#isSettled(slot);
  }

  /** The label in the slice's table. */
  #labelIn(dimension: number, slot: number, bucket: number, label: number): number {
    return this.#holders.labelAt(dimension, slot, this.decidedAtMs(bucket)) * (this.shape.ordinals ?? 1) + label;
  }

  /** Where in the slice an amount of the total belongs, as a label of its table. */
  labelOfEntry(slice: HeldSlice, entry: number): number {
    const { slots, buckets, labels } = this.#ledger;
    return this.#labelIn(slice.dimension, slots[entry] as number, buckets[entry] as number, labels[entry] as number);
  }

  columnOfEntry(slice: HeldSlice, entry: number): number {
    const { slots, buckets, columns } = this.#ledger;
    return this.#columnIn(slice.dimension, slots[entry] as number, buckets[entry] as number, columns[entry] as number);
  }

  /** Counts an entry of the ledger out of one place of a slice and into another. */
  move(slice: HeldSlice, entry: number, from: { label: number; column: number }, to: { label: number; column: number }): void {
    const ledger = this.#ledger;
    const column = ledger.columns[entry] as number;
    const bucket = this.#rowOf(ledger.buckets[entry] as number);
    const { wide = [] } = this.shape;
    if (!wide.includes(column) && !wide.includes(column - 1)) {
      const amount = ledger.amounts[entry] as number;
      if (amount === 0) return;
      slice.table.add(bucket, from.label, from.column, -amount);
      slice.table.add(bucket, to.label, to.column, amount);
      return;
    }
    const isHigh = wide.includes(column);
    const other = ledger.find(ledger.slots[entry] as number, this.number, bucket, ledger.labels[entry] as number, isHigh ? column + 1 : column - 1);
    // The two halves move as one, by the upper if there is one.
    if (!isHigh && other >= 0) return;
    const amount = wideOf(
      isHigh ? (ledger.amounts[entry] as number) : 0,
      isHigh ? (other < 0 ? 0 : (ledger.amounts[other] as number)) : (ledger.amounts[entry] as number),
    );
    if (amount === 0n) return;
    slice.table.addWide(bucket, from.label, isHigh ? column : column - 1, -amount);
    slice.table.addWide(bucket, to.label, isHigh ? column : column - 1, amount);
  }

  #mirror(bucket: number, label: number, column: number, amount: number): void {
    const slot = this.#holders.actor();
    for (const { table, dimension } of this.slices)
      table.add(this.#rowOf(bucket), this.#labelIn(dimension, slot, bucket, label), this.#columnIn(dimension, slot, bucket, column), amount);
    if (this.#isSettled(slot)) return;
    const entry = this.#ledger.ensure(slot, this.number, bucket, label, column);
    const { amounts } = this.#ledger;
    amounts[entry] = (amounts[entry] as number) + amount;
    this.#holders.changed(slot);
  }

  #rowOf(bucket: number): number {
    return this.shape.origins?.bucketOf(bucket) ?? bucket;
  }

  /** A gap to a bucket in which the actor had another value is as one beyond the lookback: in this slice nobody was there. */
  #columnIn(dimension: number, slot: number, bucket: number, column: number): number {
    const { gaps } = this.shape;
    if (gaps === undefined) return column;
    for (const { first, lookback } of gaps) {
      const gap = column - first + 1;
      if (gap < 1 || gap > lookback) continue;
      const { labelAt } = this.#holders;
      const isSame = labelAt(dimension, slot, this.decidedAtMs(bucket - gap)) === labelAt(dimension, slot, this.decidedAtMs(bucket));
      return isSame ? column : first + lookback;
    }
    return column;
  }

  #isSettled(slot: number): boolean {
    for (const { dimension } of this.slices) if (!this.#holders.isSettled(dimension, slot)) return false;
    return true;
  }
}

function wideOf(high: number, low: number): bigint {
  return (BigInt(high) << 32n) + BigInt(low);
}
