/** Which registers of which actors segments have brought so far: read from the newest segment on, the first record of a register says all of it. */

const WORD_BITS = 32;

/** One bit per register of each slot. */
export class SeenRegisters {
  readonly #words: number;
  #bits: Uint32Array<ArrayBuffer>;

  constructor(registers: number) {
    this.#words = Math.max(1, Math.ceil(registers / WORD_BITS));
    this.#bits = new Uint32Array(1024 * this.#words);
  }

  /** True the first time. */
  take(slot: number, register: number): boolean {
    const at = slot * this.#words + (register >>> 5);
    if (at >= this.#bits.length) this.#grow(at + 1);
    const bit = 1 << (register & 31);
    const seen = this.#bits[at] as number;
    this.#bits[at] = seen | bit;
    return (seen & bit) === 0;
  }

  /** Nothing of the actor is asked of older segments. */
  takeAll(slot: number): void {
    const at = slot * this.#words;
    if (at + this.#words > this.#bits.length) this.#grow(at + this.#words);
    this.#bits.fill(0xffffffff, at, at + this.#words);
  }

  #grow(length: number): void {
    const grown = new Uint32Array(Math.max(length, this.#bits.length * 2));
    grown.set(this.#bits);
    this.#bits = grown;
  }
}
