// When an operator's command refuses, and with which words: decided from what log and stores say, without any of them.
import { type Head, type HeadNote, type Manifest, NO_VERSION, versionOf } from '@tidemark/pipeline';
import { expect, test } from 'vitest';
import { chosenLineage } from '../../src/operate/lineages.ts';
import { planOf, refusalOf } from '../../src/operate/republish.ts';
import { type HaltFacts, standingCause } from '../../src/operate/standing-cause.ts';

const NOTE: HeadNote = {
  clockMs: 1,
  counters: {},
  overflow: false,
  partitionCount: 2,
  publishedAtMs: 1,
  confirmedAtMs: 1,
  atEnd: true,
  fingerprint: '',
};
const headAt = (next: number, target = next): Head => ({ closed: versionOf(1, next), target: versionOf(1, target), note: NOTE });
const NOTHING: Head = { closed: NO_VERSION, target: NO_VERSION, note: null };

function manifest(changes: Partial<Manifest> = {}): Manifest {
  const log = { partitionCount: 2, partitioner: 'murmur2', clusterId: 'c', topicId: 't', fingerprint: '', fingerprintOffset: -1 };
  const place = { id: 'm', writer: 'w', format: 1, lineage: 'l', partition: 0, epoch: 1, next: 100 };
  return { ...place, pieces: 1, segments: [], dropped: versionOf(1, 80), ...log, ...changes };
}

test('a store is not made to forget what only it still has', () => {
  const stores = { redis: headAt(100), clickhouse: headAt(100), manifest: manifest() };
  expect(refusalOf('redis', stores)).toBe(null);
  expect(refusalOf('clickhouse', stores)).toBe(null);
  expect(refusalOf('redis', { ...stores, clickhouse: headAt(70) })).toBe(
    'closed rows up to position 80 are in no state any more, and clickhouse holds them up to 70 only',
  );
  expect(refusalOf('clickhouse', { ...stores, redis: NOTHING })).toMatch(/^closed rows up to position 80 .* redis holds them up to 0 only$/);
  expect(refusalOf('redis', { ...stores, clickhouse: headAt(90, 95) })).toMatch(/a publish to clickhouse has not ended/);
  expect(refusalOf('redis', { ...stores, clickhouse: NOTHING, manifest: manifest({ dropped: NO_VERSION }) })).toBe(null);
  expect(refusalOf('redis', { ...stores, redis: { ...headAt(5), note: { ...NOTE, halted: 'why' } } })).toBe('the partition is halted: why');
});

test('the plan of a republish says what is forgotten, and where the rows come from', () => {
  const stores = { redis: headAt(100), clickhouse: headAt(99), manifest: manifest() };
  expect(planOf('redis', stores)).toBe(
    'would forget head and rows (position 100) at one instant; its worker writes all rows of the state, and from clickhouse what closed up to position 80; until then answers come from clickhouse',
  );
  expect(planOf('clickhouse', { ...stores, manifest: null })).toBe(
    'would ask its worker to insert all rows of the state again; nothing is deleted, the head stays at 99',
  );
});

const IDENTITY = { clusterId: 'c', topicId: 't', partitionCount: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };

function halted(reason: string, changes: Partial<HaltFacts> = {}): HaltFacts {
  const stores = { manifest: manifest(), redis: headAt(100), clickhouse: headAt(100) };
  const log = { bounds: { low: 0, high: 200 }, archive: { from: 0, to: 150 }, identity: IDENTITY, partitioner: 'murmur2' };
  return { partition: 0, halted: reason, next: 100, ...log, ...stores, ...changes };
}

test.each<[string, HaltFacts, RegExp | null]>([
  ['nothing stands against a store that refused once', halted('Redis at x: NOPERM'), null],
  ['a partition that is not halted has no cause', { ...halted('x'), halted: null, bounds: null }, null],
  ['no partition', halted('the log has no such partition', { bounds: null }), /^the topic still has no such partition$/],
  [
    'a hole that nobody has',
    halted('the log begins at 150, after position 100', { bounds: { low: 160, high: 200 } }),
    /^the log begins at 160, the saved/,
  ],
  ['a hole that the archive has', halted('the log begins at 150, after position 100', { bounds: { low: 150, high: 200 } }), null],
  [
    'a log that is too short',
    halted('position 100 lies beyond the end of the log, 50', { bounds: { low: 0, high: 50 } }),
    /^the saved state ends at 100, beyond/,
  ],
  [
    'a store that is ahead',
    halted('redis holds figures up to 300', { redis: headAt(300) }),
    /^redis still holds figures up to 300, beyond the end of the log, 200$/,
  ],
  ['another topic', halted('the topic of the log is u', { identity: { ...IDENTITY, topicId: 'u' } }), /^the topic's id is u, .*re-created$/],
  ['another cluster', halted('the cluster of the log is d', { identity: { ...IDENTITY, clusterId: 'd' } }), /^the brokers belong to cluster d/],
  ['other partitions', halted('x', { identity: { ...IDENTITY, partitionCount: 3 } }), /^the topic has 3 partitions, the figures are of 2$/],
  ['another partitioner', halted('x', { partitioner: 'crc32' }), /^TIDEMARK_PARTITIONER is crc32 here/],
  [
    'the same unreadable state',
    halted('the stored state of position 100 cannot be read: x'),
    /^the state of position 100 that cannot be read is still stored/,
  ],
  ['another state than the unreadable one', halted('the stored state of position 99 cannot be read: x'), null],
  ['no state at all, and the log from its beginning', halted('x', { manifest: null, next: null }), null],
])('%s', (_title, facts, expected) => {
  const cause = standingCause(facts);
  if (expected === null) expect(cause).toBe(null);
  else expect(cause).toMatch(expected);
});

test('a lineage is named by itself, by its beginning, or by a set that runs', () => {
  const known = [
    { lineage: 'abc111', set: 'shop', isRunning: true },
    { lineage: 'abc222', set: 'shop', isRunning: false },
    { lineage: 'def333', set: null, isRunning: false },
  ];
  expect(chosenLineage(known, 'shop').lineage).toBe('abc111');
  expect(chosenLineage(known, 'def').lineage).toBe('def333');
  expect(() => chosenLineage(known, 'abc')).toThrow('"abc" names several lineages: abc111 (shop), abc222 (shop)');
  expect(() => chosenLineage(known, 'shops')).toThrow(/^"shops" is neither a lineage nor a set that runs here: abc111 \(shop\), /);
  expect(() => chosenLineage([], '')).toThrow('there is none');
});
