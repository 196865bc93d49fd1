/** Packs a row's integers into few bytes and back: sign and magnitude as a varint, runs of zeros as one mark and a length. */

const CONTINUED = 0x80;
/** Sign without magnitude: no number is written so, which makes it free to mark a run of zeros. */
const ZERO_RUN = 0x01;
/** A safe integer takes at most 6 + 7 × 7 bits = 8 bytes; a run mark with its length at most 6. */
const BYTES_PER_CELL_MAX = 8;

let scratch = Buffer.allocUnsafe(1 << 16);

/**
 * Safe integers only (a RangeError otherwise: a rounded cell would be a wrong figure without a trace). The number of cells is kept, trailing zeros included.
 * The first byte of a cell holds more | six bits of magnitude | sign, the following ones more | seven bits each.
 */
export function packCells(cells: ArrayLike<number>): Buffer {
  const needed = cells.length * BYTES_PER_CELL_MAX + BYTES_PER_CELL_MAX;
  if (scratch.length < needed) scratch = Buffer.allocUnsafe(needed * 2);
  let at = 0;
  for (let index = 0; index < cells.length; ) {
    let zeros = 0;
    while (index + zeros < cells.length && cells[index + zeros] === 0) zeros++;
    if (zeros > 2) {
      scratch[at++] = ZERO_RUN;
      at = writeVarint(at, zeros);
    } else if (zeros > 0) {
      for (let i = 0; i < zeros; i++) scratch[at++] = 0;
    }
    index += zeros;
    if (index < cells.length) at = writeCell(at, cells[index++] ?? Number.NaN);
  }
  return Buffer.from(scratch.subarray(0, at));
}

/** Throws a RangeError for bytes that `packCells` cannot have written. */
export function unpackCells(bytes: Uint8Array, from = 0): number[] {
  const cells: number[] = [];
  const cursor = { at: from };
  while (cursor.at < bytes.length) {
    if (bytes[cursor.at] === ZERO_RUN) {
      cursor.at++;
      for (let zeros = readVarint(bytes, cursor, 0, 1); zeros > 0; zeros--) cells.push(0);
      continue;
    }
    cells.push(readCell(bytes, cursor));
  }
  return cells;
}

function writeCell(start: number, cell: number): number {
  if (!Number.isSafeInteger(cell)) throw new RangeError(`a cell must be a safe integer, not ${cell}`);
  const magnitude = Math.abs(cell);
  const rest = Math.floor(magnitude / 64);
  scratch[start] = (rest > 0 ? CONTINUED : 0) | ((magnitude % 64) << 1) | (cell < 0 ? 1 : 0);
  return rest > 0 ? writeVarint(start + 1, rest) : start + 1;
}

function writeVarint(start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= CONTINUED; rest = Math.floor(rest / CONTINUED)) scratch[at++] = CONTINUED | (rest % CONTINUED);
  scratch[at++] = rest;
  return at;
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
