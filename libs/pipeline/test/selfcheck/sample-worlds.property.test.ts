// Actors of the sample's three worlds, with late, repeated and shuffled events, recomputed one by one: registers of every kind are the same.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createDecoder, describeEvent, partitionOf } from '@tidemark/codec';
import { createCalendars, DEFAULT_SETTINGS, lineageOf, PartitionFold, Vocabulary } from '@tidemark/core';
import { parseMetricSets } from '@tidemark/definitions';
import { MemoryArchive, sampleHistory } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { chunkHash } from '../../src/archive/chunk-hash.ts';
import { type ArchivedRecord, createActorChecker } from '../../src/index.ts';
import { createBatchFolder } from '../../src/partition/fold-batch.ts';
import { emptyMemory } from '../../src/partition/memory.ts';
import { archiveBatch } from '../../src/verify/archive-batch.ts';

const PARTITIONS = 24;
const ACTORS = 10;

test('ten actors drawn at random from one partition of the sample are the same in each set', { timeout: 60_000 }, async () => {
  const files = ['auto-cabinet', 'map-constructor', 'saas-lifecycle'].map((name) =>
    resolve(import.meta.dirname, `../../../../schemas/metrics/${name}.yaml`),
  );
  const parsed = parseMetricSets(files, (file) => readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error('the sample sets do not parse');
  const records: ArchivedRecord[] = [];
  for (const { key, value, timeMs } of sampleHistory({ seed: 7, endMs: Date.UTC(2026, 10, 21) })) {
    const bytes = { key: Buffer.from(key), value: Buffer.from(value) };
    if (partitionOf('murmur2', bytes.key, PARTITIONS) !== 3) continue;
    const described = describeEvent(bytes.key, bytes.value);
    if (!described.accepted) throw new Error(`the sample has a record that is ${described.reason}`);
    const { type, event, actorKind, actorId, messageId } = described;
    const at = { epoch: 1, partition: 3, offset: records.length * 2, timestampMs: timeMs, control: false, reason: '' };
    records.push({ ...at, ...bytes, parsed: { type, event, actorKind, actorId, messageId, timeMs: described.timeMs } });
  }
  // Every seventh again and half an hour of disorder: repeats and moved firsts.
  const shuffled = records.flatMap((record, index) => (index % 7 === 0 ? [record, record] : [record]));
  for (let index = 5; index < shuffled.length; index += 11) shuffled.splice(index - 5, 0, ...shuffled.splice(index, 1));
  const log = shuffled.map((record, index) => ({ ...record, offset: index * 2, timestampMs: record.timestampMs + 60_000 }));
  const memory = new MemoryArchive();
  await memory.archive.insert(log);
  const end = log.length * 2 - 1;
  await memory.archive.extendChain({ epoch: 1, partition: 3, from: 0, to: end, count: log.length, hash: chunkHash(log) });

  const vocabulary = new Vocabulary();
  const calendars = createCalendars();
  const held = parsed.sets.map((set) => ({
    set,
    lineage: lineageOf(set, DEFAULT_SETTINGS),
    partition: 3,
    memory: emptyMemory(new PartitionFold({ set, settings: DEFAULT_SETTINGS, vocabulary, calendars })),
  }));
  const folder = createBatchFolder({ decoder: createDecoder(vocabulary), partitioner: 'murmur2', partitionCount: PARTITIONS });
  folder.fold(
    archiveBatch(3, log),
    held.map(({ memory: each }) => each),
    (_memory, error) => {
      throw error;
    },
  );
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48_271) % 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const clock = { sleep: async () => {} };
  const checker = createActorChecker({
    archive: { ...memory.partitionArchive, ...memory.checkArchive },
    settings: DEFAULT_SETTINGS,
    partitioner: 'murmur2',
    partitionCount: PARTITIONS,
    clock,
    random,
    maxRecords: 3_000,
  });
  for (const each of held) {
    const outcomes = new Set<string>();
    for (let actor = 0; actor < ACTORS; actor++) {
      const { outcome, detail } = await checker.check(each);
      outcomes.add(`${each.set.name}: ${outcome} ${detail}`);
    }
    expect([...outcomes]).toEqual([`${each.set.name}: same `]);
  }
});
