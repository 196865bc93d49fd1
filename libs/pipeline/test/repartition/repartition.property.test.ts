// Whatever was counted in so many partitions counts in any other number of them, and nothing else does: the sums of all rows are the same.
import { createDecoder, describeEvent, partitionOf } from '@tidemark/codec';
import { type Outcome, rowValue } from '@tidemark/core';
import { MemoryArchive } from '@tidemark/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkHash } from '../../src/archive/chunk-hash.ts';
import { type ArchivedRecord, judgedRecords, mergeByClock, predictOutcomes } from '../../src/index.ts';
import { createBatchFolder } from '../../src/partition/fold-batch.ts';
import { emptyMemory, type PartitionMemory } from '../../src/partition/memory.ts';
import { archiveBatch } from '../../src/verify/archive-batch.ts';
import { foldFactory, HOUR_MS, recordOf, SETTINGS } from '../partition/folded.ts';

/** `jump`: hours by which the traffic goes on before it; `back`: hours by which the event is older, beyond the two of lateness too. */
const step = fc.record({
  actor: fc.integer({ min: 0, max: 11 }),
  jump: fc.double({ min: 0, max: 1.5, noNaN: true }),
  back: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.double({ min: 0, max: 4, noNaN: true }) }),
  event: fc.constantFrom('Click', 'Join'),
  city: fc.constantFrom('Gyumri', 'Yerevan', ''),
  repeat: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null, freq: 6 }),
  kind: fc.oneof({ weight: 20, arbitrary: fc.constant('event' as const) }, { weight: 1, arbitrary: fc.constantFrom('tick', 'broken', 'future') }),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** By partition, in offset order. */
function logOf(steps: readonly Step[], partitions: number): ArchivedRecord[][] {
  const log: ArchivedRecord[][] = Array.from({ length: partitions }, () => []);
  let hours = 0;
  const used = new Map<number, string[]>();
  for (const [index, { actor, jump, back, event, city, repeat, kind }] of steps.entries()) {
    hours += jump;
    const ids = used.get(actor) ?? [];
    const id = repeat === null ? `m${index}` : (ids.at(-1 - repeat) ?? `m${index}`);
    used.set(actor, [...ids, id]);
    const record = recordOf({ actor: `a${actor}`, at: hours - back + (kind === 'future' ? 3 : 0), event, city, id });
    const key = record.key;
    const nowMs = recordOf({ at: hours }).timestampMs;
    const partition = partitionOf('murmur2', key, partitions);
    const own = log[partition] as ArchivedRecord[];
    const bytes = kind === 'tick' ? { key: null, value: null } : { key, value: kind === 'broken' ? Buffer.from('{') : record.value };
    const base = { epoch: 1, partition, offset: own.length, timestampMs: nowMs, ...bytes, control: kind === 'tick' };
    const described = describeEvent(bytes.key, bytes.value);
    own.push({ ...base, parsed: described.accepted ? described : null, reason: described.accepted || base.control ? '' : described.reason });
  }
  return log;
}

async function archived(log: readonly ArchivedRecord[][]): Promise<MemoryArchive> {
  const memory = new MemoryArchive();
  for (const [partition, records] of log.entries()) {
    if (records.length === 0) continue;
    await memory.archive.insert(records);
    await memory.archive.extendChain({ epoch: 1, partition, from: 0, to: records.length, count: records.length, hash: chunkHash(records) });
  }
  return memory;
}

/** The sums over all partitions of every row, without those that are zero, and the outcomes. */
function folded(log: readonly ArchivedRecord[][]): { sums: Record<string, number[]>; outcomes: Record<string, number> } {
  const factory = foldFactory();
  const folder = createBatchFolder({ decoder: createDecoder(factory.vocabulary), partitioner: 'murmur2', partitionCount: log.length });
  const sums: Record<string, number[]> = {};
  const outcomes: Record<string, number> = {};
  for (const [partition, records] of log.entries()) {
    if (records.length === 0) continue;
    const memory = emptyMemory(factory.newFold());
    folder.fold(archiveBatch(partition, records), [memory], (_failed, error) => {
      throw error;
    });
    addRows(memory, sums);
    for (const [outcome, count] of Object.entries(memory.fold.state.counters.toRecord())) outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  }
  return { sums: Object.fromEntries(Object.entries(sums).filter(([, cells]) => cells.some((cell) => cell !== 0))), outcomes };
}

