/** One partition of the archive in order, each record with what became of it in the log that it comes from, and with the partition's clock behind it. */
import { createDecoder, type Partitioner } from '@tidemark/codec';
import { createCalendars, type FoldSettings, type MetricSet, type Outcome, PartitionFold, Vocabulary } from '@tidemark/core';
import { createBatchFolder } from '../partition/fold-batch.ts';
import { emptyMemory } from '../partition/memory.ts';
import type { ArchivedRecord, PartitionArchive } from '../ports/archive.ts';
import { archiveBatch } from '../verify/archive-batch.ts';
import { walkArchive } from '../verify/archive-walk.ts';

export interface JudgedRecord {
  readonly record: ArchivedRecord;
  readonly outcome: Outcome;
  /** Of its partition right after it; −Infinity while it has none. It never falls. */
  readonly clockMs: number;
}

export interface JudgeOptions {
  readonly archive: PartitionArchive;
  readonly epoch: number;
  readonly partition: number;
  /** Offset after the last record that is wanted. */
  readonly to: number;
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  readonly partitionCount: number;
}

/** Outcomes are the same whatever is measured. */
export const NOTHING: MetricSet = {
  ...{ name: 'nothing', timezone: 'UTC', weekStart: 'monday', filter: [], dimensions: [], metrics: [], board: [] },
  revision: '0'.repeat(16),
};

/** Page by page. Throws BrokenArchive when the archive is not what its chain names, and StoreUnavailable. */
export async function* judgedRecords(options: JudgeOptions): AsyncGenerator<readonly JudgedRecord[]> {
  const { archive, epoch, partition, to, settings, partitioner, partitionCount } = options;
  const vocabulary = new Vocabulary();
  const memory = emptyMemory(new PartitionFold({ set: NOTHING, settings, vocabulary, calendars: createCalendars() }));
  const folder = createBatchFolder({ decoder: createDecoder(vocabulary), partitioner, partitionCount });
  const thrown = (_memory: unknown, error: unknown): never => {
    throw error;
  };
  for await (const page of walkArchive({ archive, epoch, partition }, 0)) {
    const records = page.records.filter(({ offset }) => offset < to);
    if (records.length === 0) continue;
    const judged: JudgedRecord[] = [];
    folder.fold(archiveBatch(partition, records), [memory], thrown, (_memory, index, outcome) => {
      const record = records[index];
      if (record !== undefined) judged.push({ record, outcome, clockMs: memory.fold.state.clockMs });
    });
    yield judged;
  }
}
