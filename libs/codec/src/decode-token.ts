/** What JSON tokens mean, remembered by their bytes: a token that repeats costs a look-up and allocates nothing. */
import type { ValueText } from './decode-text.ts';
import { wordAt } from './hash.ts';

/** Words of tokens after which everything is forgotten, as after so many entries. */
const WORD_LIMIT = 1_048_576;
/** A longer token is read anew each time. */
const TOKEN_LIMIT_BYTES = 1024;
/** Slots tried before a token counts as unknown, so that tokens made to collide slow nothing down. */
const PROBE_LIMIT = 16;

/** A bounded map from token bytes to what `read` makes of the token's text, a valid JSON string, number, boolean or null. */
export class TokenCache<Meaning extends object | null> {
  readonly #read: (token: string) => Meaning;
  readonly #entryLimit: number;
  /** Entry number + 1 by hash; 0 is free. */
  readonly #slots: Int32Array;
  readonly #slotMask: number;
  /** By entry: its length in bytes, and where its words start. */
  readonly #lengths: Int32Array;
  readonly #starts: Int32Array;
  #meanings: Meaning[] = [];
  #words = new Int32Array(1024);
  #wordCount = 0;

  /** `entryLimit`: a power of two. */
  constructor(entryLimit: number, read: (token: string) => Meaning) {
    this.#read = read;
    this.#entryLimit = entryLimit;
    this.#slots = new Int32Array(entryLimit * 2);
    this.#slotMask = this.#slots.length - 1;
    this.#lengths = new Int32Array(entryLimit);
    this.#starts = new Int32Array(entryLimit);
  }

  /** The meaning of the token between two positions. */
  get(text: ValueText, start: number, end: number): Meaning {
    const { view } = text;
    let hash = end - start;
    for (let at = start; at < end; at += 4) {
      hash = Math.imul(hash ^ wordAt(view, at, end - at), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (let probe = 0; probe < PROBE_LIMIT; probe += 1) {
      const entry = (this.#slots[(hash + probe) & this.#slotMask] ?? 0) - 1;
      if (entry < 0) break;
      if (this.#isEntry(entry, view, start, end)) {
        const meaning = this.#meanings[entry];
        if (meaning !== undefined) return meaning;
      }
    }
    return this.#remember(text, start, end, hash);
  }

  #isEntry(entry: number, view: DataView, start: number, end: number): boolean {
    if (this.#lengths[entry] !== end - start) return false;
    const words = this.#words;
    for (let at = start, index = this.#starts[entry] ?? 0; at < end; at += 4, index += 1) {
      if (words[index] !== wordAt(view, at, end - at)) return false;
    }
    return true;
  }

  #remember(text: ValueText, start: number, end: number, hash: number): Meaning {
    const meaning = this.#read(text.bytes.toString('utf8', start, end));
    if (end - start > TOKEN_LIMIT_BYTES) return meaning;
    if (this.#meanings.length === this.#entryLimit || this.#wordCount > WORD_LIMIT) this.#forget();
    for (let probe = 0; probe < PROBE_LIMIT; probe += 1) {
      const slot = (hash + probe) & this.#slotMask;
      if (this.#slots[slot] !== 0) continue;
      const entry = this.#meanings.push(meaning) - 1;
      this.#lengths[entry] = end - start;
      this.#starts[entry] = this.#wordCount;
      for (let at = start; at < end; at += 4) this.#append(wordAt(text.view, at, end - at));
      this.#slots[slot] = entry + 1;
      break;
    }
    return meaning;
  }

  #append(word: number): void {
    if (this.#wordCount === this.#words.length) {
      const larger = new Int32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.#wordCount] = word;
    this.#wordCount += 1;
  }

  #forget(): void {
    this.#slots.fill(0);
    this.#meanings = [];
    this.#wordCount = 0;
  }
}
