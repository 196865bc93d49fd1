/** All rollup rows of one partition in columns: a row is a number, its integers a stretch of one arena, its version that of its last change. */
import { grownFloat64, grownInt32, grownUint16 } from './typed-arrays.ts';

/** Rows that share a note of their latest change, so that looking for what changed passes over the rest: a power of two. */
const BLOCK_BITS = 7;
const BLOCK_ROWS = 1 << BLOCK_BITS;
const FIRST_ROWS = 2 * BLOCK_ROWS;
const NO_TABLE = -1;
/** Numbers that a row has in `RowStore.fields`. */
export const FIELDS = 8;
export const BUCKET = 0;
export const LABEL = 1;
/** Where the row's integers begin in `RowStore.cells`. */
const START = 2;
const NEXT = 3;
const EPOCH = 4;
const TABLE = 5;
/** The clock at which the row closes, epoch ms. */
const CLOSES_AT_MS = 6;

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
  /** Columns that count by the gap to the actor's bucket before: 1..lookback from `first` on, then "beyond". */
  readonly gaps?: readonly { readonly first: number; readonly lookback: number }[];
  /** First columns of two-column integers. */
  readonly wide?: readonly number[];
  /** Of a table whose rows count finer buckets: where those end, epoch ms, and the row that each is counted in. */
  readonly origins?: { endMs(origin: number): number; bucketOf(origin: number): number };
}

/** Who finds the rows of one table. */
export interface RowTable {
  readonly shape: TableShape;
  /** −1 when there is none. */
  find(bucket: number, label: number): number;
  /** Takes a closed row out. */
  drop(row: number): void;
}

/** One row as a whole, for those who look at few of them. `cells` is a view: it changes with the row until rows are added or dropped. */
export interface CellRow {
  readonly row: number;
  readonly table: RowTable;
  readonly bucket: number;
  readonly label: number;
  readonly cells: Float64Array;
  /** `epoch` and `next` are the version of its last change. */
  readonly epoch: number;
  readonly next: number;
}

export class RowStore {
  /** The version that changes get: set before each record is folded. Never falls. */
  epoch = 0;
  next = 0;
  /** Integers held by all rows: what bounds the memory. */
  cellCount = 0;
  /** Row numbers ever used are below this; freed ones have the version 0/0. */
  size = 0;
  readonly tables: RowTable[] = [];
  /** By row, its FIELDS side by side: a change looks at several of them, and so at one line of the processor's cache. Replaced when it grows. */
  fields = new Float64Array(FIRST_ROWS * FIELDS);
  cells = new Float64Array(FIRST_ROWS * 8);
  #cellsUsed = 0;
  /** By block, the version of the latest change in it. */
  #blockEpochs = new Uint16Array(FIRST_ROWS >> BLOCK_BITS);
  #blockNexts = new Float64Array(FIRST_ROWS >> BLOCK_BITS);
  /** By table, rows that were dropped: the next row of the table takes number and integers. */
  readonly #free: number[][] = [];
  /** No row closes before. */
  #earliestCloseMs = Number.POSITIVE_INFINITY;
  #found = new Int32Array(FIRST_ROWS);

  /** Memory taken. */
  get bytes(): number {
    return this.fields.byteLength + this.cells.byteLength + this.#blockEpochs.byteLength + this.#blockNexts.byteLength + this.#found.byteLength;
  }

  addTable(table: RowTable): number {
    this.#free.push([]);
    return this.tables.push(table) - 1;
  }

