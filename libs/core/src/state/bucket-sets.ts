/** The `Days` register: per actor and label, the set of buckets with a match, as a bitmap that slides with the actor's latest bucket. */
import { grownInt32 } from './typed-arrays.ts';

/** No bucket: below every bucket number. */
export const NO_BUCKET = -(2 ** 31);

const WORD_BITS = 32;

/**
 * Rows of one register. A label tells an actor's rows apart: a slice value's number, a funnel's step, or 0.
 * The window always ends at the word of the latest bucket; what slides out below is remembered as `before`, the last bucket under the window,
 * so the bucket before any bucket inside the window is exact for ever.
 */
export class BucketSets {
  /** 32-bucket words per row; the window is at least the horizon plus lateness long. */
  words: number;
  size = 0;
  /** First row of an actor by slot, -1 without one; further rows by `following`. */
  heads = new Int32Array(0);
  labels = new Int32Array(64);
  following = new Int32Array(64);
  /** Number of the highest word (bucket >> 5) of the window. */
  tops = new Int32Array(64);
  /** Word w of a row is at `row * words + (w mod words)`. */
  bits: Int32Array<ArrayBuffer>;
  befores = new Int32Array(64);

  constructor(options: { windowBuckets: number }) {
    this.words = Math.ceil(options.windowBuckets / WORD_BITS) + 1;
    this.bits = new Int32Array(64 * this.words);
  }

  /** Makes the window longer, before the first row. */
  widen(windowBuckets: number): void {
    const words = Math.ceil(windowBuckets / WORD_BITS) + 1;
    if (words <= this.words) return;
    if (this.size > 0) throw new Error('a register that holds rows cannot be widened');
    this.words = words;
    this.bits = new Int32Array(64 * words);
  }

  find(slot: number, label: number): number {
    let row = slot < this.heads.length ? (this.heads[slot] as number) : -1;
    while (row >= 0 && this.labels[row] !== label) row = this.following[row] as number;
    return row;
  }

  first(slot: number): number {
    return slot < this.heads.length ? (this.heads[slot] as number) : -1;
  }

  /** The row, made when absent. */
  ensure(slot: number, label: number): number {
    const found = this.find(slot, label);
    if (found >= 0) return found;
    this.heads = grownInt32(this.heads, slot + 1, -1);
    const row = this.size++;
    this.labels = grownInt32(this.labels, this.size, 0);
    this.following = grownInt32(this.following, this.size, 0);
    this.tops = grownInt32(this.tops, this.size, 0);
    this.befores = grownInt32(this.befores, this.size, 0);
    this.bits = grownInt32(this.bits, this.size * this.words, 0);
    this.labels[row] = label;
    this.tops[row] = NO_BUCKET;
    this.befores[row] = NO_BUCKET;
    this.following[row] = this.heads[slot] as number;
    this.heads[slot] = row;
    return row;
  }

  has(row: number, bucket: number): boolean {
    const word = bucket >> 5;
    const top = this.tops[row] as number;
    if (word > top || word <= top - this.words) return false;
    return (((this.bits[this.#at(row, word)] as number) >>> (bucket & 31)) & 1) === 1;
  }

  /** True when the bucket was not in the set. Throws for a bucket under the window: an on-time event never names one. */
  add(row: number, bucket: number): boolean {
    const word = bucket >> 5;
    const top = this.tops[row] as number;
    if (word > top) this.#slide(row, word);
    else if (word <= top - this.words) throw new RangeError(`bucket ${bucket} is under the window of its register`);
    const at = this.#at(row, word);
    const bit = 1 << (bucket & 31);
    const old = this.bits[at] as number;
    if ((old & bit) !== 0) return false;
    this.bits[at] = old | bit;
    return true;
  }

  /** True when the bucket was in the set. */
  remove(row: number, bucket: number): boolean {
    if (!this.has(row, bucket)) return false;
    const at = this.#at(row, bucket >> 5);
    this.bits[at] = (this.bits[at] as number) & ~(1 << (bucket & 31));
    return true;
  }

  /** The latest bucket below `bucket`, or NO_BUCKET. Exact for buckets inside the window. */
  previous(row: number, bucket: number): number {
    const top = this.tops[row] as number;
    let word = (bucket - 1) >> 5;
    let masked = -1;
    if (word > top) word = top;
    else masked = -1 >>> (31 - ((bucket - 1) & 31));
    for (const lowest = top - this.words + 1; word >= lowest; word--) {
      const bits = (this.bits[this.#at(row, word)] as number) & masked;
      if (bits !== 0) return word * WORD_BITS + 31 - Math.clz32(bits);
      masked = -1;
    }
    const before = this.befores[row] as number;
    return before < bucket ? before : NO_BUCKET;
  }

  /** The earliest bucket above `bucket`, or NO_BUCKET. */
  next(row: number, bucket: number): number {
    const top = this.tops[row] as number;
    let word = (bucket + 1) >> 5;
    let masked = -1 << ((bucket + 1) & 31);
    const lowest = top - this.words + 1;
    if (word < lowest) {
      word = lowest;
      masked = -1;
    }
    for (; word <= top; word++) {
      const bits = (this.bits[this.#at(row, word)] as number) & masked;
      if (bits !== 0) return word * WORD_BITS + 31 - Math.clz32(bits & -bits);
      masked = -1;
    }
    return NO_BUCKET;
  }

  /** How many buckets of [from, to] are in the set; both inside the window or above it. */
  count(row: number, from: number, to: number): number {
    const top = this.tops[row] as number;
    const first = from >> 5;
    const last = to >> 5;
    let found = 0;
    for (let word = Math.max(first, top - this.words + 1); word <= last && word <= top; word++) {
      let bits = this.bits[this.#at(row, word)] as number;
      if (word === first) bits &= -1 << (from & 31);
      if (word === last) bits &= -1 >>> (31 - (to & 31));
      found += setBits(bits);
    }
    return found;
  }

  /** Brings a row of `ensure` back as it was packed, its window still empty; fill it by `placeOf`. */
  restore(row: number, top: number, before: number): void {
    this.tops[row] = top;
    this.befores[row] = before;
  }

  /** Where a word of a row's window is in `bits`. */
  placeOf(row: number, word: number): number {
    return this.#at(row, word);
  }

  #at(row: number, word: number): number {
    const words = this.words;
    const rest = word % words;
    return row * words + (rest < 0 ? rest + words : rest);
  }

  /** Moves the window's end up to `word`; the latest bucket that falls out below becomes `before`. */
  #slide(row: number, word: number): void {
    const top = this.tops[row] as number;
    if (top !== NO_BUCKET) {
      const lowest = top - this.words + 1;
      for (let old = Math.min(top, word - this.words); old >= lowest; old--) {
        const bits = this.bits[this.#at(row, old)] as number;
        if (bits === 0) continue;
        this.befores[row] = old * WORD_BITS + 31 - Math.clz32(bits);
        break;
      }
      for (let fresh = Math.max(top + 1, word - this.words + 1); fresh <= word; fresh++) this.bits[this.#at(row, fresh)] = 0;
    }
    this.tops[row] = word;
  }
}

/** How many of 32 bits are 1: sums of neighbours, of pairs, of quarters, then of all bytes at once. */
function setBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const quarters = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((quarters + (quarters >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
