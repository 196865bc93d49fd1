/** The `Days` register: per actor and label, the set of buckets with a match, as a bitmap that slides with the actor's latest bucket. */
import { grownInt32 } from './typed-arrays.ts';

/** No bucket: below every bucket number. */
export const NO_BUCKET = -(2 ** 31);

const WORD_BITS = 32;
/** Rows that memory is taken for at first. */
const FIRST_ROWS = 64;

/** A row is one stretch of words: its label, the actor's next row, the number of its window's highest word, `before`, then the window. */
const LABEL = 0;
/** Beside a label: the row has changed since somebody asked. Labels are far smaller. */
const CHANGED = -(2 ** 31);
const LABEL_BITS = ~CHANGED;
const FOLLOWING = 1;
const TOP = 2;
const BEFORE = 3;
const WINDOW = 4;

/**
 * Rows of one register. A label tells an actor's rows apart: a slice value's number, a funnel's step, or 0.
 * The window always ends at the word of the latest bucket; what slides out below is remembered as `before`, the last bucket under the window,
 * so the bucket before any bucket inside the window is exact for ever. What one event touches lies side by side: memory is what the fold waits for.
 */
export class BucketSets {
  /** 32-bucket words per row; the window is at least the horizon plus lateness long. */
  words: number;
  size = 0;
  /** First row of an actor by slot, -1 without one; further rows by `following`. */
  heads = new Int32Array(0);
  /** Words of a row. */
  #stride: number;
  /** Row after row. Word w of a row's window is at `row * stride + WINDOW + (w mod words)`. */
  #data: Int32Array<ArrayBuffer>;

  constructor(options: { windowBuckets: number }) {
    this.words = Math.ceil(options.windowBuckets / WORD_BITS) + 1;
    this.#stride = WINDOW + this.words;
    this.#data = new Int32Array(FIRST_ROWS * this.#stride);
  }

  /** Makes the window longer, before the first row. */
  widen(windowBuckets: number): void {
    const words = Math.ceil(windowBuckets / WORD_BITS) + 1;
    if (words <= this.words) return;
    if (this.size > 0) throw new Error('a register that holds rows cannot be widened');
    this.words = words;
    this.#stride = WINDOW + words;
    this.#data = new Int32Array(FIRST_ROWS * this.#stride);
  }

  /** Memory taken, `heads` included. */
  get bytes(): number {
    return this.#data.byteLength + this.heads.byteLength;
  }

  find(slot: number, label: number): number {
    const data = this.#data;
    const stride = this.#stride;
    let row = slot < this.heads.length ? (this.heads[slot] as number) : -1;
    while (row >= 0 && ((data[row * stride] as number) & LABEL_BITS) !== label) row = data[row * stride + FOLLOWING] as number;
    return row;
  }

  first(slot: number): number {
    return slot < this.heads.length ? (this.heads[slot] as number) : -1;
  }

  /** The actor's row after this one, -1 after the last. */
  following(row: number): number {
    return this.#data[row * this.#stride + FOLLOWING] as number;
  }

