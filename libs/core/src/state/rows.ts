/** All rollup rows of one partition in columns: a row is a number, its integers a stretch of one arena, its version that of its last change. */
import { grownFloat64, grownInt32, grownUint16 } from './typed-arrays.ts';

/** Rows that share a note of their latest change, so that looking for what changed passes over the rest: a power of two. */
const BLOCK_BITS = 7;
const FIRST_ROWS = 256;
const NO_TABLE = -1;

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
  /** By row. The arrays are replaced when they grow. */
  tableNumbers = new Int32Array(FIRST_ROWS);
  buckets = new Float64Array(FIRST_ROWS);
  labels = new Int32Array(FIRST_ROWS);
  epochs = new Uint16Array(FIRST_ROWS);
  nexts = new Float64Array(FIRST_ROWS);
  /** Where the row's integers begin in `cells`. */
  starts = new Int32Array(FIRST_ROWS);
  /** The clock at which the row closes, epoch ms. */
  #closesAtMs = new Float64Array(FIRST_ROWS);
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

  addTable(table: RowTable): number {
    this.#free.push([]);
    return this.tables.push(table) - 1;
  }

  /** A row of zeros under the current version. */
  make(table: number, bucket: number, label: number, closesAtMs: number): number {
    const { width } = this.#tableAt(table).shape;
    const row = this.#free[table]?.pop() ?? this.#append(width);
    this.tableNumbers[row] = table;
    this.buckets[row] = bucket;
    this.labels[row] = label;
    this.#closesAtMs[row] = closesAtMs;
    if (closesAtMs < this.#earliestCloseMs) this.#earliestCloseMs = closesAtMs;
    this.cellCount += width;
    this.touch(row);
    return row;
  }

  /** The row changed in the record that is being folded. */
  touch(row: number): void {
    const { epoch, next } = this;
    if (this.nexts[row] === next && this.epochs[row] === epoch) return;
    this.nexts[row] = next;
    this.epochs[row] = epoch;
    this.#blockNexts[row >> BLOCK_BITS] = next;
    this.#blockEpochs[row >> BLOCK_BITS] = epoch;
  }

  /** Gives a row a version read from elsewhere. */
  setVersion(row: number, { epoch, next }: { readonly epoch: number; readonly next: number }): void {
    this.nexts[row] = next;
    this.epochs[row] = epoch;
    const block = row >> BLOCK_BITS;
    if (!isAbove(this.#blockEpochs[block] as number, this.#blockNexts[block] as number, epoch, next)) {
      this.#blockEpochs[block] = epoch;
      this.#blockNexts[block] = next;
    }
  }

  addAt(row: number, column: number, amount: number): void {
    const at = (this.starts[row] as number) + column;
    this.cells[at] = (this.cells[at] as number) + amount;
    this.touch(row);
  }

  isAbove(row: number, epoch: number, next: number): boolean {
    return isAbove(this.epochs[row] as number, this.nexts[row] as number, epoch, next);
  }

  /** Rows that changed above a version, by number. The array is the caller's. */
  changedAbove(epoch: number, next: number): Int32Array {
    let count = 0;
    this.#found = grownInt32(this.#found, this.size, 0);
    const found = this.#found;
    for (let from = 0; from < this.size; from += 1 << BLOCK_BITS) {
      if (!this.#isBlockAbove(from, epoch, next)) continue;
      const end = Math.min(this.size, from + (1 << BLOCK_BITS));
      for (let row = from; row < end; row++) if (this.isAbove(row, epoch, next)) found[count++] = row;
    }
    return found.slice(0, count);
  }

  /** Integers of the rows that changed above a version; stops counting above `enough`. */
  cellsAbove(epoch: number, next: number, enough: number): number {
    let cells = 0;
    for (let from = 0; from < this.size && cells <= enough; from += 1 << BLOCK_BITS) {
      if (!this.#isBlockAbove(from, epoch, next)) continue;
      const end = Math.min(this.size, from + (1 << BLOCK_BITS));
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
      if (this.tableNumbers[row] === NO_TABLE) continue;
      const closesAtMs = this.#closesAtMs[row] as number;
      if (closesAtMs <= clockMs && !this.isAbove(row, epoch, next)) closed.push(row);
      else if (closesAtMs < earliest) earliest = closesAtMs;
    }
    // The caller drops them; one that it keeps is found again when the next closes.
    this.#earliestCloseMs = earliest;
    return closed;
  }

  tableOf(row: number): RowTable {
    return this.#tableAt(this.tableNumbers[row] as number);
  }

  widthOf(row: number): number {
    return this.tableOf(row).shape.width;
  }

  /** A view of the row's integers. */
  cellsOf(row: number): Float64Array {
    const start = this.starts[row] as number;
    return this.cells.subarray(start, start + this.widthOf(row));
  }

  has(row: number): boolean {
    return this.tableNumbers[row] !== NO_TABLE;
  }

  /** Every row, by number. */
  *all(): Generator<CellRow> {
    for (let row = 0; row < this.size; row++) if (this.has(row)) yield this.view(row);
  }

  view(row: number): CellRow {
    return {
      row,
      table: this.tableOf(row),
      bucket: this.buckets[row] as number,
      label: this.labels[row] as number,
      cells: this.cellsOf(row),
      epoch: this.epochs[row] as number,
      next: this.nexts[row] as number,
    };
  }

  /** For the row's table alone, which forgets it too. */
  free(row: number): void {
    const table = this.tableNumbers[row] as number;
    const width = this.widthOf(row);
    const start = this.starts[row] as number;
    this.cells.fill(0, start, start + width);
    this.cellCount -= width;
    this.tableNumbers[row] = NO_TABLE;
    this.nexts[row] = 0;
    this.epochs[row] = 0;
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
    if (row >= this.labels.length) this.#grow(row + 1);
    this.cells = grownFloat64(this.cells, this.#cellsUsed + width);
    this.starts[row] = this.#cellsUsed;
    this.#cellsUsed += width;
    return row;
  }

  #grow(rows: number): void {
    this.tableNumbers = grownInt32(this.tableNumbers, rows, 0);
    this.buckets = grownFloat64(this.buckets, rows);
    this.labels = grownInt32(this.labels, rows, 0);
    this.epochs = grownUint16(this.epochs, rows);
    this.nexts = grownFloat64(this.nexts, rows);
    this.starts = grownInt32(this.starts, rows, 0);
    this.#closesAtMs = grownFloat64(this.#closesAtMs, rows);
    const blocks = ((this.labels.length - 1) >> BLOCK_BITS) + 1;
    this.#blockEpochs = grownUint16(this.#blockEpochs, blocks);
    this.#blockNexts = grownFloat64(this.#blockNexts, blocks);
  }
}

function isAbove(rowEpoch: number, rowNext: number, epoch: number, next: number): boolean {
  return rowEpoch > epoch || (rowEpoch === epoch && rowNext > next);
}
