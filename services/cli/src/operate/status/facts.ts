/** Everything that a partition's stores say of it, gathered once; an engine that does not answer leaves nulls and a reason. */
import {
  archivedEpochs,
  type ClickHouseConnection,
  chainHoles,
  createClickHouseCellReader,
  createClickHouseCheckLedger,
  createClickHouseIncidentLedger,
  createClickHousePartitionArchive,
} from '@tidemark/clickhouse';
import { committedOffsets, type KafkaConnection } from '@tidemark/kafka';
import { type CellReader, type CheckResult, type Head, type IncidentSummary, type Manifest, splitVersion } from '@tidemark/pipeline';
import { createRedisCellReader, createRedisCheckpointStore, type RedisConnection } from '@tidemark/redis';
import { deploymentLog, readEpochs } from '../deployment-log.ts';
import type { KnownLineage } from '../lineages.ts';

export interface PartitionFacts {
  readonly partition: number;
  /** In positions. Null when Kafka is away or the topic has no such partition. */
  readonly log: { readonly low: number; readonly high: number; readonly committed: number | null } | null;
  readonly archive: ArchiveFacts | null;
  readonly lineages: readonly LineageFacts[];
}

export interface ArchiveFacts {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly holes: readonly { readonly from: number; readonly to: number }[];
}

export interface LineageFacts extends KnownLineage {
  readonly manifest: Manifest | null;
  /** Null when the store is away; a head without a note when nothing was published. */
  readonly redis: Head | null;
  readonly clickhouse: Head | null;
  readonly incidents: readonly IncidentSummary[];
  readonly checks: readonly CheckResult[];
}

export interface Engines {
  readonly kafka: KafkaConnection | null;
  readonly redis: RedisConnection | null;
  readonly clickhouse: ClickHouseConnection | null;
}

export interface Gathering {
  readonly engines: Engines;
  readonly lineages: readonly KnownLineage[];
  readonly partitions: readonly number[];
  readonly namespace: string;
  /** Told once for each engine that does not answer. */
  readonly away: (engine: string, why: string) => void;
}

const HOLES_MAX = 1_000;

export async function gatherFacts(gathering: Gathering): Promise<readonly PartitionFacts[]> {
  const { partitions, lineages } = gathering;
  const [log, archive, stored] = await Promise.all([
    logFacts(gathering),
    archiveFacts(gathering),
    Promise.all(lineages.map((lineage) => lineageFacts(lineage, gathering))),
  ]);
  return partitions.map((partition, index) => ({
    partition,
    log: log.get(partition) ?? null,
    archive: archive.get(partition) ?? null,
    lineages: stored.flatMap((of) => of[index] ?? []),
  }));
}

async function logFacts({ engines, namespace, away }: Gathering): Promise<ReadonlyMap<number, NonNullable<PartitionFacts['log']>>> {
  const { kafka } = engines;
  if (kafka === null) return new Map();
  const told = await orAway(away, 'Kafka', async () => {
    const group = `${namespace}.worker`;
    // Who may not look at the group sees the log all the same.
    const committed = committedOffsets(kafka, group).catch((): ReadonlyMap<number, number> => new Map());
    const { log, positionOf } = await deploymentLog(kafka, group, await readEpochs(engines));
    return { bounds: await log.bounds(), committed: await committed, positionOf };
  });
  if (told === null) return new Map();
  const { bounds, committed, positionOf } = told;
  return new Map(
    [...bounds].map(([partition, { low, high }]) => {
      const offset = committed.get(partition);
      return [partition, { low, high, committed: offset === undefined ? null : positionOf(partition, offset) }];
    }),
  );
}

async function archiveFacts({ engines, partitions, away }: Gathering): Promise<ReadonlyMap<number, ArchiveFacts>> {
  const { clickhouse } = engines;
  if (clickhouse === null) return new Map();
  const told = await orAway(away, 'ClickHouse', async () => {
    const { chainEnd } = createClickHousePartitionArchive(clickhouse);
    const [epochs, holes] = await Promise.all([archivedEpochs(clickhouse), chainHoles(clickhouse, HOLES_MAX)]);
    return Promise.all(
      partitions.map(async (partition): Promise<[number, ArchiveFacts][]> => {
        const epoch = epochs.get(partition)?.at(-1);
        const end = epoch === undefined ? null : await chainEnd(epoch, partition);
        if (epoch === undefined || end === null) return [];
        const own = holes.filter((hole) => hole.partition === partition && hole.epoch === epoch).map(({ from, to }) => ({ from, to }));
        return [[partition, { epoch, ...end, holes: own }]];
      }),
    );
  });
  return new Map(told?.flat() ?? []);
}

async function lineageFacts(known: KnownLineage, { engines, partitions, away }: Gathering): Promise<readonly LineageFacts[]> {
  const { redis, clickhouse } = engines;
  const { lineage } = known;
  const headsOf = (reader: CellReader, engine: string) => orAway(away, engine, () => reader.heads(lineage, partitions));
  const [inRedis, inTable, manifests, incidents, checks] = await Promise.all([
    redis === null ? null : headsOf(createRedisCellReader(redis), 'Redis'),
    clickhouse === null ? null : headsOf(createClickHouseCellReader(clickhouse), 'ClickHouse'),
    redis === null ? null : orAway(away, 'Redis', () => manifestsOf(redis, lineage, partitions)),
    clickhouse === null ? null : orAway(away, 'ClickHouse', () => createClickHouseIncidentLedger(clickhouse).summaries(lineage)),
    clickhouse === null ? null : orAway(away, 'ClickHouse', () => createClickHouseCheckLedger(clickhouse).latest(lineage)),
  ]);
  return partitions.map((partition, index) => ({
    ...known,
    manifest: manifests?.[index] ?? null,
    redis: inRedis?.[index] ?? null,
    clickhouse: inTable?.[index] ?? null,
    incidents: (incidents ?? []).filter((each) => each.partition === partition),
    checks: (checks ?? []).filter((each) => each.partition === partition),
  }));
}

function manifestsOf(redis: RedisConnection, lineage: string, partitions: readonly number[]): Promise<readonly (Manifest | null)[]> {
  const store = createRedisCheckpointStore(redis, { segmentTtlSeconds: 1 });
  return Promise.all(partitions.map((partition) => store.manifest(lineage, partition)));
}

/** One that refuses is of as little use here as one that is away, and its words say what to mend. */
async function orAway<Answer>(away: Gathering['away'], engine: string, ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask();
  } catch (error) {
    away(engine, error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** The position of a closed head, null when nothing was published or the store is away. */
export function positionOf(head: Head | null): number | null {
  return head?.note == null ? null : splitVersion(head.closed).next;
}
