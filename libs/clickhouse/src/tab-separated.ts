/** Writes ClickHouse's TabSeparated, which carries any bytes: tab, newline, backslash, carriage return and NUL are escaped, all others stand as they are. */

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
/** Sixteen digits, a sign, a comma. */
const INTEGER_BYTES_MAX = 18;
/** Below this digits are split off by 32-bit arithmetic. */
const SMALL = 2 ** 30;
/** A larger number is split into this many low digits and the rest, both of them small. */
const LOW_DIGITS = 8;
const LOW = 10 ** LOW_DIGITS;
/** From here on a copy by the engine is faster than a loop. */
const COPIED_AT_ONCE_BYTES = 24;
const NO_BYTES = new Uint8Array(0);
/** Byte → the letter that stands for it after a backslash; 0 = stands for itself. */
const ESCAPES = new Uint8Array(256);
ESCAPES[TAB] = 't'.charCodeAt(0);
ESCAPES[NEWLINE] = 'n'.charCodeAt(0);
ESCAPES[0x0d] = 'r'.charCodeAt(0);
ESCAPES[BACKSLASH] = BACKSLASH;
ESCAPES[0] = '0'.charCodeAt(0);

/** Collects rows in one growing buffer: no strings for bytes that are already there. */
export class TabSeparatedRows {
  #buffer: Buffer;
  #length = 0;
  #isRowEmpty = true;
  #count = 0;

  /** Into a buffer that is handed in, or into one of so many bytes; into a larger one where that is too small. */
  constructor(room: Buffer | number = 1 << 20) {
    this.#buffer = typeof room === 'number' ? Buffer.allocUnsafe(room) : room;
  }

  get bytes(): number {
    return this.#length;
  }

  /** Rows ended so far. */
  get count(): number {
    return this.#count;
  }

  /** A field of any bytes; null is ClickHouse's NULL. */
  raw(bytes: Uint8Array | null): this {
    return bytes === null ? this.range(NO_BYTES, -1, -1) : this.range(bytes, 0, bytes.length);
  }

  /** The same of the bytes from `start` to before `end`; a negative `start` is ClickHouse's NULL. */
  range(bytes: Uint8Array, start: number, end: number): this {
    this.#separate();
    return start < 0 ? this.#ascii('\\N') : this.#escaped(bytes, start, end);
  }

  /** The same of bytes that hold no backslash and no control character. */
  bare(bytes: Uint8Array, start: number, end: number): this {
    this.#separate();
    this.#reserve(end - start);
    this.#copy(bytes, start, end);
    return this;
  }

  #escaped(bytes: Uint8Array, start: number, end: number): this {
    this.#reserve(2 * (end - start));
    for (let from = start; from < end; from++) {
      const stop = nextEscape(bytes, from, end);
      this.#copy(bytes, from, stop);
      if (stop < end) {
        this.#buffer[this.#length++] = BACKSLASH;
        this.#buffer[this.#length++] = ESCAPES[bytes[stop] as number] as number;
      }
      from = stop;
    }
    return this;
  }

  /** Room is reserved. */
  #copy(bytes: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer;
    const length = end - start;
    if (length >= COPIED_AT_ONCE_BYTES) buffer.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length), this.#length);
    else for (let index = 0; index < length; index++) buffer[this.#length + index] = bytes[start + index] as number;
    this.#length += length;
  }

  text(value: string): this {
    this.#separate();
    const { length } = value;
    // Two bytes for each that needs an escape; text beyond ASCII goes the longer way.
    this.#reserve(2 * length);
    const buffer = this.#buffer;
    let at = this.#length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return this.#escaped(Buffer.from(value), 0, Buffer.byteLength(value));
      const letter = ESCAPES[code] as number;
      if (letter !== 0) buffer[at++] = BACKSLASH;
      buffer[at++] = letter === 0 ? code : letter;
    }
    this.#length = at;
    return this;
  }

  /** Fields as `prefixOf` gave them. */
  prefix(fields: Buffer): this {
    this.#separate();
    this.#reserve(fields.length);
    this.#buffer.set(fields, this.#length);
    this.#length += fields.length;
    return this;
  }

  /** An array of safe integers, without the zeros at its end: a reader takes what is missing for zero. */
  integers(values: ArrayLike<number>): this {
    this.#separate();
    let length = values.length;
    while (length > 0 && values[length - 1] === 0) length--;
    this.#reserve(length * INTEGER_BYTES_MAX + 2);
    const buffer = this.#buffer;
    buffer[this.#length++] = OPEN;
    for (let index = 0; index < length; index++) {
      const value = values[index] as number;
      if (index > 0) buffer[this.#length++] = COMMA;
      if (value >= 0 && value < 10) buffer[this.#length++] = ZERO + value;
      else this.#integer(value);
    }
    buffer[this.#length++] = CLOSE;
    return this;
  }

  /** Digits, a sign, a point: nothing that needs an escape. */
  number(value: number): this {
    this.#separate();
    if (!Number.isSafeInteger(value)) return this.#ascii(String(value));
    this.#reserve(INTEGER_BYTES_MAX);
    this.#integer(value);
    return this;
  }

  end(): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = NEWLINE;
    this.#isRowEmpty = true;
    this.#count++;
  }

  toBuffer(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #separate(): void {
    this.#reserve(1);
    if (!this.#isRowEmpty) this.#buffer[this.#length++] = TAB;
    this.#isRowEmpty = false;
  }

  /** Room is reserved. A RangeError for what is no safe integer: a rounded cell would be a wrong figure without a trace. */
  #integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`a cell must be a safe integer, not ${value}`);
    if (value < 0) this.#buffer[this.#length++] = MINUS;
    const size = Math.abs(value);
    if (size < SMALL) {
      this.#digits(size | 0, digitsOf(size | 0));
      return;
    }
    const high = Math.floor(size / LOW);
    this.#digits(high | 0, digitsOf(high | 0));
    this.#digits((size - high * LOW) | 0, LOW_DIGITS);
  }

  /** Of a whole number below `SMALL`. */
  #digits(value: number, count: number): void {
    const buffer = this.#buffer;
    let rest = value;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tens = (rest / 10) | 0;
      buffer[at] = ZERO + (rest - tens * 10);
      rest = tens;
    }
    this.#length += count;
  }

  #ascii(text: string): this {
    this.#reserve(text.length);
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
    return this;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** The first byte that stands for itself only behind a backslash, or `end`. */
function nextEscape(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && ESCAPES[bytes[at] as number] === 0) at++;
  return at;
}

/** How many digits a whole number below `SMALL` has. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; limit <= value; limit *= 10) digits++;
  return digits;
}

/** Texts as the first fields of rows that all begin with them. */
export function prefixOf(...texts: readonly string[]): Buffer {
  const rows = new TabSeparatedRows(256);
  for (const text of texts) rows.text(text);
  return Buffer.from(rows.toBuffer());
}
