/** Snappy as producers write it: one raw block (librdkafka), or the blocks of the Java library with their lengths before them. */
import { Decompressed, MAX_BATCH_BYTES } from './decompressed.ts';

/** `\x82SNAPPY\0`, then two versions of four bytes. */
const FRAME_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const FRAME_HEADER_BYTES = 16;

/** Throws a RangeError that says what is wrong with the bytes. */
export function decompressSnappy(bytes: Buffer): Buffer {
  const isFramed = bytes.length >= FRAME_HEADER_BYTES && FRAME_MAGIC.compare(bytes, 0, FRAME_MAGIC.length) === 0;
  const output = new Decompressed(bytes.length * 4);
  if (!isFramed) appendBlock(output, bytes);
  for (let at = FRAME_HEADER_BYTES; isFramed && at < bytes.length; ) {
    if (at + 4 > bytes.length) throw new RangeError('it ends within the length of a block');
    const length = bytes.readUInt32BE(at);
    const end = at + 4 + length;
    if (end > bytes.length) throw new RangeError('it ends within a block');
    appendBlock(output, bytes.subarray(at + 4, end));
    at = end;
  }
  return output.take();
}

/** A raw block: its length when decompressed, then literals and repetitions. */
function appendBlock(output: Decompressed, block: Buffer): void {
  const floor = output.length;
  let at = 0;
  let expected = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = block[at] ?? 0x80;
    at += 1;
    expected += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
    if (at > 4) throw new RangeError('its length is no number');
  }
  if (expected > MAX_BATCH_BYTES) throw new RangeError(`it is larger than ${MAX_BATCH_BYTES} bytes`);
  while (at < block.length) at = appendElement(output, block, at, floor);
  if (output.length - floor !== expected) throw new RangeError(`it has ${output.length - floor} bytes where ${expected} are announced`);
}

/** The position after the element that starts here. */
function appendElement(output: Decompressed, block: Buffer, start: number, floor: number): number {
  const tag = block[start] ?? 0;
  const kind = tag & 0x03;
  const at = start + 1;
  if (kind === 0) {
    const short = tag >>> 2;
    const lengthBytes = short < 60 ? 0 : short - 59;
    const length = lengthBytes === 0 ? short + 1 : little(block, at, lengthBytes) + 1;
    output.appendFrom(block, at + lengthBytes, length);
    return at + lengthBytes + length;
  }
  if (kind === 1) {
    output.repeat(((tag >>> 5) << 8) | little(block, at, 1), ((tag >>> 2) & 0x07) + 4, floor);
    return at + 1;
  }
  const distanceBytes = kind === 2 ? 2 : 4;
  output.repeat(little(block, at, distanceBytes), (tag >>> 2) + 1, floor);
  return at + distanceBytes;
}

/** An unsigned number of up to four bytes, the lowest first. */
function little(block: Buffer, at: number, byteCount: number): number {
  if (at + byteCount > block.length) throw new RangeError('it ends within an element');
  return block.readUIntLE(at, byteCount);
}
