// What folding a batch promises: one outcome per record in a fixed order, every record once, batch boundaries and offsets without meaning.
import { createDecoder, type Partitioner, partitionOf } from '@tidemark/codec';
import { MemoryLog, type MemoryRecord, memoryBatch } from '@tidemark/testing';
import { expect, test } from 'vitest';
import type { LogBatch } from '../../src/index.ts';
import { createBatchFolder, fingerprintOf, isSameRecord } from '../../src/partition/fold-batch.ts';
import { emptyMemory, type PartitionMemory } from '../../src/partition/memory.ts';
import { batchFrom, foldFactory, HOUR_MS, recordOf, START_MS } from './folded.ts';

const PARTITIONER: Partitioner = 'murmur2';

function bench(partitionCount = 1) {
  const log = new MemoryLog({ partitionCount: 1 });
  const factory = foldFactory();
  const folder = createBatchFolder({ decoder: createDecoder(factory.vocabulary), partitioner: PARTITIONER, partitionCount });
  const newMemory = (): PartitionMemory => emptyMemory(factory.newFold());
  const fold = (batch: LogBatch, ...memories: PartitionMemory[]): void =>
    folder.fold(batch, memories, (_memory, error) => {
      throw error;
    });
  return { log, folder, newMemory, fold };
}

function summaryOf({ fold, fingerprint, fingerprintOffset }: PartitionMemory): unknown {
  const { next, clockMs, counters, changes } = fold.state;
  const rows: string[] = [];
  for (const row of changes.all()) rows.push(`${row.next} ${row.table.shape.name} ${row.bucket} ${row.label} ${row.cells}`);
  return { next, clockMs, counters: counters.toRecord(), rows: rows.sort(), fingerprint, fingerprintOffset };
}

function foreignKey(count: number): string {
  for (let index = 0; ; index++) if (partitionOf(PARTITIONER, Buffer.from(`k${index}`), count) !== 0) return `k${index}`;
}

function homeKey(count: number): string {
  for (let index = 0; ; index++) if (partitionOf(PARTITIONER, Buffer.from(`k${index}`), count) === 0) return `k${index}`;
}

test('each record has one outcome: control, rejected, misrouted, future, late, duplicate, applied', () => {
  const { log, folder, newMemory, fold } = bench(4);
  const [home, foreign] = [homeKey(4), foreignKey(4)];
  const memory = newMemory();
  log.append(0, recordOf({ actor: home, at: 10, id: 'first' }));
  log.append(0, recordOf({ actor: home, at: 10, id: 'first' }));
  log.append(0, recordOf({ actor: home, at: 7.9 }));
  log.append(0, recordOf({ actor: home, at: 8 }));
  log.append(0, { ...recordOf({ actor: home, at: 12 }), timestampMs: START_MS + 10.9 * HOUR_MS });
  log.append(0, recordOf({ actor: foreign, at: 10 }));
  log.append(0, { ...recordOf({ actor: foreign, at: 10 }), key: Buffer.from(home) });
  log.append(0, { timestampMs: START_MS, key: Buffer.from(home), value: Buffer.from('{') });
  log.append(0, { ...recordOf({ actor: home, at: 10 }), key: null });
  log.append(0, { timestampMs: START_MS, key: null, value: null });
  log.append(0, { timestampMs: START_MS + 12 * HOUR_MS, key: null, value: null, control: true });
  fold(batchFrom(log), memory);
  const counts = { read: 11, control: 1, rejected: 4, misrouted: 1, future: 1, late: 1, duplicate: 1, applied: 2 };
  expect(memory.fold.state.counters.toRecord()).toEqual(counts);
  expect(Object.fromEntries(folder.rejectedByReason)).toEqual({ key_mismatch: 1, broken_json: 1, null_key: 1, null_value: 1 });
  // The tick moves the clock to its record time less the hour.
  expect(memory.fold.state.clockMs).toBe(START_MS + 11 * HOUR_MS);
});

test('neither a late nor a future event moves the clock, and a late id may come again', () => {
  const { log, newMemory, fold } = bench();
  const memory = newMemory();
  log.append(0, recordOf({ at: 10 }));
  log.append(0, recordOf({ at: 1, id: 'x' }));
  log.append(0, { ...recordOf({ at: 99 }), timestampMs: START_MS });
  log.append(0, recordOf({ at: 9, id: 'x' }));
  fold(batchFrom(log), memory);
  expect(memory.fold.state.clockMs).toBe(START_MS + 10 * HOUR_MS);
  expect(memory.fold.state.counters.toRecord()).toMatchObject({ late: 1, future: 1, applied: 2, duplicate: 0 });
});

