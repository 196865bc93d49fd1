/** Packs a row's integers into few bytes and back: sign and magnitude as a varint, runs of zeros as one mark and a length. */

const CONTINUED = 0x80;
/** Sign without magnitude: no number is written so, which makes it free to mark a run of zeros. */
const ZERO_RUN = 0x01;
/** A safe integer takes at most 6 + 7 × 7 bits = 8 bytes; a run mark with its length at most 6. */
const BYTES_PER_CELL_MAX = 8;

/** A growing buffer that cells and the fields around them are written to. */
export class CellPacker {
  bytes: Buffer;
  at = 0;

  constructor(bytesExpected: number) {
    this.bytes = Buffer.allocUnsafe(bytesExpected);
  }

  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + count));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  /** The most bytes that as many cells take. */
  static room(cells: number): number {
    return cells * BYTES_PER_CELL_MAX + BYTES_PER_CELL_MAX;
  }

  /**
   * Safe integers only (a RangeError otherwise: a rounded cell would be a wrong figure without a trace). The number of cells is kept, trailing zeros included.
   * The first byte of a cell holds more | six bits of magnitude | sign, the following ones more | seven bits each.
   */
  cells(cells: ArrayLike<number>): void {
    const { length } = cells;
    this.reserve(CellPacker.room(length));
    const { bytes } = this;
    for (let index = 0; index < length; ) {
      const cell = cells[index] as number;
      if (cell !== 0) {
        if (cell > 0 && cell < 64 && Number.isInteger(cell)) bytes[this.at++] = cell << 1;
        else this.#cell(cell);
        index++;
        continue;
      }
      const from = index;
      while (index < length && cells[index] === 0) index++;
      const zeros = index - from;
      if (zeros > 2) {
        bytes[this.at++] = ZERO_RUN;
        this.#varint(zeros);
      } else for (let i = 0; i < zeros; i++) bytes[this.at++] = 0;
    }
  }

  #cell(cell: number): void {
    if (!Number.isSafeInteger(cell)) throw new RangeError(`a cell must be a safe integer, not ${cell}`);
    const magnitude = Math.abs(cell);
    const rest = Math.floor(magnitude / 64);
    this.bytes[this.at++] = (rest > 0 ? CONTINUED : 0) | ((magnitude % 64) << 1) | (cell < 0 ? 1 : 0);
    if (rest > 0) this.#varint(rest);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= CONTINUED; rest = Math.floor(rest / CONTINUED)) this.bytes[this.at++] = CONTINUED | (rest % CONTINUED);
    this.bytes[this.at++] = rest;
  }
}

/** The cells alone. */
export function packCells(cells: ArrayLike<number>): Buffer {
  const packer = new CellPacker(CellPacker.room(cells.length));
  packer.cells(cells);
  return packer.bytes.subarray(0, packer.at);
}

/** Throws a RangeError for bytes that `packCells` cannot have written. */
export function unpackCells(bytes: Uint8Array, from = 0): number[] {
  // A row is wide and mostly zeros: taken at its length at once, only the others are written.
  const cells = new Array<number>(countCells(bytes, from)).fill(0);
  const cursor = { at: from };
  for (let index = 0; cursor.at < bytes.length; ) {
    const first = bytes[cursor.at] as number;
    // Most cells are counts below 64: one byte, no sign.
    if ((first & (CONTINUED | 1)) === 0) {
      cells[index++] = first >> 1;
      cursor.at++;
    } else if (first === ZERO_RUN) {
      cursor.at++;
      index += readVarint(bytes, cursor, 0, 1);
    } else cells[index++] = readCell(bytes, cursor);
  }
  return cells;
}

function countCells(bytes: Uint8Array, from: number): number {
  const cursor = { at: from };
  let count = 0;
  while (cursor.at < bytes.length) {
    const first = bytes[cursor.at++] as number;
    if (first === ZERO_RUN) count += readVarint(bytes, cursor, 0, 1);
    else {
      count++;
      if (first & CONTINUED) while ((bytes[cursor.at++] ?? 0) & CONTINUED);
    }
  }
  return count;
}

function readCell(bytes: Uint8Array, cursor: { at: number }): number {
  const first = bytes[cursor.at++] ?? 0;
  const low = (first & 0x7e) >> 1;
  const magnitude = first & CONTINUED ? readVarint(bytes, cursor, low, 64) : low;
  return first & 1 ? -magnitude : magnitude;
}

function readVarint(bytes: Uint8Array, cursor: { at: number }, start: number, scaleFrom: number): number {
  let value = start;
  for (let scale = scaleFrom; ; scale *= CONTINUED) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new RangeError('packed cells end inside a number');
    value += (byte & 0x7f) * scale;
    if (!Number.isSafeInteger(value)) throw new RangeError('packed cells hold a number beyond 2^53');
    if (!(byte & CONTINUED)) return value;
  }
}
