/** What a round of repartitioning would send and leave out: the whole of it is read once before anything is sent. */
import type { Partitioner } from '@tidemark/codec';
import type { FoldSettings, Outcome } from '@tidemark/core';
import { type ArchivedRecord, judgedRecords, mergeByClock, type PartitionArchive, predictOutcomes } from '@tidemark/pipeline';

export interface RoundOptions {
  readonly archive: PartitionArchive;
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  /** Of the old namespace. */
  readonly partitionCount: number;
  /** Of the new one. */
  readonly partitions: number;
  readonly epoch: number;
  /** By old partition: what lies below was sent before; and where the round ends. */
  readonly done: readonly number[];
  readonly ends: readonly number[];
}

export interface RoundPlan {
  readonly toSend: number;
  /** By new partition. */
  readonly byPartition: readonly number[];
  /** What counts in no figure of the old namespace, by outcome. */
  readonly leftOut: ReadonlyMap<Outcome, number>;
  /**
   * What would not count in the new one, by outcome. `duplicate`: different actors used one message id, which one partition would take for a repeat.
   * `late` and `future`: only in a later round, when the new log has gone on meanwhile.
   */
  readonly misjudged: ReadonlyMap<Outcome, number>;
}

/** What was applied, in the order in which it is sent; of the rounds before as well, marked. */
export async function* roundRecords(options: RoundOptions): AsyncGenerator<{ record: ArchivedRecord; outcome: Outcome; isNew: boolean }> {
  const { archive, settings, partitioner, partitionCount, epoch, done, ends } = options;
  const sources = ends.map((to, partition) => judgedRecords({ archive, epoch, partition, to, settings, partitioner, partitionCount }));
  for await (const { record, outcome } of mergeByClock(sources)) {
    yield { record, outcome, isNew: record.offset >= (done[record.partition] ?? 0) };
  }
}

/** Throws BrokenArchive when the archive is not what its chain names. */
export async function planRound(options: RoundOptions, nowMs: number, read: (records: number) => void): Promise<RoundPlan> {
  const { partitions: partitionCount, partitioner, settings } = options;
  const predicted = predictOutcomes({ settings, partitioner, partitionCount, nowMs });
  // What was sent before stands before all of this round in the new log.
  if (options.done.some((offset) => offset > 0)) {
    for await (const { record, outcome } of roundRecords({ ...options, ends: options.done }))
      if (isSent(record, outcome)) predicted.add(record, false);
  }
  const leftOut = new Map<Outcome, number>();
  for await (const { record, outcome, isNew } of roundRecords(options)) {
    read(1);
    if (!isNew) continue;
    if (isSent(record, outcome)) predicted.add(record, true);
    else leftOut.set(outcome, (leftOut.get(outcome) ?? 0) + 1);
  }
  const { outcomes, byPartition } = predicted.finish();
  const misjudged = new Map([...outcomes].filter(([outcome]) => outcome !== 'applied'));
  return { toSend: byPartition.reduce((sum, count) => sum + count, 0), byPartition, leftOut, misjudged };
}

export function isSent({ key, value }: ArchivedRecord, outcome: Outcome): boolean {
  return outcome === 'applied' && key !== null && value !== null;
}
