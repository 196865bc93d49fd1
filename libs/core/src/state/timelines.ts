/** The `Times` register: per actor the sorted set of (instant, messageId hash) with what was captured, in blocks of one typed-array arena. */
import { grownFloat64, grownInt32 } from './typed-arrays.ts';

/** Fixed words of an element: id high, id low, mask of the selectors that it matched. */
const ID_HIGH = 0;
const ID_LOW = 1;
const MASK = 2;
const CAPTURED = 3;
/** A row's numbers side by side: where its block begins, how many elements it holds, the block's size class, and 1 once it has changed. None straddles a line of the cache. */
const ROW_WORDS = 4;
const START = 0;
const LENGTH = 1;
const CLASS = 2;
const CHANGED = 3;
const LARGEST_CLASS = 20;

/**
 * One timeline per actor. Elements are ordered by instant, then by id; an equal (instant, id) is the same event.
 * An element's position is an index into the arena; positions change with every insertion.
 */
export class Timelines {
  readonly captures: number;
  /** Int32 words per element. */
  readonly stride: number;
  size = 0;
  /** Row of an actor by slot, -1 without one. */
  heads = new Int32Array(0);
  #rows = new Int32Array(64 * ROW_WORDS);
  /** Instants, epoch ms, by position. */
  times = new Float64Array(64);
  words: Int32Array<ArrayBuffer>;
  #used = 0;
  readonly #free: number[][] = Array.from({ length: LARGEST_CLASS + 1 }, () => []);

  constructor(options: { captures: number }) {
    this.captures = options.captures;
    this.stride = CAPTURED + options.captures;
    this.words = new Int32Array(64 * this.stride);
  }

  /** Memory taken, `heads` included; free blocks are listed beside it. */
  get bytes(): number {
    return this.heads.byteLength + this.#rows.byteLength + this.times.byteLength + this.words.byteLength;
  }

  find(slot: number): number {
    return slot < this.heads.length ? (this.heads[slot] as number) : -1;
  }

  ensure(slot: number): number {
    const found = this.find(slot);
    if (found >= 0) return found;
    this.heads = grownInt32(this.heads, slot + 1, -1);
    const row = this.size++;
    this.#rows = grownInt32(this.#rows, this.size * ROW_WORDS, 0);
    this.heads[slot] = row;
    this.#rows[row * ROW_WORDS + START] = this.#allocate(0);
    this.#rows[row * ROW_WORDS + CHANGED] = 1;
    return row;
  }

