/** Which partition a key belongs to, as the two common producers reckon it. */
import type { RecordRanges } from './plain.ts';

/** `murmur2`: the Java client and kafkajs 2. `crc32`: librdkafka's default, `consistent_random`. */
export type Partitioner = 'murmur2' | 'crc32';

/** The partition of a key. librdkafka scatters empty keys at random; an accepted record has none. */
export function partitionOf(partitioner: Partitioner, key: Uint8Array, partitionCount: number): number {
  return (partitioner === 'murmur2' ? murmur2(key) & 0x7fffffff : crc32(key)) % partitionCount;
}

/** The same of one of many records, which must have a key. */
export function partitionAt(partitioner: Partitioner, records: RecordRanges, index: number, partitionCount: number): number {
  const bytes = records.bytes(index);
  const start = records.keyStart(index);
  const end = records.keyEnd(index);
  return (partitioner === 'murmur2' ? murmur2(bytes, start, end) & 0x7fffffff : crc32(bytes, start, end)) % partitionCount;
}

/** Kafka's `Utils.murmur2` of the bytes from start to end, a signed 32-bit word. */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start;
  const whole = start + (length & ~3);
  let hash = 0x9747b28c ^ length;
  for (let at = start; at < whole; at += 4) {
    hash =
      Math.imul(hash, MURMUR2) ^
      scrambled(byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24));
  }
  if (whole < end) {
    for (let at = end - 1; at >= whole; at -= 1) hash ^= byteAt(bytes, at) << ((at - whole) * 8);
    hash = Math.imul(hash, MURMUR2);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MURMUR2);
  return hash ^ (hash >>> 15);
}

const MURMUR2 = 0x5bd1e995;

function scrambled(word: number): number {
  const once = Math.imul(word, MURMUR2);
  return Math.imul(once ^ (once >>> 24), MURMUR2);
}

/** zlib's CRC-32, an unsigned 32-bit word. By table here: for a key of a few bytes the call into zlib costs more than the sum. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let sum = -1;
  for (let at = start; at < end; at += 1) sum = (CRC_TABLE[(sum ^ byteAt(bytes, at)) & 0xff] ?? 0) ^ (sum >>> 8);
  return ~sum >>> 0;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
