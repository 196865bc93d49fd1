/** Fetch responses and record batches as bytes, written by hand: what a broker answers. */
import { gzipSync, zstdCompressSync } from 'node:zlib';

export interface WrittenRecord {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly (readonly [string, Buffer | null])[];
}

export interface WrittenBatch {
  readonly firstOffset: number;
  readonly lastOffsetDelta: number;
  readonly records: readonly WrittenRecord[];
  readonly codec?: 'none' | 'gzip' | 'zstd';
  readonly firstTimestampMs?: number;
  readonly maxTimestampMs?: number;
  readonly isAppendTime?: boolean;
  readonly producerId?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

const CODECS = { none: 0, gzip: 1, zstd: 4 };

export function batchBytes(batch: WrittenBatch): Buffer {
  const { codec = 'none', firstTimestampMs = 0, maxTimestampMs = 0, producerId = -1 } = batch;
  const plain = Buffer.concat(batch.records.map(recordBytes));
  const records = codec === 'none' ? plain : codec === 'gzip' ? gzipSync(plain) : zstdCompressSync(plain);
  const flags = (batch.isAppendTime ? 0x08 : 0) | (batch.isTransactional ? 0x10 : 0) | (batch.isControl ? 0x20 : 0);
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(batch.firstOffset), 0);
  header.writeInt32BE(49 + records.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(CODECS[codec] | flags, 21);
  header.writeInt32BE(batch.lastOffsetDelta, 23);
  header.writeBigInt64BE(BigInt(firstTimestampMs), 27);
  header.writeBigInt64BE(BigInt(maxTimestampMs), 35);
  header.writeBigInt64BE(BigInt(producerId), 43);
  header.writeInt32BE(batch.records.length, 57);
  return Buffer.concat([header, records]);
}

/** A marker that ends a transaction. */
export function markerBytes(offset: number, producerId: number, commit: boolean): Buffer {
  const key = Buffer.from([0, 0, 0, commit ? 1 : 0]);
  const records = [{ offsetDelta: 0, timestampDelta: 0, key, value: Buffer.alloc(6) }];
  return batchBytes({ firstOffset: offset, lastOffsetDelta: 0, records, producerId, isTransactional: true, isControl: true });
}

function recordBytes({ offsetDelta, timestampDelta, key, value, headers = [] }: WrittenRecord): Buffer {
  const body = Buffer.concat([
    Buffer.of(0),
    varint(timestampDelta),
    varint(offsetDelta),
    sized(key),
    sized(value),
    varint(headers.length),
    ...headers.flatMap(([name, content]) => [sized(Buffer.from(name)), sized(content)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function sized(bytes: Buffer | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]);
}

/** Zigzag, then seven bits at a time. */
function varint(value: number): Buffer {
  let rest = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n;
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export interface WrittenPartition {
  readonly partition: number;
  readonly highWatermark: number;
  readonly aborted?: readonly { readonly producerId: number; readonly firstOffset: number }[];
  readonly records: Buffer;
}

/** The payload of a Fetch response, version 11, for one topic. */
export function fetchPayload(topic: string, partitions: readonly WrittenPartition[]): Buffer {
  const name = Buffer.from(topic);
  return Buffer.concat([
    // How long to wait, the error, the session; one topic.
    int32(0),
    Buffer.alloc(2),
    int32(0),
    int32(1),
    Buffer.of(name.length >>> 8, name.length & 0xff),
    name,
    int32(partitions.length),
    ...partitions.map(partitionBytes),
  ]);
}

function partitionBytes({ partition, highWatermark, aborted = [], records }: WrittenPartition): Buffer {
  return Buffer.concat([
    int32(partition),
    Buffer.alloc(2),
    int64(highWatermark),
    int64(highWatermark),
    int64(0),
    int32(aborted.length),
    ...aborted.flatMap(({ producerId, firstOffset }) => [int64(producerId), int64(firstOffset)]),
    int32(-1),
    int32(records.length),
    records,
  ]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}
