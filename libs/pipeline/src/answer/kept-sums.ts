/** The rows of one question's tables as they were last read of each partition, and their sums: a row that changed is taken off as it was and added as it is. */
import { type BucketRange, type RowSource, type Rows, type SourceOf, sumOfBuckets } from '@tidemark/core';
import type { CellRow, TableRange } from '../ports/sink.ts';
import type { ChosenHead, PartitionReading } from './read.ts';
import { isWithin, NO_ROWS } from './rows.ts';

/** What is kept of a row beside its integers, and of each bucket and value beside its rows: roughly, in bytes of V8's heap. */
const BYTES_PER_ROW = 64;
const BYTES_PER_PLACE = 480;
const BYTES_PER_CELL = 8;
/** Of one table: the asked range, the one before, and both cut to equal length. */
const RANGES_KEPT = 4;

/** One slice value of a table. */
interface KeptValue {
  readonly sums: Map<number, number[]>;
  /** By bucket, the row of each partition in the order of `#partitions`. */
  readonly parts: Map<number, (readonly number[] | undefined)[]>;
}

interface RangeSums extends BucketRange {
  readonly byValue: Map<string, number[]>;
}

interface KeptTable {
  readonly range: TableRange;
  readonly values: Map<string, KeptValue>;
  readonly ranges: RangeSums[];
}

/** Not for two readers at once: whoever brings it up to date answers from it before the next one does. */
export class KeptSums {
  /** By partition, the head up to which its rows are whole. */
  readonly heads = new Map<number, ChosenHead>();
  /** When the oldest of its rows was read whole, epoch ms; −Infinity before. */
  wholeSinceMs = Number.NEGATIVE_INFINITY;
  readonly #partitions: readonly number[];
  readonly #tables = new Map<string, Map<string, KeptTable>>();
  #rows = 0;
  #places = 0;
  #cells = 0;

  constructor(partitions: readonly number[], ranges: readonly TableRange[]) {
    this.#partitions = partitions;
    for (const range of ranges) {
      const ofMetric = this.#tables.get(range.metric) ?? new Map<string, KeptTable>();
      this.#tables.set(range.metric, ofMetric);
      ofMetric.set(range.table, { range, values: new Map(), ranges: [] });
    }
  }

  /** About what it takes of the heap. */
  get bytes(): number {
    return this.#rows * BYTES_PER_ROW + this.#places * BYTES_PER_PLACE + this.#cells * BYTES_PER_CELL;
  }

  /** Rows that take the place of those of the same name; all of the partition's when it was read whole. Rows outside the ranges are left out. */
  take({ partition, store, head, rows, since }: PartitionReading): void {
    // Gone while it is at work: what breaks in between is read whole again.
    this.heads.delete(partition);
    const place = this.#partitions.indexOf(partition);
    if (since === undefined) this.#forget(place);
    for (const row of rows) {
      const table = this.#tables.get(row.metric)?.get(row.table);
      if (table !== undefined && isWithin(row, table.range)) this.#put(table, place, row);
    }
    this.heads.set(partition, { partition, store, head });
  }

  /** Reads as of now: nothing of it is to be held on to. */
  readonly sourceOf: SourceOf = (metricId): RowSource => {
    const tables = this.#tables.get(metricId);
    return {
      rows: (table, value): Rows => tables?.get(table)?.values.get(value)?.sums ?? NO_ROWS,
      values: (table) => [...(tables?.get(table)?.values.keys() ?? [])],
      sum: (table, value, range) => this.#sum(tables?.get(table), value, range),
    };
  };

  #put(table: KeptTable, place: number, row: CellRow): void {
    let kept = table.values.get(row.value);
    if (kept === undefined) {
      kept = { sums: new Map(), parts: new Map() };
      table.values.set(row.value, kept);
    }
    let parts = kept.parts.get(row.bucket);
    if (parts === undefined) {
      parts = new Array<readonly number[] | undefined>(this.#partitions.length).fill(undefined);
      kept.parts.set(row.bucket, parts);
      this.#places++;
    }
    const was = parts[place];
    const is = copyOf(row.cells);
    const sums = kept.sums.get(row.bucket);
    if (sums === undefined) kept.sums.set(row.bucket, is.slice());
    else change(sums, was, is);
    if (was === undefined) this.#rows++;
    this.#cells += is.length - (was?.length ?? 0);
    parts[place] = is;
    for (const { from, to, byValue } of table.ranges) if (row.bucket >= from && row.bucket <= to) change(byValue.get(row.value), was, is);
  }

  /** Takes all rows of a partition off. */
  #forget(place: number): void {
    for (const tables of this.#tables.values()) {
      for (const table of tables.values()) {
        table.ranges.length = 0;
        for (const [value, kept] of table.values) {
          for (const [bucket, parts] of kept.parts) {
            const was = parts[place];
            if (was === undefined) continue;
            parts[place] = undefined;
            this.#rows--;
            this.#cells -= was.length;
            change(kept.sums.get(bucket), was, undefined);
            if (parts.some((part) => part !== undefined)) continue;
            kept.parts.delete(bucket);
            kept.sums.delete(bucket);
            this.#places--;
          }
          if (kept.parts.size === 0) table.values.delete(value);
        }
      }
    }
  }

  #sum(table: KeptTable | undefined, value: string, range: BucketRange): ArrayLike<number> {
    const kept = table?.values.get(value);
    if (table === undefined || kept === undefined) return [];
    if (range.from === range.to) return kept.sums.get(range.from) ?? [];
    let sums = table.ranges.find(({ from, to }) => from === range.from && to === range.to);
    if (sums === undefined) {
      sums = { from: range.from, to: range.to, byValue: new Map() };
      table.ranges.push(sums);
      if (table.ranges.length > RANGES_KEPT) table.ranges.shift();
    }
    let own = sums.byValue.get(value);
    if (own === undefined) {
      own = Array.from(sumOfBuckets(kept.sums, range));
      sums.byValue.set(value, own);
    }
    return own;
  }
}

/** Column by column; what is missing is zero. */
function change(sums: number[] | undefined, was: readonly number[] | undefined, is: readonly number[] | undefined): void {
  if (sums === undefined) return;
  if (was !== undefined && was.length === is?.length && is.length <= sums.length) {
    for (let column = 0; column < is.length; column++) {
      const difference = (is[column] as number) - (was[column] as number);
      if (difference !== 0) sums[column] = (sums[column] as number) + difference;
    }
    return;
  }
  const width = Math.max(was?.length ?? 0, is?.length ?? 0);
  for (let column = 0; column < width; column++) sums[column] = (sums[column] ?? 0) + (is?.[column] ?? 0) - (was?.[column] ?? 0);
}

/** Ten times as fast for a list as Array.from, which goes by its iterator. */
function copyOf(cells: ArrayLike<number>): number[] {
  return Array.isArray(cells) ? cells.slice() : Array.from(cells);
}