  /** Takes memory for so many actors and rows at once, each as long as those that are there on average. */
  reserve(slots: number, rows: number): void {
    const used = this.size === 0 ? 0 : Math.ceil((this.#used / this.size) * rows);
    this.heads = grownInt32(this.heads, slots, -1);
    this.#rows = grownInt32(this.#rows, rows * ROW_WORDS, 0);
    this.times = grownFloat64(this.times, used);
    this.words = grownInt32(this.words, used * this.stride, 0);
  }

  /** Position of a row's first element. */
  start(row: number): number {
    return this.#rows[row * ROW_WORDS + START] as number;
  }

  /** How many elements a row holds. */
  length(row: number): number {
    return this.#rows[row * ROW_WORDS + LENGTH] as number;
  }

  /** Whether the actor's row is new or has other elements since this was last asked. */
  takeChanged(slot: number): boolean {
    const row = this.find(slot);
    if (row < 0) return false;
    const at = row * ROW_WORDS + CHANGED;
    const changed = this.#rows[at] === 1;
    this.#rows[at] = 0;
    return changed;
  }

  /** As if every actor had been asked for. */
  settle(): void {
    for (let row = 0; row < this.size; row++) this.#rows[row * ROW_WORDS + CHANGED] = 0;
  }

  /** How many elements all rows hold together; looks at every row. */
  get elements(): number {
    let sum = 0;
    for (let row = 0; row < this.size; row++) sum += this.length(row);
    return sum;
  }

  mask(position: number): number {
    return this.words[position * this.stride + MASK] as number;
  }

  captured(position: number, capture: number): number {
    return this.words[position * this.stride + CAPTURED + capture] as number;
  }

  idHigh(position: number): number {
    return (this.words[position * this.stride + ID_HIGH] as number) >>> 0;
  }

  idLow(position: number): number {
    return (this.words[position * this.stride + ID_LOW] as number) >>> 0;
  }

  /** Of an element that was just inserted: the row knows already that it has changed. */
  setCaptured(position: number, capture: number, value: number): void {
    this.words[position * this.stride + CAPTURED + capture] = value;
  }

  /** First index (from the row's start) whose instant is at or after `timeMs`. */
  lowerBound(row: number, timeMs: number): number {
    const start = this.start(row);
    let low = 0;
    let high = this.length(row);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[start + middle] as number) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where an element would be inserted, counted from the row's start; -1 when it is already there. */
  place(row: number, timeMs: number, idHigh: number, idLow: number): number {
    let index = this.lowerBound(row, timeMs);
    const start = this.start(row);
    for (const length = this.length(row); index < length && this.times[start + index] === timeMs; index++) {
      const high = this.idHigh(start + index);
      const low = this.idLow(start + index);
      if (high === idHigh && low === idLow) return -1;
      if (high > idHigh || (high === idHigh && low > idLow)) break;
    }
    return index;
  }

  /** Inserts at an index from `place`; captured words are zero. Answers the element's position. */
  insert(row: number, index: number, timeMs: number, idHigh: number, idLow: number, mask: number): number {
    const length = this.length(row);
    if (length === 1 << (this.#rows[row * ROW_WORDS + CLASS] as number)) this.#widen(row);
    const start = this.start(row);
    const at = start + index;
    const stride = this.stride;
    this.times.copyWithin(at + 1, at, start + length);
    this.words.copyWithin((at + 1) * stride, at * stride, (start + length) * stride);
    this.times[at] = timeMs;
    this.words.fill(0, at * stride, (at + 1) * stride);
    this.words[at * stride + ID_HIGH] = idHigh | 0;
    this.words[at * stride + ID_LOW] = idLow | 0;
    this.words[at * stride + MASK] = mask;
    this.#rows[row * ROW_WORDS + LENGTH] = length + 1;
    this.#rows[row * ROW_WORDS + CHANGED] = 1;
    return at;
  }

  /** Forgets the `count` earliest elements of a row. */
  dropEarliest(row: number, count: number): void {
    if (count <= 0) return;
    const start = this.start(row);
    const end = start + this.length(row);
    this.times.copyWithin(start, start + count, end);
    this.words.copyWithin(start * this.stride, (start + count) * this.stride, end * this.stride);
    this.#rows[row * ROW_WORDS + LENGTH] = this.length(row) - count;
    this.#rows[row * ROW_WORDS + CHANGED] = 1;
  }

  /** Forgets the elements from an index on that are not worth keeping; asked in order. */
  retain(row: number, from: number, isKept: (position: number) => boolean): void {
    const start = this.start(row);
    const end = start + this.length(row);
    let to = start + from;
    for (let position = to; position < end; position++) {
      if (!isKept(position)) continue;
      this.times[to] = this.times[position] as number;
      this.words.copyWithin(to * this.stride, position * this.stride, (position + 1) * this.stride);
      to++;
    }
    this.#rows[row * ROW_WORDS + LENGTH] = to - start;
    this.#rows[row * ROW_WORDS + CHANGED] = 1;
  }

  #widen(row: number): void {
    const sizeClass = this.#rows[row * ROW_WORDS + CLASS] as number;
    const from = this.start(row);
    const length = this.length(row);
    const to = this.#allocate(sizeClass + 1);
    this.times.copyWithin(to, from, from + length);
    this.words.copyWithin(to * this.stride, from * this.stride, (from + length) * this.stride);
    this.#free[sizeClass]?.push(from);
    this.#rows[row * ROW_WORDS + START] = to;
    this.#rows[row * ROW_WORDS + CLASS] = sizeClass + 1;
  }

  /** A block of 2^sizeClass elements. */
  #allocate(sizeClass: number): number {
    const reused = this.#free[sizeClass]?.pop();
    if (reused !== undefined) return reused;
    const at = this.#used;
    this.#used += 1 << sizeClass;
    this.times = grownFloat64(this.times, this.#used);
    this.words = grownInt32(this.words, this.#used * this.stride, 0);
    return at;
  }
}
