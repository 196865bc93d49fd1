/** The tables of rollup rows: integers by (table, bucket, label), and the text under which a row is published. */
import { BUCKET, FIELDS, LABEL, type RowStore, type TableShape } from './rows.ts';

export type { TableShape } from './rows.ts';

/** Places of a new table's index; a power of two. */
const FIRST_PLACES = 16;
const TWO_32 = 2 ** 32;
/** Up to here a number and a low half add up without rounding. */
const EXACT_AMOUNT_MAX = 2 ** 52;

/** The rows of one metric's table: finds a row's number by bucket and label. The integers are in the partition's `RowStore`. */
export class CellTable {
  readonly shape: TableShape;
  readonly #rows: RowStore;
  readonly #number: number;
  readonly #clock: { readonly clockMs: number };
  /** Open addressing by steps of one: row + 1, or 0; at most half full. */
  #index = new Int32Array(FIRST_PLACES);
  #count = 0;
  /** The row asked for last: the next change is often to the same. */
  #lastRow = -1;
  #lastBucket = 0;
  #lastLabel = 0;

  constructor(shape: TableShape, rows: RowStore, clock: { readonly clockMs: number }) {
    this.shape = shape;
    this.#rows = rows;
    this.#clock = clock;
    this.#number = rows.addTable(this);
  }

  /** Memory taken by the index; the rows are in the `RowStore`. */
  get bytes(): number {
    return this.#index.byteLength;
  }

  /** Adds to one integer; the sums stay safe integers. */
  add(bucket: number, label: number, column: number, amount: number): void {
    this.#rows.addAt(this.rowAt(bucket, label), column, amount);
  }

  /** The same of a row that `rowAt` gave for this record. */
  addAt(row: number, column: number, amount: number): void {
    this.#rows.addAt(row, column, amount);
  }

  /** Whether its rows are also kept by values that actors hold. */
  get isHeld(): boolean {
    return false;
  }

  /** Adds to one integer of a row that counts finer buckets: what an actor adds is told apart by them. */
  addFrom(_origin: number, bucket: number, label: number, column: number, amount: number): void {
    this.add(bucket, label, column, amount);
  }

  /** Adds to a two-column integer `high * 2^32 + low`, kept canonical: 0 ≤ low < 2^32. */
  addWide(bucket: number, label: number, column: number, amount: bigint): void {
    const row = this.rowAt(bucket, label);
    const { cells } = this.#rows;
    const at = this.#rows.startOf(row) + column;
    const small = Number(amount);
    if (small <= EXACT_AMOUNT_MAX && small >= -EXACT_AMOUNT_MAX) {
      const low = (cells[at + 1] as number) + small;
      const carry = Math.floor(low / TWO_32);
      cells[at] = (cells[at] as number) + carry;
      cells[at + 1] = low - carry * TWO_32;
    } else {
      const total = wideInteger(cells, at) + amount;
      cells[at] = Number(total >> 32n);
      cells[at + 1] = Number(total & 0xffffffffn);
    }
    this.#rows.touch(row);
  }

