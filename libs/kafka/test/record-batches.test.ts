// Where records go and how they are cut into requests.
import { murmur2 } from '@tidemark/codec';
import { describe, expect, it } from 'vitest';
import { placeRecord, recordRounds } from '../src/record-batches.ts';

describe('placing records', () => {
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('routes %s as the Java client does', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
    expect(placeRecord({ key, value: '' }, 'murmur2', 12).partition).toBe((hash & 0x7fffffff) % 12);
  });

  it('routes by crc32 as librdkafka does', () => {
    // The check value of CRC-32: 0xcbf43926.
    expect(placeRecord({ key: '123456789', value: '' }, 'crc32', 12).partition).toBe(0xcbf43926 % 12);
  });

  it('hashes the bytes of a key, not its characters', () => {
    expect(placeRecord({ key: 'Zoë', value: '' }, 'murmur2', 64).partition).toBe(
      placeRecord({ key: Buffer.from('Zoë', 'utf8'), value: '' }, 'murmur2', 64).partition,
    );
  });

  it('cuts rounds below the size, in order within each partition, and sends a large record alone', () => {
    const record = (partition: number, name: string, bytes: number) => ({ partition, key: Buffer.from(name), value: Buffer.alloc(bytes) });
    const rounds = recordRounds(
      [record(0, 'a', 400), record(1, 'b', 10), record(0, 'c', 400), record(0, 'd', 2_000), record(0, 'e', 10), record(1, 'f', 10)],
      1_000,
    );
    expect(rounds.map((round) => round.map(({ key }) => key.toString()).join(''))).toEqual(['abcf', 'd', 'e']);
  });
});
