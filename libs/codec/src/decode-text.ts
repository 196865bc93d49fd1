/** The bytes of one record value, and how to step over the JSON tokens in them. */
import { VALUE_LIMIT_BYTES } from './accept.ts';

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_OBJECT = 0x7b;
export const OPEN_ARRAY = 0x5b;

/** Instead of a position: the bytes are no JSON, or nothing that the fast decoder takes. */
export const BROKEN = -1;

/** Values whose positions are kept; more are unusual and left to the plain decoder. */
export const PLACE_LIMIT = 1024;

/** Bytes that a read of a whole word may touch after the last. */
const PADDING_BYTES = 16;

/**
 * The value where it lies, or a copy of it where too few bytes follow. While it is open it ends with a NUL, which no JSON token accepts:
 * so no loop needs to compare with the end, and no read is ever out of bounds. Four bytes are read at once where that is faster.
 */
export class ValueText {
  bytes: Buffer;
  view: DataView;
  /** Where the value lies in the bytes. */
  start = 0;
  end = 0;
  /** By number of a place: where the value starts, and where it ends, quotes included. */
  readonly starts = new Int32Array(PLACE_LIMIT);
  readonly ends = new Int32Array(PLACE_LIMIT);
  /** Where the last escape stands of the strings stepped over since `open`; −1 when there was none. */
  lastEscape = -1;
  readonly #copyBytes: Buffer;
  readonly #copyView: DataView;
  /** The byte whose place the NUL has taken. */
  #afterEnd = 0;

  constructor() {
    const buffer = new ArrayBuffer(VALUE_LIMIT_BYTES + PADDING_BYTES);
    this.#copyBytes = Buffer.from(buffer);
    this.#copyView = new DataView(buffer);
    this.bytes = this.#copyBytes;
    this.view = this.#copyView;
  }

  /** A copy of the value, at most `VALUE_LIMIT_BYTES`. */
  openCopy(value: Uint8Array): void {
    this.bytes = this.#copyBytes;
    this.view = this.#copyView;
    this.bytes.set(value);
    this.#open(0, value.length);
  }

  /** The value at its place, from start to end. At most `VALUE_LIMIT_BYTES`. */
  openAt(bytes: Buffer, start: number, end: number): void {
    if (end + PADDING_BYTES > bytes.length) {
      this.openCopy(bytes.subarray(start, end));
      return;
    }
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.#open(start, end);
  }

  /** Puts back the byte behind the value. Places can still be read, and nothing can be stepped over any more. */
  close(): void {
    this.bytes[this.end] = this.#afterEnd;
  }

  #open(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.#afterEnd = this.bytes[end] ?? 0;
    this.bytes[end] = 0;
    this.lastEscape = -1;
  }

  byteAt(at: number): number {
    return this.bytes[at] ?? 0;
  }

  /** The first byte of the value at a place. */
  firstByte(place: number): number {
    return this.bytes[this.starts[place] ?? 0] ?? 0;
  }

  afterSpace(start: number): number {
    let at = start;
    for (;;) {
      const byte = this.byteAt(at);
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return at;
      at += 1;
    }
  }

  /** The position after the closing quote, from the one after the opening quote. */
  afterString(start: number): number {
    const { view } = this;
    let at = start;
    for (;;) {
      const stops = stopsIn(view.getInt32(at, true));
      if (stops === 0) {
        at += 4;
        continue;
      }
      // The lowest mark is the first byte's, and exact; higher ones may be marked by a borrow.
      at += (31 - Math.clz32(stops & -stops)) >> 3;
      const byte = this.byteAt(at);
      if (byte === QUOTE) return at + 1;
      if (byte !== BACKSLASH) return BROKEN;
      this.lastEscape = at;
      at = this.#afterEscape(at + 1);
      if (at === BROKEN) return BROKEN;
    }
  }

  /** The position after a string, number or word that starts here; `BROKEN` for an object or an array too. */
  afterScalar(at: number): number {
    const first = this.byteAt(at);
    if (first === QUOTE) return this.afterString(at + 1);
    if (first === 0x74) return this.#afterWord(at, TRUE);
    if (first === 0x66) return this.#afterWord(at, FALSE);
    if (first === 0x6e) return this.#afterWord(at, NULL);
    return this.#afterNumber(at);
  }

  #afterEscape(at: number): number {
    const byte = this.byteAt(at);
    if (byte !== 0x75) return isEscape(byte) ? at + 1 : BROKEN;
    for (let digit = 1; digit <= 4; digit += 1) {
      if (!isHex(this.byteAt(at + digit))) return BROKEN;
    }
    return at + 5;
  }

  #afterWord(start: number, word: Uint8Array): number {
    for (let index = 0; index < word.length; index += 1) {
      if (this.bytes[start + index] !== word[index]) return BROKEN;
    }
    return start + word.length;
  }

  #afterNumber(start: number): number {
    const integer = this.byteAt(start) === 0x2d ? start + 1 : start;
    let at = this.#afterDigits(integer);
    if (at === integer || (this.byteAt(integer) === 0x30 && at > integer + 1)) return BROKEN;
    if (this.byteAt(at) === 0x2e) {
      const fraction = at + 1;
      at = this.#afterDigits(fraction);
      if (at === fraction) return BROKEN;
    }
    if ((this.byteAt(at) | 0x20) === 0x65) {
      const sign = this.byteAt(at + 1);
      const exponent = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
      at = this.#afterDigits(exponent);
      if (at === exponent) return BROKEN;
    }
    return at;
  }

  #afterDigits(start: number): number {
    let at = start;
    while (isDigit(this.byteAt(at))) at += 1;
    return at;
  }
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

const HIGH_BITS = 0x80808080 | 0;

/**
 * Marks the bytes of a word that end a run of plain characters: quote, backslash, control. By the usual tests for a byte that is zero
 * and for one below n; flipping bit 1 brings the quote, 0x22, next to the control characters and takes the space, 0x20, away.
 */
function stopsIn(word: number): number {
  const flipped = word ^ 0x02020202;
  const backslash = word ^ 0x5c5c5c5c;
  return (((flipped - 0x21212121) & ~flipped) | ((backslash - 0x01010101) & ~backslash)) & HIGH_BITS;
}

/** The byte after a backslash, `\u` aside: `"\/bfnrt`. */
function isEscape(byte: number): boolean {
  return ESCAPES.includes(byte);
}

const ESCAPES = Buffer.from('"\\/bfnrt');

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