  /** A row of zeros under the current version. */
  make(table: number, bucket: number, label: number, closesAtMs: number): number {
    const { width } = this.#tableAt(table).shape;
    const row = this.#free[table]?.pop() ?? this.#append(width);
    const at = row * FIELDS;
    this.fields[at + TABLE] = table;
    this.fields[at + BUCKET] = bucket;
    this.fields[at + LABEL] = label;
    this.fields[at + CLOSES_AT_MS] = closesAtMs;
    if (closesAtMs < this.#earliestCloseMs) this.#earliestCloseMs = closesAtMs;
    this.cellCount += width;
    this.touch(row);
    return row;
  }

  /** The row changed in the record that is being folded. */
  touch(row: number): void {
    const { epoch, next, fields } = this;
    const at = row * FIELDS;
    if (fields[at + NEXT] === next && fields[at + EPOCH] === epoch) return;
    fields[at + NEXT] = next;
    fields[at + EPOCH] = epoch;
    this.#blockNexts[row >> BLOCK_BITS] = next;
    this.#blockEpochs[row >> BLOCK_BITS] = epoch;
  }

  /** Gives a row a version read from elsewhere. */
  setVersion(row: number, { epoch, next }: { readonly epoch: number; readonly next: number }): void {
    this.fields[row * FIELDS + NEXT] = next;
    this.fields[row * FIELDS + EPOCH] = epoch;
    const block = row >> BLOCK_BITS;
    if (!isAbove(this.#blockEpochs[block] as number, this.#blockNexts[block] as number, epoch, next)) {
      this.#blockEpochs[block] = epoch;
      this.#blockNexts[block] = next;
    }
  }

  addAt(row: number, column: number, amount: number): void {
    const at = this.startOf(row) + column;
    this.cells[at] = (this.cells[at] as number) + amount;
    this.touch(row);
  }

  isAbove(row: number, epoch: number, next: number): boolean {
    return isAbove(this.epochOf(row), this.nextOf(row), epoch, next);
  }

  bucketOf(row: number): number {
    return this.fields[row * FIELDS + BUCKET] as number;
  }

  labelOf(row: number): number {
    return this.fields[row * FIELDS + LABEL] as number;
  }

  /** Where its integers begin in `cells`. */
  startOf(row: number): number {
    return this.fields[row * FIELDS + START] as number;
  }

  epochOf(row: number): number {
    return this.fields[row * FIELDS + EPOCH] as number;
  }

  nextOf(row: number): number {
    return this.fields[row * FIELDS + NEXT] as number;
  }

  /** Place in `tables`. */
  tableNumberOf(row: number): number {
    return this.fields[row * FIELDS + TABLE] as number;
  }

  /** Rows that changed above a version, by number. The array is the caller's. */
  changedAbove(epoch: number, next: number): Int32Array {
    let count = 0;
    this.#found = grownInt32(this.#found, this.size, 0);
    const found = this.#found;
    for (let from = 0; from < this.size; from += BLOCK_ROWS) {
      if (!this.#isBlockAbove(from, epoch, next)) continue;
      const end = Math.min(this.size, from + BLOCK_ROWS);
      for (let row = from; row < end; row++) if (this.isAbove(row, epoch, next)) found[count++] = row;
    }
    return found.slice(0, count);
  }

  /** Integers of the rows that changed above a version; stops counting above `enough`. */
  cellsAbove(epoch: number, next: number, enough: number): number {
    let cells = 0;
    for (let from = 0; from < this.size && cells <= enough; from += BLOCK_ROWS) {
      if (!this.#isBlockAbove(from, epoch, next)) continue;
      const end = Math.min(this.size, from + BLOCK_ROWS);
      for (let row = from; row < end; row++) if (this.isAbove(row, epoch, next)) cells += this.widthOf(row);
    }
    return cells;
  }

  /** Rows that are closed at a clock and did not change above a version. Costs nothing while no row can be. */
  closedAt(clockMs: number, epoch: number, next: number): number[] {
    const closed: number[] = [];
    if (clockMs < this.#earliestCloseMs) return closed;
    let earliest = Number.POSITIVE_INFINITY;
    for (let row = 0; row < this.size; row++) {
      if (!this.has(row)) continue;
      const closesAtMs = this.fields[row * FIELDS + CLOSES_AT_MS] as number;
      if (closesAtMs <= clockMs && !this.isAbove(row, epoch, next)) closed.push(row);
      else if (closesAtMs < earliest) earliest = closesAtMs;
    }
    // The caller drops them; one that it keeps is found again when the next closes.
    this.#earliestCloseMs = earliest;
    return closed;
  }

  tableOf(row: number): RowTable {
    return this.#tableAt(this.tableNumberOf(row));
  }

  widthOf(row: number): number {
    return this.tableOf(row).shape.width;
  }

  /** A view of the row's integers. */
  cellsOf(row: number): Float64Array {
    const start = this.startOf(row);
    return this.cells.subarray(start, start + this.widthOf(row));
  }

  has(row: number): boolean {
    return this.tableNumberOf(row) !== NO_TABLE;
  }

  /** Every row, by number. */
  *all(): Generator<CellRow> {
    for (let row = 0; row < this.size; row++) if (this.has(row)) yield this.view(row);
  }

  view(row: number): CellRow {
    return {
      row,
      table: this.tableOf(row),
      bucket: this.bucketOf(row),
      label: this.labelOf(row),
      cells: this.cellsOf(row),
      epoch: this.epochOf(row),
      next: this.nextOf(row),
    };
  }

  /** For the row's table alone, which forgets it too. */
  free(row: number): void {
    const table = this.tableNumberOf(row);
    const width = this.widthOf(row);
    const start = this.startOf(row);
    this.cells.fill(0, start, start + width);
    this.cellCount -= width;
    this.fields[row * FIELDS + TABLE] = NO_TABLE;
    this.fields[row * FIELDS + NEXT] = 0;
    this.fields[row * FIELDS + EPOCH] = 0;
    this.#free[table]?.push(row);
  }

  #isBlockAbove(row: number, epoch: number, next: number): boolean {
    const block = row >> BLOCK_BITS;
    return isAbove(this.#blockEpochs[block] as number, this.#blockNexts[block] as number, epoch, next);
  }

  #tableAt(table: number): RowTable {
    const found = this.tables[table];
    if (found === undefined) throw new Error(`there is no table ${table}`);
    return found;
  }

  #append(width: number): number {
    const row = this.size++;
    if (this.size * FIELDS > this.fields.length) this.#grow();
    this.cells = grownFloat64(this.cells, this.#cellsUsed + width);
    this.fields[row * FIELDS + START] = this.#cellsUsed;
    this.#cellsUsed += width;
    return row;
  }

  #grow(): void {
    this.fields = grownFloat64(this.fields, this.size * FIELDS);
    const blocks = this.fields.length / FIELDS / BLOCK_ROWS;
    this.#blockEpochs = grownUint16(this.#blockEpochs, blocks);
    this.#blockNexts = grownFloat64(this.#blockNexts, blocks);
  }
}

function isAbove(rowEpoch: number, rowNext: number, epoch: number, next: number): boolean {
  return rowEpoch > epoch || (rowEpoch === epoch && rowNext > next);
}
