/** Which partition a key belongs to, as the two common producers reckon it. */

/** `murmur2`: the Java client and kafkajs 2. `crc32`: librdkafka's default, `consistent_random`. */
export type Partitioner = 'murmur2' | 'crc32';

/** The partition of a key. librdkafka scatters empty keys at random; an accepted record has none. */
export function partitionOf(partitioner: Partitioner, key: Uint8Array, partitionCount: number): number {
  return (partitioner === 'murmur2' ? murmur2(key) & 0x7fffffff : crc32(key)) % partitionCount;
}

/** Kafka's `Utils.murmur2`, a signed 32-bit word. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  const whole = length & ~3;
  let hash = 0x9747b28c ^ length;
  for (let at = 0; at < whole; at += 4) {
    hash =
      Math.imul(hash, MURMUR2) ^
      scrambled(byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24));
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at -= 1) hash ^= byteAt(bytes, at) << ((at - whole) * 8);
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
export function crc32(bytes: Uint8Array): number {
  let sum = -1;
  for (let at = 0; at < bytes.length; at += 1) sum = (CRC_TABLE[(sum ^ byteAt(bytes, at)) & 0xff] ?? 0) ^ (sum >>> 8);
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
