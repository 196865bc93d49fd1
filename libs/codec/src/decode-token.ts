/** What JSON tokens mean, remembered by their bytes: a token that repeats costs a look-up and allocates nothing. */

/** Bytes of tokens after which everything is forgotten, as after so many entries. */
const BYTE_LIMIT = 4_194_304;
/** A longer token is read anew each time. */
const TOKEN_LIMIT_BYTES = 1024;
/** Slots tried before a token counts as unknown, so that tokens made to collide slow nothing down. */
const PROBE_LIMIT = 16;

/** A bounded map from token bytes to what `read` makes of the token's text, a valid JSON string, number, boolean or null. */
export class TokenCache<Meaning> {
  readonly #read: (token: string) => Meaning;
  /** Entry number + 1 by hash; 0 is free. */
  readonly #slots: Int32Array;
  readonly #slotMask: number;
  readonly #entryLimit: number;
  /** By entry: where its bytes end in `#bytes`; they start where those of the entry before end. */
  readonly #ends: Int32Array;
  #meanings: Meaning[] = [];
  #bytes = new Uint8Array(4096);

  /** `entryLimit`: a power of two. */
  constructor(entryLimit: number, read: (token: string) => Meaning) {
    this.#read = read;
    this.#entryLimit = entryLimit;
    this.#slots = new Int32Array(entryLimit * 2);
    this.#slotMask = this.#slots.length - 1;
    this.#ends = new Int32Array(entryLimit + 1);
  }

  /** The meaning of the token between two positions. */
  get(bytes: Buffer, start: number, end: number): Meaning {
    let hash = end - start;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
    for (let probe = 0; probe < PROBE_LIMIT; probe += 1) {
      const entry = (this.#slots[(hash + probe) & this.#slotMask] ?? 0) - 1;
      if (entry < 0) break;
      if (this.#isEntry(entry, bytes, start, end)) {
        const meaning = this.#meanings[entry];
        if (meaning !== undefined) return meaning;
      }
    }
    return this.#remember(bytes, start, end, hash);
  }

  #isEntry(entry: number, bytes: Buffer, start: number, end: number): boolean {
    const known = this.#bytes;
    const from = this.#ends[entry] ?? 0;
    const length = end - start;
    if ((this.#ends[entry + 1] ?? 0) - from !== length) return false;
    for (let index = 0; index < length; index += 1) {
      if (known[from + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  #remember(bytes: Buffer, start: number, end: number, hash: number): Meaning {
    const meaning = this.#read(bytes.toString('utf8', start, end));
    const length = end - start;
    if (length > TOKEN_LIMIT_BYTES) return meaning;
    if (this.#meanings.length === this.#entryLimit || (this.#ends[this.#meanings.length] ?? 0) + length > BYTE_LIMIT) this.#forget();
    for (let probe = 0; probe < PROBE_LIMIT; probe += 1) {
      const slot = (hash + probe) & this.#slotMask;
      if (this.#slots[slot] !== 0) continue;
      const entry = this.#meanings.push(meaning) - 1;
      this.#keep(entry, bytes, start, length);
      this.#slots[slot] = entry + 1;
      break;
    }
    return meaning;
  }

  #keep(entry: number, bytes: Buffer, start: number, length: number): void {
    const from = this.#ends[entry] ?? 0;
    if (from + length > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, from, start, start + length);
    this.#ends[entry + 1] = from + length;
  }

  #forget(): void {
    this.#slots.fill(0);
    this.#meanings = [];
  }
}
