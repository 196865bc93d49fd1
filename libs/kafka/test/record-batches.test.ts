// Where records go and how they are cut into requests.
import { murmur2 } from '@tidemark/codec';
import { describe, expect, it } from 'vitest';
import { logBatch } from '../src/batch.ts';
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

describe('a fetched batch', () => {
  const batch = logBatch({
    partition: 4,
    highWatermark: 90,
    requestedOffset: 7,
    messages: [
      {
        offset: '7',
        timestamp: '1700000000001',
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: { 'tidemark-controls': Buffer.from('tick') },
      },
      { offset: '281474976710655', timestamp: '1700000000002', key: null, value: null, headers: { 'tidemark-control': Buffer.from('tick') } },
    ],
  });

  it('reads offsets, times, keys and values as they stand in the log', () => {
    expect(batch).toMatchObject({ partition: 4, length: 2, highWatermark: 90, requestedOffset: 7 });
    expect([batch.offset(0), batch.offset(1)]).toEqual([7, 2 ** 48 - 1]);
    expect([batch.timestampMs(0), batch.key(0)?.toString(), batch.value(0)?.toString()]).toEqual([1_700_000_000_001, 'k', 'v']);
    expect([batch.key(1), batch.value(1)]).toEqual([null, null]);
    expect(() => batch.offset(2)).toThrow(RangeError);
  });

  it('knows a control record by its header alone', () => {
    expect([batch.isControl(0), batch.isControl(1)]).toEqual([false, true]);
  });
});
