/** What a rebuild costs: records to read, at which speed, and what it will hold; estimated from what is known, which is said. */
import { createClickHousePartitionArchive, lineageSize, type MetricSize } from '@tidemark/clickhouse';
import { type FoldSettings, formulaOf, type MetricSet } from '@tidemark/core';
import { estimateBound } from '@tidemark/definitions';
import { BrokenArchive, createFoldAgain, type PartitionArchive, StoreUnavailable } from '@tidemark/pipeline';
import { createRedisCheckpointStore } from '@tidemark/redis';
import { formatCount, systemClock } from '@tidemark/runtime';
import type { OpenLineages } from './open.ts';
import type { Plan } from './plan.ts';

export interface Cost {
  /** From the beginning of the past to the end of the log; null when Kafka does not answer. */
  readonly records: number | null;
  readonly recordsPerSecond: number;
  /** By one worker process that has nothing else to do; null without `records`. */
  readonly replayMs: number | null;
  /** Of what is carried over; null when nothing is served. */
  readonly rows: number | null;
  readonly integers: number | null;
  /** Metrics whose rows are not counted: each at most so many integers a bucket and partition. */
  readonly newMetrics: readonly { readonly id: string; readonly cellsPerBucket: number }[];
  /** In Redis, beside what is there; null when nothing is served or Redis does not answer. */
  readonly stateBytes: number | null;
  /** One sentence for each number. */
  readonly restsOn: readonly string[];
}

/** Enough to be past the first records, for which everything is compiled. */
const SAMPLE_RECORDS = 20_000;
const ASSUMED_PER_SECOND = 40_000;

export async function costOf(plan: Plan, opened: OpenLineages, settings: FoldSettings): Promise<Cost> {
  const archive = createClickHousePartitionArchive(opened.clickhouse);
  const past = await recordsOf(opened, archive);
  const speed = await speedOf(plan.set, opened, archive, settings);
  const size = plan.serving === null ? [] : await lineageSize(opened.clickhouse, plan.serving.lineage);
  const state = await stateOf(plan, opened);
  const carried = carriedOver(plan, size);
  return {
    records: past.records,
    recordsPerSecond: speed.perSecond,
    replayMs: past.records === null ? null : (past.records / speed.perSecond) * 1_000,
    ...carried,
    stateBytes: state.bytes,
    restsOn: [past.from, speed.from, ...(plan.serving === null ? [] : [`rows: what ${plan.serving.lineage} has published`, state.from])],
  };
}

/** What a metric has published it will publish again, edited or not; of a new one only the bound is known. */
function carriedOver({ set, change, serving }: Plan, size: readonly MetricSize[]): Pick<Cost, 'rows' | 'integers' | 'newMetrics'> {
  const stays = new Set(change.metrics.filter(({ change: what }) => what !== 'retired').map(({ id }) => id));
  const carried = size.filter(({ metric }) => stays.has(metric));
  const isNew = new Set(change.metrics.filter(({ change: what }) => what === 'new').map(({ id }) => id));
  const newMetrics = set.metrics
    .filter((metric) => isNew.has(metric.id) && formulaOf(metric) === null)
    .map((metric) => ({ id: metric.id, cellsPerBucket: estimateBound(metric, set.dimensions).cellsPerBucket }));
  if (serving === null) return { rows: null, integers: null, newMetrics };
  return { rows: sum(carried.map(({ rows }) => rows)), integers: sum(carried.map(({ integers }) => integers)), newMetrics };
}

async function recordsOf(opened: OpenLineages, archive: PartitionArchive): Promise<{ records: number | null; from: string }> {
  const bounds = await opened.bounds();
  if (bounds === null) return { records: null, from: 'records: Kafka does not answer, so they are not known' };
  let records = 0;
  let archived = 0;
  for (const [partition, { low, high }] of bounds) {
    // What the log has deleted is read from the archive, where its chain reaches the log.
    const chain = low === 0 ? null : await archive.chainEnd(1, partition);
    const begins = chain !== null && chain.to >= low ? Math.min(low, chain.from) : low;
    records += high - begins;
    archived += low - begins;
  }
  const also = archived === 0 ? '' : `, ${formatCount(archived)} of them in the archive alone`;
  return { records, from: `records: the log's bounds now${also}` };
}

/** Measured, by folding the first archived records of a partition here with the new definitions. */
async function speedOf(
  set: MetricSet,
  { deployment }: OpenLineages,
  archive: PartitionArchive,
  settings: FoldSettings,
): Promise<{ perSecond: number; from: string }> {
  const assumed = (why: string) => ({ perSecond: ASSUMED_PER_SECOND, from: `speed: assumed, for ${why}` });
  let records = 0;
  const { partitioner, partitions: partitionCount } = deployment;
  try {
    const chain = await archive.chainEnd(1, 0);
    if (chain === null || chain.to < 1_000) return assumed('too little is archived to measure it');
    const folded = (count: number): void => {
      records += count;
    };
    const again = createFoldAgain({ archive, set, settings, partitioner, partitionCount, partition: 0, epoch: 1, folded });
    const startedMs = systemClock.monotonicMs();
    await again.advance(chain.from + Math.min(SAMPLE_RECORDS, chain.to - chain.from));
    const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
    if (records < 1_000) return assumed('too little is archived to measure it');
    const perSecond = Math.round(records / Math.max(seconds, 0.001));
    return {
      perSecond,
      from: `speed: measured now, ${formatCount(records)} archived records folded here with the new definitions; publishing and the live traffic take their share of it`,
    };
  } catch (error) {
    if (error instanceof BrokenArchive || error instanceof StoreUnavailable)
      return assumed(`the archive cannot be read: ${error.message.slice(0, 200)}`);
    throw error;
  }
}

/** As large as that of what is served, by what the metrics keep of an actor. */
async function stateOf({ serving, before, set }: Plan, { redis, partitions }: OpenLineages): Promise<{ bytes: number | null; from: string }> {
  if (serving === null || before === null || redis === null) return { bytes: null, from: 'state: not known' };
  const store = createRedisCheckpointStore(redis, { segmentTtlSeconds: 1 });
  const manifests = await Promise.all(partitions.map((partition) => store.manifest(serving.lineage, partition)));
  const saved = sum(manifests.flatMap((manifest) => manifest?.segments.map(({ bytes }) => bytes) ?? []));
  const perActor = (of: MetricSet): number => sum(of.metrics.map((metric) => estimateBound(metric, of.dimensions).bytesPerActor));
  const ratio = perActor(set) / Math.max(1, perActor(before));
  return {
    bytes: Math.round(saved * ratio),
    from: `state: what ${serving.lineage} has saved, times ${ratio.toFixed(2)} for what the metrics keep of an actor`,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
