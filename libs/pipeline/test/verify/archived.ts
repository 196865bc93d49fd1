/** The log of a bench as the archiver would have archived it, and a verification of everything that the bench serves. */
import { describeEvent } from '@tidemark/codec';
import { lineageOf, type MetricSet } from '@tidemark/core';
import { type MemoryArchive, memoryBatch } from '@tidemark/testing';
import { archivedRecordOf } from '../../src/archive/archived-record.ts';
import { chunkHash } from '../../src/archive/chunk-hash.ts';
import type { ArchivedRecord, CheckResult, Difference, VerifyPartitionOptions } from '../../src/index.ts';
import { verifyPartition } from '../../src/index.ts';
import type { Bench } from '../partition/bench.ts';
import { SET, SETTINGS } from '../partition/folded.ts';

/** Archives what lies in the log from an offset on, in chunks of so many records. */
export async function archiveLog(bench: Bench, memory: MemoryArchive, options: { from?: number; chunkRecords?: number } = {}): Promise<void> {
  const { from = 0, chunkRecords = 3 } = options;
  const kept = bench.log.records(0).filter(({ offset }) => offset >= from);
  const batch = memoryBatch({ partition: 0, records: kept, requestedOffset: from, highWatermark: bench.log.bounds(0).high });
  const records = kept.map((_, index): ArchivedRecord => archivedRecordOf(batch, index, { epoch: 1, describe: describeEvent }));
  let begin = from;
  for (let at = 0; at < records.length; at += chunkRecords) {
    const chunk = records.slice(at, at + chunkRecords);
    const to = (chunk.at(-1)?.offset ?? 0) + 1;
    await memory.archive.insert(chunk);
    await memory.archive.extendChain({ epoch: 1, partition: 0, from: begin, to, count: chunk.length, hash: chunkHash(chunk) });
    begin = to;
  }
}

export interface Verified {
  readonly results: readonly CheckResult[];
  readonly differences: readonly Difference[];
}

export async function verifyBench(
  bench: Bench,
  memory: MemoryArchive,
  changes: Partial<VerifyPartitionOptions> & { set?: MetricSet } = {},
): Promise<Verified> {
  const { set = SET } = changes;
  const differences: Difference[] = [];
  const results = await verifyPartition({
    archive: memory.partitionArchive,
    set,
    settings: SETTINGS,
    partitioner: 'murmur2',
    partitionCount: 1,
    partition: 0,
    lineage: lineageOf(set, SETTINGS),
    stores: [bench.redis, bench.clickhouse],
    clock: bench.clock,
    onDifference: (difference) => differences.push(difference),
    ...changes,
  });
  return { results, differences };
}
