/** Writes ClickHouse's TabSeparated, which carries any bytes: tab, newline, backslash, carriage return and NUL are escaped, all others stand as they are. */

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
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
    if (bytes === null) return this.#ascii('\\N');
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
    return this.raw(Buffer.from(value));
  }

  /** Digits, a sign, a point: nothing that needs an escape. */
  number(value: number): this {
    this.#separate();
    return this.#ascii(String(value));
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
