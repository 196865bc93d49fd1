/** A bench whose lineage is built anew from its archive in time order, as `tidemark rebuild` does it. */
import { type FoldSettings, lineageOf, type MetricSet } from '@tidemark/core';
import type { MemoryCellStore } from '@tidemark/testing';
import { originOf, type Rebuilt, rebuildPartition, surveyArchive } from '../../src/index.ts';
import type { Bench } from '../partition/bench.ts';
import type { ArchivedLog } from './archived-log.ts';

export interface RebuiltBench extends Rebuilt {
  readonly origin: string;
  readonly lineage: string;
  readonly next: number;
}

let ids = 0;

/** Partition 0 of the archive as it is now, or up to a position. */
export async function rebuild(
  bench: Bench,
  { memory }: ArchivedLog,
  of: { readonly set: MetricSet; readonly settings: FoldSettings; readonly to?: number },
): Promise<RebuiltBench> {
  const { set, settings, to = null } = of;
  const survey = await surveyArchive({ archive: memory.partitionArchive, epoch: 1, partition: 0, to });
  const origin = originOf({ epoch: 1, positions: [survey.next] });
  const lineage = lineageOf(set, settings, origin);
  const rebuilding = rebuildPartition({
    ...{ archive: memory.timeOrderedArchive, set, settings, partitioner: 'murmur2', partition: 0, epoch: 1, survey, lineage },
    stores: { redis: bench.redis.sink, clickhouse: bench.clickhouse.sink, checkpoints: bench.checkpoints.store },
    identity: bench.log.identity,
    clock: { nowMs: () => bench.clock.nowMs(), sleep: async () => undefined },
    randomId: () => `rebuild${++ids}`,
    writer: 'rebuild',
  });
  return { ...(await rebuilding), origin, lineage, next: survey.next };
}

/** `metric/table bucket value` → integers; rows of zeros are as good as none. */
export function integersOf(store: MemoryCellStore, lineage: string): Record<string, string> {
  const rows = store.rowsOf(lineage, 0).flatMap(({ metric, table, bucket, value, cells }): [string, string][] => {
    const integers = Array.from(cells)
      .join(',')
      .replace(/(^|,)0(,0)*$/, '');
    return integers === '' ? [] : [[`${metric}/${table} ${bucket} ${value}`, integers]];
  });
  return Object.fromEntries(rows.sort());
}
