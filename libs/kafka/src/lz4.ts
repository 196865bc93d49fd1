/** LZ4 frames as producers write them: blocks that stand alone or refer to those before. Checksums are passed over. */
import { Decompressed } from './decompressed.ts';

const FRAME_MAGIC = 0x184d2204;
const VERSION = 1;
/** Flags of the frame: which checksums and sizes are there, and whether its blocks stand alone. */
const INDEPENDENT = 0x20;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
/** Of a block's length: it is stored as it is. */
const STORED = 0x80000000;
const LEAST_MATCH = 4;

/** Throws a RangeError that says what is wrong with the bytes. */
export function decompressLz4(bytes: Buffer): Buffer {
  const output = new Decompressed(bytes.length * 4);
  let at = 0;
  while (at < bytes.length) at = appendFrame(output, bytes, at);
  return output.take();
}

/** The position after the frame that starts here. */
function appendFrame(output: Decompressed, bytes: Buffer, start: number): number {
  if (word(bytes, start) !== FRAME_MAGIC) throw new RangeError('it does not begin as an LZ4 frame');
  const flags = bytes[start + 4] ?? 0;
  if (flags >>> 6 !== VERSION) throw new RangeError(`its LZ4 frame is of version ${flags >>> 6}`);
  if ((flags & DICTIONARY) !== 0) throw new RangeError('it needs a dictionary');
  // The flags, the size of blocks, the checksum of the header.
  let at = start + 4 + 3 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8);
  const frameStart = output.length;
  for (;;) {
    const header = word(bytes, at);
    at += 4;
    if (header === 0) break;
    const length = header >= STORED ? header - STORED : header;
    if (at + length > bytes.length) throw new RangeError('it ends within a block');
    if (header >= STORED) output.appendFrom(bytes, at, length);
    else appendBlock(output, bytes.subarray(at, at + length), (flags & INDEPENDENT) === 0 ? frameStart : output.length);
    at += length + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4);
  }
  return at + ((flags & CONTENT_CHECKSUM) === 0 ? 0 : 4);
}

/** Sequences of a literal and a repetition; the last has no repetition. */
function appendBlock(output: Decompressed, block: Buffer, floor: number): void {
  let at = 0;
  while (at < block.length) {
    const token = byteOf(block, at);
    at += 1;
    let literals = token >>> 4;
    if (literals === 15) {
      const lengthEnd = afterLength(block, at);
      literals += lengthOf(block, at, lengthEnd);
      at = lengthEnd;
    }
    output.appendFrom(block, at, literals);
    at += literals;
    if (at === block.length) return;
    const distance = byteOf(block, at) | (byteOf(block, at + 1) << 8);
    at += 2;
    let match = (token & 0x0f) + LEAST_MATCH;
    if ((token & 0x0f) === 15) {
      const lengthEnd = afterLength(block, at);
      match += lengthOf(block, at, lengthEnd);
      at = lengthEnd;
    }
    output.repeat(distance, match, floor);
  }
  throw new RangeError('it ends within a repetition');
}

/** A length goes on while its bytes are 255. */
function afterLength(block: Buffer, start: number): number {
  let at = start;
  while (byteOf(block, at) === 255) at += 1;
  return at + 1;
}

function lengthOf(block: Buffer, start: number, end: number): number {
  return 255 * (end - start - 1) + byteOf(block, end - 1);
}

function byteOf(block: Buffer, at: number): number {
  const byte = block[at];
  if (byte === undefined) throw new RangeError('it ends within a sequence');
  return byte;
}

function word(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw new RangeError('it ends too early');
  return bytes.readUInt32LE(at);
}
