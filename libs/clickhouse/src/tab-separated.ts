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

  constructor(bytesExpected = 1 << 20) {
    this.#buffer = Buffer.allocUnsafe(bytesExpected);
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
    this.#separate();
    return bytes === null ? this.#ascii('\\N') : this.#bytes(bytes);
  }

  #bytes(bytes: Uint8Array): this {
    this.#reserve(2 * bytes.length);
    const buffer = this.#buffer;
    let at = this.#length;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      const letter = ESCAPES[byte] ?? 0;
      if (letter !== 0) buffer[at++] = BACKSLASH;
      buffer[at++] = letter === 0 ? byte : letter;
    }
    this.#length = at;
    return this;
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
      if (code > 0x7f) return this.#bytes(Buffer.from(value));
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
    if (!(value < SMALL && value > -SMALL) || !Number.isInteger(value)) return this.#ascii(String(value));
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
    const buffer = this.#buffer;
    if (!(value < SMALL && value > -SMALL) || !Number.isInteger(value)) {
      if (!Number.isSafeInteger(value)) throw new RangeError(`a cell must be a safe integer, not ${value}`);
      this.#length += buffer.write(String(value), this.#length, 'latin1');
      return;
    }
    if (value < 0) buffer[this.#length++] = MINUS;
    let rest = value < 0 ? -value | 0 : value | 0;
    let digits = 1;
    for (let limit = 10; limit <= rest; limit *= 10) digits++;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const tens = (rest / 10) | 0;
      buffer[at] = ZERO + (rest - tens * 10);
      rest = tens;
    }
    this.#length += digits;
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

/** Texts as the first fields of rows that all begin with them. */
export function prefixOf(...texts: readonly string[]): Buffer {
  const rows = new TabSeparatedRows(256);
  for (const text of texts) rows.text(text);
  return Buffer.from(rows.toBuffer());
}
