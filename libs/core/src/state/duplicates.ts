/** Remembers the ids of the last N accepted events of a partition, so that a repeat is told apart before any register sees it. */
import { grownUint32 } from './typed-arrays.ts';

const INITIAL_RING = 1024;

/** 64-bit ids as two unsigned words. Exact: an id is known if and only if it is among the last `capacity` added. */
export class DuplicateFilter {
  readonly capacity: number;
  /** How many ids were ever added; id number n is at `n mod capacity` of the ring. */
  added = 0;
  /** Two words per id; grows up to the capacity. */
  ring = new Uint32Array(INITIAL_RING * 2);
  /** Place in the ring + 1, and above it bits of the id's high word, so that another id is told apart without looking into the ring; 0 is free. */
  #index = new Int32Array(INITIAL_RING * 2);
  #mask = INITIAL_RING * 2 - 1;
  /** The bits of an entry that say the place. */
  readonly #placeBits: number;

  /** `capacity` is a power of two, from 1,024 to 2^30. */
  constructor(options: { capacity: number }) {
    this.capacity = options.capacity;
    this.#placeBits = 2 * options.capacity - 1;
  }

  /** Memory taken. */
  get bytes(): number {
    return this.ring.byteLength + this.#index.byteLength;
  }

  has(high: number, low: number): boolean {
    for (let probe = low & this.#mask; ; probe = (probe + 1) & this.#mask) {
      const entry = this.#index[probe] as number;
      if (entry === 0) return false;
      if (((entry ^ high) & ~this.#placeBits) !== 0) continue;
      const place = (entry & this.#placeBits) - 1;
      if (this.ring[place * 2 + 1] === low && this.ring[place * 2] === high) return true;
    }
  }

  /** Adds an id that is not in the filter; the oldest leaves once `capacity` are in. */
  add(high: number, low: number): void {
    const place = this.added % this.capacity;
    if (this.added >= this.capacity) this.#forget(place);
    else if ((place + 1) * 2 > this.ring.length) this.#grow();
    this.ring[place * 2] = high;
    this.ring[place * 2 + 1] = low;
    this.added++;
    this.#enter(place);
  }

  /** Number of the oldest id that is still known. */
  get oldest(): number {
    return Math.max(0, this.added - this.capacity);
  }

  /** The id of a number from `oldest` up to `added` - 1. */
  high(number: number): number {
    return this.ring[(number % this.capacity) * 2] as number;
  }

  low(number: number): number {
    return this.ring[(number % this.capacity) * 2 + 1] as number;
  }

  /** Brings an empty filter back to `added` ids; `ids` are the known ones, high and low word, from the oldest on. */
  restore(added: number, ids: Uint32Array): void {
    this.added = added;
    const { oldest } = this;
    if (ids.length !== (added - oldest) * 2) throw new RangeError(`${ids.length} words for the ids ${oldest} to ${added}`);
    let places = INITIAL_RING;
    while (places < added - oldest) places *= 2;
    this.ring = new Uint32Array(places * 2);
    this.#index = new Int32Array(places * 2);
    this.#mask = places * 2 - 1;
    for (let number = oldest; number < added; number++) {
      const place = number % this.capacity;
      this.ring[place * 2] = ids[(number - oldest) * 2] as number;
      this.ring[place * 2 + 1] = ids[(number - oldest) * 2 + 1] as number;
      this.#enter(place);
    }
  }

  #enter(place: number): void {
    let probe = (this.ring[place * 2 + 1] as number) & this.#mask;
    while (this.#index[probe] !== 0) probe = (probe + 1) & this.#mask;
    this.#index[probe] = ((this.ring[place * 2] as number) & ~this.#placeBits) | (place + 1);
  }

  /** Takes the id at a place of the ring out of the index, closing the hole by moving later entries of its run back. */
  #forget(place: number): void {
    const index = this.#index;
    let hole = (this.ring[place * 2 + 1] as number) & this.#mask;
    while (((index[hole] as number) & this.#placeBits) !== place + 1) hole = (hole + 1) & this.#mask;
    for (let probe = (hole + 1) & this.#mask; index[probe] !== 0; probe = (probe + 1) & this.#mask) {
      const home = (this.ring[(((index[probe] as number) & this.#placeBits) - 1) * 2 + 1] as number) & this.#mask;
      const fromHome = (probe - home) & this.#mask;
      const fromHole = (probe - hole) & this.#mask;
      if (fromHome < fromHole) continue;
      index[hole] = index[probe] as number;
      hole = probe;
    }
    index[hole] = 0;
  }

  #grow(): void {
    this.ring = grownUint32(this.ring, Math.min(this.ring.length * 2, this.capacity * 2));
    this.#index = new Int32Array(this.#index.length * 2);
    this.#mask = this.#index.length - 1;
    for (let place = 0; place < this.added; place++) this.#enter(place);
  }
}
