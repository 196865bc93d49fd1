/** Hashes against published values. */
import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { murmur3 } from '../src/hash.ts';
import { actorHash, crc32, messageHash, murmur2, partitionOf } from '../src/index.ts';

function hashOf(bytes: Uint8Array, seed: number): Uint32Array {
  const view = new DataView(new ArrayBuffer(bytes.length + 3));
  for (const [index, byte] of bytes.entries()) view.setUint8(index, byte);
  const words = new Uint32Array(4);
  murmur3(view, { start: 0, length: bytes.length, seed }, words);
  return words;
}

test('murmur3 has the verification value that SMHasher gives for x86 128: all lengths from 0 to 255', () => {
  const hashes = new DataView(new ArrayBuffer(256 * 16));
  for (let length = 0; length < 256; length += 1) {
    const words = hashOf(
      Uint8Array.from({ length }, (_, index) => index),
      256 - length,
    );
    for (const [index, word] of words.entries()) hashes.setUint32(length * 16 + index * 4, word, true);
  }
  expect(hashOf(new Uint8Array(hashes.buffer), 0)[0]).toBe(0xb3ece62a);
});

test('murmur3 does not see what stands after its span', () => {
  const view = new DataView(new ArrayBuffer(64));
  for (let at = 0; at < 64; at += 1) view.setUint8(at, at * 7);
  for (let length = 0; length < 40; length += 1) {
    const words = new Uint32Array(4);
    murmur3(view, { start: 5, length, seed: 0 }, words);
    const alone = new Uint8Array(view.buffer).slice(5, 5 + length);
    expect(words).toStrictEqual(hashOf(alone, 0));
  }
});

test('a user and an anonymous visitor of one id are two actors', () => {
  expect(actorHash('user', '42')).not.toStrictEqual(actorHash('anonymous', '42'));
  expect(messageHash('42')).toStrictEqual([...hashOf(Buffer.from('42'), 0)].slice(0, 2));
});

test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])("murmur2 of %s is that of Kafka's own test", (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('crc32 is that of zlib', () => {
  for (const text of ['', 'u1', 'клиент', 'x'.repeat(300)]) expect(crc32(Buffer.from(text))).toBe(zlibCrc32(text));
});

test('a partition is the positive hash modulo the number of partitions', () => {
  expect(partitionOf('murmur2', Buffer.from('21'), 12)).toBe((-973932308 & 0x7fffffff) % 12);
  expect(partitionOf('crc32', Buffer.from('u1'), 12)).toBe(zlibCrc32('u1') % 12);
});