  label(row: number): number {
    return (this.#data[row * this.#stride + LABEL] as number) & LABEL_BITS;
  }

  /** Number of the highest word (bucket >> 5) of a row's window; NO_BUCKET of an empty row. */
  top(row: number): number {
    return this.#data[row * this.#stride + TOP] as number;
  }

  /** The last bucket under a row's window, or NO_BUCKET. */
  before(row: number): number {
    return this.#data[row * this.#stride + BEFORE] as number;
  }

  /** The row, made when absent. */
  ensure(slot: number, label: number): number {
    const found = this.find(slot, label);
    if (found >= 0) return found;
    this.heads = grownInt32(this.heads, slot + 1, -1);
    const row = this.size++;
    const stride = this.#stride;
    this.#data = grownInt32(this.#data, this.size * stride, 0);
    const at = row * stride;
    this.#data[at + LABEL] = label | CHANGED;
    this.#data[at + FOLLOWING] = this.heads[slot] as number;
    this.#data[at + TOP] = NO_BUCKET;
    this.#data[at + BEFORE] = NO_BUCKET;
    this.heads[slot] = row;
    return row;
  }

  /** Takes memory for so many actors and rows at once. */
  reserve(slots: number, rows: number): void {
    this.heads = grownInt32(this.heads, slots, -1);
    this.#data = grownInt32(this.#data, rows * this.#stride, 0);
  }

  has(row: number, bucket: number): boolean {
    const word = bucket >> 5;
    const top = this.top(row);
    if (word > top || word <= top - this.words) return false;
    return (((this.#data[this.#at(row, word)] as number) >>> (bucket & 31)) & 1) === 1;
  }

  /** True when the bucket was not in the set. Throws for a bucket under the window: an on-time event never names one. */
  add(row: number, bucket: number): boolean {
    const word = bucket >> 5;
    const top = this.top(row);
    if (word > top) this.#slide(row, word);
    else if (word <= top - this.words) throw new RangeError(`bucket ${bucket} is under the window of its register`);
    const at = this.#at(row, word);
    const bit = 1 << (bucket & 31);
    const old = this.#data[at] as number;
    if ((old & bit) !== 0) return false;
    this.#data[at] = old | bit;
    this.#change(row);
    return true;
  }

  /** True when the bucket was in the set. */
  remove(row: number, bucket: number): boolean {
    if (!this.has(row, bucket)) return false;
    const at = this.#at(row, bucket >> 5);
    this.#data[at] = (this.#data[at] as number) & ~(1 << (bucket & 31));
    this.#change(row);
    return true;
  }

  /** The latest bucket below `bucket`, or NO_BUCKET. Exact for buckets inside the window. */
  previous(row: number, bucket: number): number {
    const top = this.top(row);
    let word = (bucket - 1) >> 5;
    let masked = -1;
    if (word > top) word = top;
    else masked = -1 >>> (31 - ((bucket - 1) & 31));
    for (const lowest = top - this.words + 1; word >= lowest; word--) {
      const bits = (this.#data[this.#at(row, word)] as number) & masked;
      if (bits !== 0) return word * WORD_BITS + 31 - Math.clz32(bits);
      masked = -1;
    }
    const before = this.before(row);
    return before < bucket ? before : NO_BUCKET;
  }

  /** The earliest bucket above `bucket`, or NO_BUCKET. */
  next(row: number, bucket: number): number {
    const top = this.top(row);
    let word = (bucket + 1) >> 5;
    let masked = -1 << ((bucket + 1) & 31);
    const lowest = top - this.words + 1;
    if (word < lowest) {
      word = lowest;
      masked = -1;
    }
    for (; word <= top; word++) {
      const bits = (this.#data[this.#at(row, word)] as number) & masked;
      if (bits !== 0) return word * WORD_BITS + 31 - Math.clz32(bits & -bits);
      masked = -1;
    }
    return NO_BUCKET;
  }

  /** How many buckets of [from, to] are in the set; both inside the window or above it. */
  count(row: number, from: number, to: number): number {
    const top = this.top(row);
    const first = from >> 5;
    const last = to >> 5;
    let found = 0;
    for (let word = Math.max(first, top - this.words + 1); word <= last && word <= top; word++) {
      let bits = this.#data[this.#at(row, word)] as number;
      if (word === first) bits &= -1 << (from & 31);
      if (word === last) bits &= -1 >>> (31 - (to & 31));
      found += setBits(bits);
    }
    return found;
  }

  /** Whether a row of the actor is new or has taken a bucket in or lost one since this was last asked. */
  takeChanged(slot: number): boolean {
    const data = this.#data;
    let changed = 0;
    for (let row = this.first(slot); row >= 0; row = this.following(row)) {
      const at = row * this.#stride + LABEL;
      changed |= (data[at] as number) & CHANGED;
      data[at] = (data[at] as number) & LABEL_BITS;
    }
    return changed !== 0;
  }

  /** As if every actor had been asked for. */
  settle(): void {
    for (let at = LABEL; at < this.size * this.#stride; at += this.#stride) this.#data[at] = (this.#data[at] as number) & LABEL_BITS;
  }

  /** A word of a row's window, from `top - words + 1` up to `top`. */
  word(row: number, word: number): number {
    return this.#data[this.#at(row, word)] as number;
  }

  /** Brings a row of `ensure` back as it was packed, its window still empty; fill it by `restoreWord`. */
  restore(row: number, top: number, before: number): void {
    this.#data[row * this.#stride + TOP] = top;
    this.#data[row * this.#stride + BEFORE] = before;
  }

  restoreWord(row: number, word: number, bits: number): void {
    this.#data[this.#at(row, word)] = bits;
  }

  #change(row: number): void {
    const at = row * this.#stride + LABEL;
    this.#data[at] = (this.#data[at] as number) | CHANGED;
  }

  #at(row: number, word: number): number {
    const words = this.words;
    const rest = word % words;
    return row * this.#stride + WINDOW + (rest < 0 ? rest + words : rest);
  }

  /** Moves the window's end up to `word`; the latest bucket that falls out below becomes `before`. */
  #slide(row: number, word: number): void {
    const top = this.top(row);
    const data = this.#data;
    if (top !== NO_BUCKET) {
      const lowest = top - this.words + 1;
      for (let old = Math.min(top, word - this.words); old >= lowest; old--) {
        const bits = data[this.#at(row, old)] as number;
        if (bits === 0) continue;
        data[row * this.#stride + BEFORE] = old * WORD_BITS + 31 - Math.clz32(bits);
        break;
      }
      for (let fresh = Math.max(top + 1, word - this.words + 1); fresh <= word; fresh++) data[this.#at(row, fresh)] = 0;
    }
    data[row * this.#stride + TOP] = word;
  }
}

/** How many of 32 bits are 1: sums of neighbours, of pairs, of quarters, then of all bytes at once. */
function setBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const quarters = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((quarters + (quarters >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
