/** What would become of records in a log with other partitions: by the fold itself, before any of them is sent. */
import { createDecoder, type Partitioner, partitionOf } from '@tidemark/codec';
import { createCalendars, type FoldSettings, type Outcome, PartitionFold, Vocabulary } from '@tidemark/core';
import { createBatchFolder } from '../partition/fold-batch.ts';
import { emptyMemory, type PartitionMemory } from '../partition/memory.ts';
import type { ArchivedRecord } from '../ports/archive.ts';
import { archiveBatch } from '../verify/archive-batch.ts';
import { NOTHING } from './judged-records.ts';

export interface PredictedOutcomes {
  /** In the order in which they are sent. Of what is not new, sent before, nothing is counted; it moves clocks and fills the duplicate filters. */
  add(record: ArchivedRecord, isNew: boolean): void;
  /** New records by outcome, and by partition. */
  finish(): { readonly outcomes: ReadonlyMap<Outcome, number>; readonly byPartition: readonly number[] };
}

export interface PredictOptions {
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  /** Of the log to be. */
  readonly partitionCount: number;
  /** The record time of all of them, epoch ms. */
  readonly nowMs: number;
}

const PAGE_RECORDS = 1_000;

interface Waiting {
  readonly memory: PartitionMemory;
  records: ArchivedRecord[];
  isNew: boolean[];
}

export function predictOutcomes({ settings, partitioner, partitionCount, nowMs }: PredictOptions): PredictedOutcomes {
  const vocabulary = new Vocabulary();
  const calendars = createCalendars();
  const made = Array.from(
    { length: partitionCount },
    (): Waiting => ({ memory: emptyMemory(new PartitionFold({ set: NOTHING, settings, vocabulary, calendars })), records: [], isNew: [] }),
  );
  const folder = createBatchFolder({ decoder: createDecoder(vocabulary), partitioner, partitionCount });
  const outcomes = new Map<Outcome, number>();
  const byPartition = new Array<number>(partitionCount).fill(0);
  const thrown = (_memory: unknown, error: unknown): never => {
    throw error;
  };
  const fold = (partition: number, waiting: Waiting): void => {
    const { memory, records, isNew } = waiting;
    if (records.length === 0) return;
    folder.fold(archiveBatch(partition, records), [memory], thrown, (_memory, index, outcome) => {
      if (isNew[index] !== true) return;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      byPartition[partition] = (byPartition[partition] ?? 0) + 1;
    });
    waiting.records = [];
    waiting.isNew = [];
  };
  return {
    add: (record, isNew) => {
      const partition = record.key === null ? 0 : partitionOf(partitioner, record.key, partitionCount);
      const waiting = made[partition];
      if (waiting === undefined) throw new RangeError(`no partition ${partition}`);
      waiting.records.push({ ...record, partition, offset: waiting.memory.fold.state.next + waiting.records.length, timestampMs: nowMs });
      waiting.isNew.push(isNew);
      if (waiting.records.length >= PAGE_RECORDS) fold(partition, waiting);
    },
    finish: () => {
      for (const [partition, waiting] of made.entries()) fold(partition, waiting);
      return { outcomes, byPartition };
    },
  };
}
