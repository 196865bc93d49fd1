/** Numbers actors: an open-addressing table from 128-bit keys to consecutive slots, in typed arrays (a JS Map ends at 2^24 entries). */

const INITIAL_SLOTS = 1024;

/** Slots are given out from 0 in order of first sight and never taken back. */
export class ActorTable {
  /** Four unsigned words per slot. */
  keys = new Uint32Array(INITIAL_SLOTS * 4);
  size = 0;
  #index = new Int32Array(INITIAL_SLOTS * 2);
  #mask = INITIAL_SLOTS * 2 - 1;

  /** Memory taken. */
  get bytes(): number {
    return this.keys.byteLength + this.#index.byteLength;
  }

  /** The slot of a key, or -1. */
  find(key0: number, key1: number, key2: number, key3: number): number {
    const index = this.#index;
    const keys = this.keys;
    for (let probe = key0 & this.#mask; ; probe = (probe + 1) & this.#mask) {
      const slot = (index[probe] as number) - 1;
      if (slot < 0) return -1;
      const at = slot * 4;
      if (keys[at] === key0 && keys[at + 1] === key1 && keys[at + 2] === key2 && keys[at + 3] === key3) return slot;
    }
  }

  findOrAdd(key0: number, key1: number, key2: number, key3: number): number {
    const found = this.find(key0, key1, key2, key3);
    if (found >= 0) return found;
    if ((this.size + 1) * 2 > this.#mask) this.#grow();
    const slot = this.size++;
    const at = slot * 4;
    this.keys[at] = key0;
    this.keys[at + 1] = key1;
    this.keys[at + 2] = key2;
    this.keys[at + 3] = key3;
    this.#place(slot, key0);
    return slot;
  }

  /** Takes memory for so many slots at once. */
  reserve(slots: number): void {
    while (this.#mask < slots * 2) this.#grow();
  }

  #place(slot: number, key0: number): void {
    let probe = key0 & this.#mask;
    while (this.#index[probe] !== 0) probe = (probe + 1) & this.#mask;
    this.#index[probe] = slot + 1;
  }

  #grow(): void {
    const keys = new Uint32Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
    this.#index = new Int32Array(this.#index.length * 2);
    this.#mask = this.#index.length - 1;
    for (let slot = 0; slot < this.size; slot++) this.#place(slot, keys[slot * 4] as number);
  }
}