function addRows({ fold }: PartitionMemory, sums: Record<string, number[]>): void {
  const { state } = fold;
  for (const { table, bucket, label, cells } of state.changes.all()) {
    const key = JSON.stringify([table.shape.metric, table.shape.name, bucket, rowValue(table.shape, state.dictionaries, label)]);
    const sum = sums[key] ?? [];
    sums[key] = sum;
    for (const [index, cell] of Array.from(cells).entries()) sum[index] = (sum[index] ?? 0) + cell;
  }
}

async function repartitioned(
  log: readonly ArchivedRecord[][],
  partitions: number,
): Promise<{ log: ArchivedRecord[][]; left: Map<Outcome, number>; predicted: ReadonlyMap<Outcome, number> }> {
  const { partitionArchive: archive } = await archived(log);
  const sources = log.map((records, partition) =>
    judgedRecords({ archive, epoch: 1, partition, to: records.length, settings: SETTINGS, partitioner: 'murmur2', partitionCount: log.length }),
  );
  const lastMs = Math.max(0, ...log.flat().map(({ timestampMs }) => timestampMs));
  const predicted = predictOutcomes({ settings: SETTINGS, partitioner: 'murmur2', partitionCount: partitions, nowMs: lastMs + HOUR_MS });
  const made: ArchivedRecord[][] = Array.from({ length: partitions }, () => []);
  const left = new Map<Outcome, number>();
  for await (const { record, outcome } of mergeByClock(sources)) {
    if (outcome !== 'applied' || record.key === null) {
      left.set(outcome, (left.get(outcome) ?? 0) + 1);
      continue;
    }
    predicted.add(record, true);
    const partition = partitionOf('murmur2', record.key, partitions);
    const own = made[partition] as ArchivedRecord[];
    own.push({ ...record, partition, offset: own.length, timestampMs: lastMs + HOUR_MS });
  }
  return { log: made, left, predicted: predicted.finish().outcomes };
}

test('any history in any partitions gives the same sums in any other partitions, and every event that was applied is applied', async () => {
  const histories = fc.record({
    steps: fc.array(step, { maxLength: 120 }),
    from: fc.integer({ min: 1, max: 4 }),
    to: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(histories, async ({ steps, from, to }) => {
      const log = logOf(steps, from);
      const before = folded(log);
      const made = await repartitioned(log, to);
      const after = folded(made.log);
      expect(after.sums).toEqual(before.sums);
      expect([...made.predicted.keys()].filter((outcome) => outcome !== 'applied')).toEqual([]);
      expect(after.outcomes['applied'] ?? 0).toBe(before.outcomes['applied'] ?? 0);
      expect(after.outcomes['read'] ?? 0).toBe(before.outcomes['applied'] ?? 0);
      for (const outcome of ['late', 'future', 'duplicate', 'rejected', 'control'] as const)
        expect(made.left.get(outcome) ?? 0).toBe(before.outcomes[outcome] ?? 0);
    }),
    { numRuns: 60 },
  );
});

test('the histories have what makes it hard: late, future, repeated and broken events', () => {
  const seen = new Set<string>();
  for (const steps of fc.sample(fc.array(step, { minLength: 60, maxLength: 120 }), { numRuns: 20, seed: 1 })) {
    for (const [outcome, count] of Object.entries(folded(logOf(steps, 2)).outcomes)) if (count > 0) seen.add(outcome);
  }
  expect([...seen].sort()).toEqual(['applied', 'control', 'duplicate', 'future', 'late', 'read', 'rejected']);
});

test('two actors with one message id, who come into one partition, are foreseen', async () => {
  const event = { jump: 0, back: 0, event: 'Click', city: 'Gyumri', repeat: null, kind: 'event' } as const;
  const log = logOf(
    Array.from({ length: 12 }, (_, actor) => ({ ...event, actor })),
    3,
  );
  const same = log.map((records) => records.map((record) => ({ ...record, value: Buffer.from(String(record.value).replace(/"m\d+"/, '"same"')) })));
  // Each partition has applied the first of them.
  expect(folded(same).outcomes).toMatchObject({ applied: 3, duplicate: 9 });
  const made = await repartitioned(same, 1);
  expect(Object.fromEntries(made.predicted)).toEqual({ applied: 1, duplicate: 2 });
  expect(folded(made.log).outcomes).toMatchObject({ applied: 1, duplicate: 2 });
});
