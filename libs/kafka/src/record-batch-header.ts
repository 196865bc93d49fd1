/** The header of Kafka's record batches, format 2: where each begins and ends, what it says of its records. */
import { UnreadableBatch } from './unreadable-batch.ts';

/** From the batch's first byte to its records' first byte. */
export const HEADER_BYTES = 61;
/** The first offset and the length of what follows. */
const PREFIX_BYTES = 12;
const MAGIC_AT = 16;
const MAGIC = 2;

const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** The header of one batch. */
export interface BatchHeader {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Epoch ms. */
  readonly firstTimestampMs: number;
  /** Of all records, where the topic has LogAppendTime; else null. */
  readonly appendTimeMs: number | null;
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly codec: number;
  readonly isTransactional: boolean;
  /** Holds the marker that ends a transaction, and nothing that was produced. */
  readonly isControl: boolean;
  readonly producerId: bigint;
  readonly recordCount: number;
}

/** The position after the batch that starts here, or −1 when the bytes end within it: a fetch cuts the last one where its size limit falls. */
export function endOfBatch(bytes: Buffer, start: number, end: number): number {
  if (end - start < HEADER_BYTES) return -1;
  const magic = bytes[start + MAGIC_AT] ?? 0;
  if (magic !== MAGIC)
    throw new UnreadableBatch(
      `a record batch of format ${magic} at offset ${offsetAt(bytes, start)}: only format ${MAGIC} is read, which brokers write since Kafka 0.11 (log.message.format.version)`,
    );
  const length = bytes.readInt32BE(start + 8);
  if (length < HEADER_BYTES - PREFIX_BYTES)
    throw new UnreadableBatch(`the record batch at offset ${offsetAt(bytes, start)} is damaged: its length is ${length}`);
  const after = start + PREFIX_BYTES + length;
  return after > end ? -1 : after;
}

/** The last offset that whole batches span; −1 when there is none. */
export function lastOffsetOf(bytes: Buffer, start: number, end: number): number {
  let last = -1;
  for (let at = start, after = endOfBatch(bytes, at, end); after >= 0; at = after, after = endOfBatch(bytes, at, end)) {
    last = offsetAt(bytes, at) + bytes.readInt32BE(at + 23);
  }
  return last;
}

export function readHeader(bytes: Buffer, start: number): BatchHeader {
  const attributes = bytes.readInt16BE(start + 21);
  const firstOffset = offsetAt(bytes, start);
  return {
    firstOffset,
    lastOffset: firstOffset + bytes.readInt32BE(start + 23),
    firstTimestampMs: int64(bytes, start + 27),
    appendTimeMs: (attributes & LOG_APPEND_TIME) === 0 ? null : int64(bytes, start + 35),
    codec: attributes & 0x07,
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
    producerId: bytes.readBigInt64BE(start + 43),
    recordCount: bytes.readInt32BE(start + 57),
  };
}

/** Offsets stay below 2^48, so a double holds them exactly. */
function offsetAt(bytes: Buffer, start: number): number {
  return int64(bytes, start);
}

function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4);
}
