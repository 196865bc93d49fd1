/** The rollup rows of one partition: integers by (table, bucket, label), each under the position of its last change, linked in the order of change. */

/** One row of integers. `epoch` and `next` are the version of its last change. */
export interface CellRow {
  readonly table: CellTable;
  readonly bucket: number;
  readonly label: number;
  readonly cells: Float64Array;
  epoch: number;
  next: number;
  /** Neighbours in the order of last change. */
  older: CellRow | null;
  newer: CellRow | null;
}

/** All rows of a partition, from the one changed longest ago to the latest: what changed above a position is the list's end. */
export class ChangeList {
  oldest: CellRow | null = null;
  newest: CellRow | null = null;
  /** Integers held by all rows: what bounds the memory. */
  cells = 0;
  /** The version that changes get: set before each record is folded. */
  epoch = 0;
  next = 0;

  /** Moves a row to the end under the current version. */
  touch(row: CellRow): void {
    if (row.next === this.next && row.epoch === this.epoch) return;
    row.next = this.next;
    row.epoch = this.epoch;
    if (this.newest === row) return;
    this.#unlink(row);
    this.#append(row);
  }

  append(row: CellRow): void {
    this.#append(row);
    this.cells += row.cells.length;
  }

  remove(row: CellRow): void {
    this.#unlink(row);
    this.cells -= row.cells.length;
  }

  #append(row: CellRow): void {
    row.older = this.newest;
    row.newer = null;
    if (this.newest !== null) this.newest.newer = row;
    else this.oldest = row;
    this.newest = row;
  }

  #unlink(row: CellRow): void {
    if (row.older !== null) row.older.newer = row.newer;
    else if (this.oldest === row) this.oldest = row.newer;
    if (row.newer !== null) row.newer.older = row.older;
    else if (this.newest === row) this.newest = row.older;
    row.older = null;
    row.newer = null;
  }
}

export interface TableShape {
  readonly metric: string;
  /** `total`, `slice:<dimension>`, or a kind's own such as `week` or `week:<dimension>`. */
  readonly name: string;
  readonly width: number;
  /** Number of the slice's dimension, or -1: labels are 0. */
  readonly dimension: number;
  /** Rows per slice value that are told apart by a number of the kind's own, below this; labels are then `label * ordinals + ordinal`. */
  readonly ordinals?: number;
  /** The clock from which on no on-time event can change a row of the bucket, lateness included, epoch ms. */
  closesAtMs(bucket: number): number;
}

/** Rows that a table keeps at hand; a power of two. */
const RECENT_ROWS = 64;
/** Integers that rows are cut from at a time: a typed array of its own costs a row more than its integers. */
const SLAB_CELLS = 2048;

/** The rows of one metric's table. */
export class CellTable {
  readonly shape: TableShape;
  readonly #changes: ChangeList;
  readonly #clock: { readonly clockMs: number };
  /** Sparse: of a table with ordinals few labels have rows. */
  readonly #rows: (Map<number, CellRow> | undefined)[] = [];
  /** By place, the row last changed there: most changes are to few rows. */
  readonly #recent: (CellRow | null)[] = new Array<CellRow | null>(RECENT_ROWS).fill(null);
  #slab = new Float64Array(0);
  #slabUsed = 0;

  constructor(shape: TableShape, changes: ChangeList, clock: { readonly clockMs: number }) {
    this.shape = shape;
    this.#changes = changes;
    this.#clock = clock;
  }

  /** Adds to one integer; the sums stay safe integers. */
  add(bucket: number, label: number, column: number, amount: number): void {
    const row = this.#find(bucket, label);
    row.cells[column] = (row.cells[column] as number) + amount;
    this.#changes.touch(row);
  }

  /** The row to add to, made when absent: for several additions. Valid until another row is made or dropped. */
  rowAt(bucket: number, label: number): CellRow {
    return this.#find(bucket, label);
  }

  addAt(row: CellRow, column: number, amount: number): void {
    row.cells[column] = (row.cells[column] as number) + amount;
    this.#changes.touch(row);
  }

  /** Adds to a two-column integer `high * 2^32 + low`, kept canonical: 0 ≤ low < 2^32. */
  addWide(bucket: number, label: number, column: number, amount: bigint): void {
    const row = this.#find(bucket, label);
    const total = wideInteger(row.cells, column) + amount;
    row.cells[column] = Number(total >> 32n);
    row.cells[column + 1] = Number(total & 0xffffffffn);
    this.#changes.touch(row);
  }

  get(bucket: number, label: number): CellRow | undefined {
    return this.#rows[label]?.get(bucket);
  }

  /** Brings a row back from a checkpoint; the caller links rows in version order. */
  restore(bucket: number, label: number, cells: Float64Array, version: { epoch: number; next: number }): CellRow {
    const row: CellRow = { table: this, bucket, label, cells, epoch: version.epoch, next: version.next, older: null, newer: null };
    this.#byBucket(label).set(bucket, row);
    return row;
  }

  /** Takes a closed row out; its final values are in both stores. */
  drop(row: CellRow): void {
    this.#rows[row.label]?.delete(row.bucket);
    const at = placeOf(row.bucket, row.label);
    if (this.#recent[at] === row) this.#recent[at] = null;
    this.#changes.remove(row);
  }

  /** The row, made when absent. */
  #find(bucket: number, label: number): CellRow {
    const at = placeOf(bucket, label);
    const recent = this.#recent[at] as CellRow | null;
    if (recent !== null && recent.bucket === bucket && recent.label === label) return recent;
    const row = this.#rows[label]?.get(bucket) ?? this.#make(bucket, label);
    this.#recent[at] = row;
    return row;
  }

  #zeros(): Float64Array {
    const { width } = this.shape;
    if (this.#slabUsed + width > this.#slab.length) {
      this.#slab = new Float64Array(width * Math.max(1, Math.floor(SLAB_CELLS / width)));
      this.#slabUsed = 0;
    }
    this.#slabUsed += width;
    return this.#slab.subarray(this.#slabUsed - width, this.#slabUsed);
  }

  #make(bucket: number, label: number): CellRow {
    const { shape } = this;
    if (shape.closesAtMs(bucket) <= this.#clock.clockMs) throw new Error(`a closed row would change: ${shape.metric} ${shape.name} bucket ${bucket}`);
    const row: CellRow = {
      table: this,
      bucket,
      label,
      cells: this.#zeros(),
      epoch: this.#changes.epoch,
      next: this.#changes.next,
      older: null,
      newer: null,
    };
    this.#byBucket(label).set(bucket, row);
    this.#changes.append(row);
    return row;
  }

  #byBucket(label: number): Map<number, CellRow> {
    const rows = this.#rows[label] ?? new Map<number, CellRow>();
    this.#rows[label] = rows;
    return rows;
  }
}

/** Where a row is kept at hand. */
function placeOf(bucket: number, label: number): number {
  return (bucket + label * 23) & (RECENT_ROWS - 1);
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