test('offsets may be sparse', () => {
  const { log, newMemory, fold } = bench();
  const memory = newMemory();
  log.skip(0, 3);
  log.append(0, recordOf({ at: 0 }));
  log.skip(0, 5);
  log.append(0, recordOf({ at: 0.5 }));
  fold(batchFrom(log), memory);
  expect(memory.fold.state.next).toBe(10);
  expect(memory.fingerprintOffset).toBe(9);
  expect(memory.fold.state.counters.read).toBe(2);
});

test('redelivery and other batch boundaries change nothing', () => {
  const { log, newMemory, fold } = bench();
  const records: MemoryRecord[] = [];
  for (let index = 0; index < 20; index++)
    log.append(0, recordOf({ at: (index * 7) % 5, actor: `a${index % 3}`, event: index % 4 === 0 ? 'Join' : 'Click' }));
  records.push(...log.records(0));
  const whole = newMemory();
  fold(batchFrom(log), whole);
  const pieces = newMemory();
  for (const [from, to] of [
    [0, 5],
    [3, 4],
    [0, 9],
    [5, 6],
    [9, 10],
    [8, 17],
    [0, 20],
    [19, 20],
  ] as const)
    fold(batchFrom(log, from, to), pieces);
  expect(summaryOf(pieces)).toEqual(summaryOf(whole));
  expect(pieces.fingerprint).toBe(fingerprintOf(memoryBatch({ partition: 0, records, requestedOffset: 0, highWatermark: 20 }), 19));
});

test('lineages at different positions each fold what they have not folded, and a record is decoded for all of them once', () => {
  const { log, folder, newMemory, fold } = bench();
  const [ahead, behind] = [newMemory(), newMemory()];
  for (let index = 0; index < 4; index++) log.append(0, recordOf({ at: index }));
  log.append(0, { timestampMs: START_MS, key: null, value: null });
  fold(batchFrom(log, 0, 3), ahead);
  fold(batchFrom(log), ahead, behind);
  expect(summaryOf(ahead)).toEqual(summaryOf(behind));
  expect(folder.rejectedByReason.get('null_value')).toBe(1);
  fold(batchFrom(log), ahead, behind);
  expect(folder.rejectedByReason.get('null_value')).toBe(1);
});

test('a fold that throws suspends its lineage only', () => {
  const { log, folder, newMemory } = bench();
  const [broken, healthy] = [newMemory(), newMemory()];
  for (let index = 0; index < 4; index++) log.append(0, recordOf({ at: index }));
  const { apply } = broken.fold;
  broken.fold.apply = (event, offset, recordMs) => {
    if (offset === 2) throw new Error('too many cells');
    return apply.call(broken.fold, event, offset, recordMs);
  };
  const failures: unknown[] = [];
  folder.fold(batchFrom(log), [broken, healthy], (memory, error) => failures.push([memory === broken, String(error)]));
  expect(failures).toEqual([[true, 'Error: too many cells']]);
  expect(healthy.fold.state.next).toBe(4);
  expect(broken.fold.state.counters.read).toBe(2);
  // What it stands at has no fingerprint of a record that it did not fold.
  expect(broken.fingerprintOffset).toBe(-1);
});

test('the fingerprint tells records apart by offset, key, value and time, and knows those of earlier versions, which had no time', () => {
  const of = (record: Partial<MemoryRecord>): string =>
    fingerprintOf(
      memoryBatch({
        partition: 0,
        records: [{ offset: 1, timestampMs: 0, key: Buffer.from('k'), value: Buffer.from('v'), control: false, ...record }],
        requestedOffset: 0,
        highWatermark: 9,
      }),
      0,
    );
  const prints = [
    of({}),
    of({ offset: 2 }),
    of({ key: Buffer.from('l') }),
    of({ value: Buffer.from('w') }),
    of({ key: null }),
    of({ value: null }),
    of({ timestampMs: 5 }),
  ];
  expect(new Set(prints).size).toBe(prints.length);
  expect(isSameRecord(of({}), of({ timestampMs: 5 }))).toBe(false);
  expect(isSameRecord(of({}).slice(0, 16), of({ timestampMs: 5 }))).toBe(true);
  expect(isSameRecord('', of({}))).toBe(false);
});