  /** The number of the row, made when absent: good until the record is folded. Making one is a change. */
  rowAt(bucket: number, label: number): number {
    if (bucket === this.#lastBucket && label === this.#lastLabel && this.#lastRow >= 0) return this.#lastRow;
    const found = this.find(bucket, label);
    const row = found >= 0 ? found : this.#make(bucket, label);
    this.#lastRow = row;
    this.#lastBucket = bucket;
    this.#lastLabel = label;
    return row;
  }

  /** −1 when there is none. */
  find(bucket: number, label: number): number {
    const { fields } = this.#rows;
    const index = this.#index;
    const mask = index.length - 1;
    for (let place = hashOf(bucket, label) & mask; ; place = (place + 1) & mask) {
      const row = (index[place] as number) - 1;
      if (row < 0 || (fields[row * FIELDS + BUCKET] === bucket && fields[row * FIELDS + LABEL] === label)) return row;
    }
  }

  /** Brings a row back from a checkpoint, or gives the one that is there newer integers. */
  restore(bucket: number, label: number, version: { readonly epoch: number; readonly next: number }): number {
    const found = this.find(bucket, label);
    const row = found >= 0 ? found : this.#enter(this.#rows.make(this.#number, bucket, label, this.shape.closesAtMs(bucket)));
    this.#rows.setVersion(row, version);
    return row;
  }

  /** Takes a closed row out; its final values are in both stores. */
  drop(row: number): void {
    this.#lastRow = -1;
    this.#remove(row);
    this.#rows.free(row);
  }

  #make(bucket: number, label: number): number {
    const { shape } = this;
    const closesAtMs = shape.closesAtMs(bucket);
    if (closesAtMs <= this.#clock.clockMs) throw new Error(`a closed row would change: ${shape.metric} ${shape.name} bucket ${bucket}`);
    return this.#enter(this.#rows.make(this.#number, bucket, label, closesAtMs));
  }

  #enter(row: number): number {
    this.#count++;
    if (this.#count * 2 > this.#index.length) {
      const old = this.#index;
      this.#index = new Int32Array(old.length * 2);
      for (const entry of old) if (entry > 0) this.#place(entry - 1);
    }
    this.#place(row);
    return row;
  }

  #place(row: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let place = this.#homeOf(row);
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = row + 1;
  }

  /** Rows behind the gap move up when their search would now end in it. */
  #remove(row: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let gap = this.#homeOf(row);
    while (index[gap] !== row + 1) gap = (gap + 1) & mask;
    for (let place = (gap + 1) & mask; index[place] !== 0; place = (place + 1) & mask) {
      const home = this.#homeOf((index[place] as number) - 1);
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      index[gap] = index[place] as number;
      gap = place;
    }
    index[gap] = 0;
    this.#count--;
  }

  #homeOf(row: number): number {
    return hashOf(this.#rows.bucketOf(row), this.#rows.labelOf(row)) & (this.#index.length - 1);
  }
}

function hashOf(bucket: number, label: number): number {
  const mixed = Math.imul(bucket | 0, 0x9e3779b1) ^ Math.imul(label, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** The integer in two columns that `addWide` keeps. */
export function wideInteger(cells: ArrayLike<number>, column: number): bigint {
  return (BigInt(cells[column] ?? 0) << 32n) + BigInt(cells[column + 1] ?? 0);
}

interface LabelTexts {
  readonly texts: readonly string[];
  known(text: string): number | null;
}

/** The value under which a row is published: its slice value's text, behind `<ordinal>:` in a table with ordinals. */
export function rowValue(shape: TableShape, dictionaries: readonly LabelTexts[], label: number): string {
  const textOf = (of: number): string => (shape.dimension < 0 ? '' : (dictionaries[shape.dimension]?.texts[of] ?? ''));
  if (shape.ordinals === undefined) return textOf(label);
  return `${label % shape.ordinals}:${textOf(Math.floor(label / shape.ordinals))}`;
}

/** The label of a published value, or null when the dictionary does not have it. */
export function rowLabel(shape: TableShape, dictionaries: readonly LabelTexts[], value: string): number | null {
  const labelOf = (text: string): number | null => (shape.dimension < 0 ? 0 : (dictionaries[shape.dimension]?.known(text) ?? null));
  if (shape.ordinals === undefined) return labelOf(value);
  const { ordinal, text } = splitOrdinal(value);
  const label = labelOf(text);
  return label === null ? null : label * shape.ordinals + ordinal;
}

/** The two parts of a published value of a table with ordinals. */
export function splitOrdinal(value: string): { ordinal: number; text: string } {
  const colon = value.indexOf(':');
  return { ordinal: Number(value.slice(0, colon)), text: value.slice(colon + 1) };
}
