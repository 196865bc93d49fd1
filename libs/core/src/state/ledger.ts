/** What each actor has added to the open rows of totals that are also kept by held values: what has to move when the actor's value does. */
import { grownFloat64, grownInt32 } from './typed-arrays.ts';

/** Places of a new index; a power of two. */
const FIRST_PLACES = 64;
/** Nothing is swept out below so many entries. */
const SWEPT_FROM = 1024;
const NONE = -1;

/** Sums by (actor, table, bucket, label within the total, column). What no move can concern any more is swept out now and then, and is no state. */
export class HeldLedger {
  size = 0;
  /** By slot the actor's latest entry, and by entry the one before it; −1 ends. */
  #heads = new Int32Array(0);
  #nexts = new Int32Array(64);
  slots = new Int32Array(64);
  tables = new Int32Array(64);
  buckets = new Float64Array(64);
  labels = new Int32Array(64);
  columns = new Int32Array(64);
  amounts = new Float64Array(64);
  /** Open addressing by steps of one: entry + 1, or 0; at most half full. */
  #index = new Int32Array(FIRST_PLACES);
  #sweepAt = SWEPT_FROM;

  /** The actor's latest entry, −1 without one. */
  first(slot: number): number {
    return slot < this.#heads.length ? (this.#heads[slot] as number) : NONE;
  }

  following(entry: number): number {
    return this.#nexts[entry] as number;
  }

  find(slot: number, table: number, bucket: number, label: number, column: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let place = hashOf(slot, table, bucket, label, column) & mask; ; place = (place + 1) & mask) {
      const entry = (index[place] as number) - 1;
      if (entry < 0) return NONE;
      if (
        this.slots[entry] === slot &&
        this.buckets[entry] === bucket &&
        this.columns[entry] === column &&
        this.tables[entry] === table &&
        this.labels[entry] === label
      )
        return entry;
    }
  }

  /** Made with the amount 0 when absent. */
  ensure(slot: number, table: number, bucket: number, label: number, column: number): number {
    const found = this.find(slot, table, bucket, label, column);
    if (found >= 0) return found;
    const entry = this.size++;
    this.#grow();
    this.#heads = grownInt32(this.#heads, slot + 1, NONE);
    this.slots[entry] = slot;
    this.tables[entry] = table;
    this.buckets[entry] = bucket;
    this.labels[entry] = label;
    this.columns[entry] = column;
    this.amounts[entry] = 0;
    this.#nexts[entry] = this.#heads[slot] as number;
    this.#heads[slot] = entry;
    if (this.size * 2 > this.#index.length) this.#reindex(this.#index.length * 2);
    else this.#place(entry);
    return entry;
  }

  /** When there is twice as much as was left the last time: keeps the entries that are wanted. Numbers of entries change. */
  sweep(isKept: (entry: number) => boolean): void {
    if (this.size < this.#sweepAt) return;
    let kept = 0;
    this.#heads.fill(NONE);
    for (let entry = 0; entry < this.size; entry++) {
      if (!isKept(entry)) continue;
      const slot = this.slots[entry] as number;
      this.slots[kept] = slot;
      this.tables[kept] = this.tables[entry] as number;
      this.buckets[kept] = this.buckets[entry] as number;
      this.labels[kept] = this.labels[entry] as number;
      this.columns[kept] = this.columns[entry] as number;
      this.amounts[kept] = this.amounts[entry] as number;
      this.#nexts[kept] = this.#heads[slot] as number;
      this.#heads[slot] = kept++;
    }
    this.size = kept;
    this.#sweepAt = Math.max(SWEPT_FROM, kept * 2);
    this.#reindex(this.#index.length);
  }

  #grow(): void {
    // Each by itself: arrays of integers and of doubles do not grow alike.
    const { size } = this;
    this.#nexts = grownInt32(this.#nexts, size, 0);
    this.slots = grownInt32(this.slots, size, 0);
    this.tables = grownInt32(this.tables, size, 0);
    this.buckets = grownFloat64(this.buckets, size);
    this.labels = grownInt32(this.labels, size, 0);
    this.columns = grownInt32(this.columns, size, 0);
    this.amounts = grownFloat64(this.amounts, size);
  }

  #reindex(places: number): void {
    this.#index = new Int32Array(places);
    for (let entry = 0; entry < this.size; entry++) this.#place(entry);
  }

  #place(entry: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    const { slots, tables, buckets, labels, columns } = this;
    let place =
      hashOf(slots[entry] as number, tables[entry] as number, buckets[entry] as number, labels[entry] as number, columns[entry] as number) & mask;
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = entry + 1;
  }
}

function hashOf(slot: number, table: number, bucket: number, label: number, column: number): number {
  let mixed = Math.imul(slot, 0x9e3779b1) ^ Math.imul(bucket | 0, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) ^ Math.imul(column + Math.imul(label, 31) + Math.imul(table, 0x01000193), 0x27d4eb2f);
  return mixed ^ (mixed >>> 16);
}
