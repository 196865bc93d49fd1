// Producers by the recipes put every actor on the partition on which the worker looks for it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Partitioner, partitionOf } from '@tidemark/codec';
import { Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..');

interface Known {
  readonly partitionCounts: readonly number[];
  readonly keysInHex: readonly ({ readonly key: string } & Readonly<Record<Partitioner, readonly number[]>>)[];
}
const { partitionCounts, keysInHex }: Known = JSON.parse(readFileSync(join(folder, 'partitions.json'), 'utf8'));

function metadataOf(count: number) {
  return Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 0, partitionErrorCode: 0, replicas: [], isr: [] }));
}

test('there are keys of every length, and the two partitioners differ on them', () => {
  expect(keysInHex.length).toBeGreaterThanOrEqual(60);
  expect(new Set(keysInHex.map(({ key }) => key.length / 2)).size).toBeGreaterThan(12);
  expect(keysInHex.some(({ murmur2, crc32 }) => murmur2[3] !== crc32[3])).toBe(true);
});

describe.each(partitionCounts.map((count, column) => ({ count, column })))('on $count partitions', ({ count, column }) => {
  test.each(['murmur2', 'crc32'] as const)('our own %s agrees with the clients', (partitioner) => {
    for (const known of keysInHex) expect(partitionOf(partitioner, Buffer.from(known.key, 'hex'), count), known.key).toBe(known[partitioner][column]);
  });

  test('kafkajs without a setting lands where a murmur2 namespace expects it', () => {
    const place = Partitioners.DefaultPartitioner();
    for (const { key, murmur2 } of keysInHex) {
      const placed = place({
        topic: 'tidemark.events',
        partitionMetadata: metadataOf(count),
        message: { key: Buffer.from(key, 'hex'), value: null },
      });
      expect(placed, key).toBe(murmur2[column]);
    }
  });
});

test('each client of the recipes is told its partitioner', () => {
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  expect(page).toContain('"partitioner": "murmur2_random"');
  for (const client of ['kafkajs', 'Java', 'librdkafka']) expect(page).toMatch(new RegExp(`^## ${client}`, 'm'));
});
