/** Folds what the archive has of a partition in the order of time, so that what came late is admitted: the past of a lineage that goes on with the log. */
// Why the result is a prefix like any other:
// 1. A survey walks the chain first, each chunk held to its count and hash: it names the position, which stands right behind a record, and how many lie below.
// 2. The same records come once more by the time of their events, ties by offset, and are numbered in this order: a row's version is the number of the record
//    that changed it last. There are no more records than offsets, so that every version lies at or below the position.
// 3. Where all are folded the state stands at the position, and knows the record before it as the log's order has it. From there on the log is folded.
import { createDecoder, type Partitioner } from '@tidemark/codec';
import type { Vocabulary } from '@tidemark/core';
import { createBatchFolder, fingerprintOf } from '../partition/fold-batch.ts';
import type { PartitionMemory } from '../partition/memory.ts';
import type { ArchivedRecord, TimeOrderedArchive } from '../ports/archive.ts';
import { archiveBatch } from '../verify/archive-batch.ts';
import { BrokenArchive, type WalkOptions, walkArchive } from '../verify/archive-walk.ts';

export interface ArchiveSurvey {
  /** The offset behind the last record; 0 of an empty archive. */
  readonly next: number;
  /** Below it. */
  readonly records: number;
  readonly last: ArchivedRecord | null;
}

/** Up to the end of the chain as it is now, or up to `to`, which must be a position. Throws BrokenArchive, StoreUnavailable. */
export async function surveyArchive(
  options: WalkOptions & { readonly to: number | null; readonly read?: (records: number) => void },
): Promise<ArchiveSurvey> {
  const { to } = options;
  let records = 0;
  let last: ArchivedRecord | null = null;
  for await (const { records: page, provenTo } of walkArchive(options, 0)) {
    if (to !== null && provenTo >= to) break;
    for (const record of page) {
      // A chunk of another archiver may overlap the one before.
      if (record.offset <= (last?.offset ?? -1) || (to !== null && record.offset >= to)) continue;
      records++;
      last = record;
    }
    options.read?.(page.length);
  }
  const next = last === null ? 0 : last.offset + 1;
  if (to !== null && next !== to) throw new BrokenArchive(`the archive has no position ${to}: its last record below is that at offset ${next - 1}`);
  return { next, records, last };
}

export interface TimeOrderedFoldOptions {
  readonly archive: TimeOrderedArchive;
  /** Of the memory's fold. */
  readonly vocabulary: Vocabulary;
  readonly partitioner: Partitioner;
  readonly partitionCount: number;
  readonly partition: number;
  readonly epoch: number;
  readonly survey: ArchiveSurvey;
  readonly folded?: (records: number) => void;
}

/**
 * Into an empty memory, from which nothing leaves: it holds every row. Throws BrokenArchive when other records come than the survey has seen,
 * StoreUnavailable, and what the fold throws; the memory is of no use then.
 */
export async function foldInTimeOrder(memory: PartitionMemory, options: TimeOrderedFoldOptions): Promise<void> {
  const { archive, vocabulary, partitioner, partitionCount, partition, epoch, survey } = options;
  const folder = createBatchFolder({ decoder: createDecoder(vocabulary), partitioner, partitionCount });
  const failed = (_memory: PartitionMemory, error: unknown): never => {
    throw error;
  };
  let number = 0;
  for await (const page of archive.inTimeOrder({ epoch, partition, to: survey.next })) {
    if (page.length === 0) continue;
    const numbered = page.map((record) => ({ ...record, offset: number++ }));
    folder.fold(archiveBatch(partition, numbered), [memory], failed);
    options.folded?.(page.length);
  }
  if (number !== survey.records) {
    const found = `the archive gives ${number} records below offset ${survey.next} of partition ${partition} in time order`;
    throw new BrokenArchive(`${found}, its chain names ${survey.records}`);
  }
  standAt(memory, survey, partition);
}

/** As if the log had been folded up to here. */
function standAt(memory: PartitionMemory, { next, last }: ArchiveSurvey, partition: number): void {
  memory.fold.state.next = next;
  if (last === null) return;
  memory.fingerprint = fingerprintOf(archiveBatch(partition, [last]), 0);
  memory.fingerprintOffset = last.offset;
}
