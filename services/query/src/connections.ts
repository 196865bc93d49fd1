/** The service's connections to both stores, each made when it is first needed and made again when it was lost. */
import {
  connectClickHouse,
  createClickHouseActorArchive,
  createClickHouseCellReader,
  createClickHouseCheckArchive,
  createClickHouseCheckLedger,
  createClickHouseIncidentLedger,
  createClickHouseLineageJournal,
  createClickHousePartitionArchive,
} from '@tidemark/clickhouse';
import { type CellReader, type ExplainArchive, type JoinedJournal, joinJournals, type OutcomeTrail } from '@tidemark/pipeline';
import { connectRedis, createRedisCellReader, createRedisCheckpointStore, createRedisLineageJournal, createRedisOutcomeTrail } from '@tidemark/redis';
import type { AuditSources } from './audit.ts';
import type { Config } from './config.ts';
import { archiveOver, journalOver, readerOver, reconnecting, trailOver } from './stores.ts';

/** A store that hangs is given up on, and the other one asked. */
const STORE_TIMEOUT_MS = 3_000;
/** Nobody else can answer for the archive, and what it reads may be long. */
const ARCHIVE_TIMEOUT_MS = 12_000;

export interface Connections {
  readonly redis: CellReader;
  readonly clickhouse: CellReader;
  readonly trail: OutcomeTrail;
  readonly archive: ExplainArchive;
  readonly audit: AuditSources;
  readonly journal: Pick<JoinedJournal, 'read'>;
  close(): Promise<void>;
}

export function createConnections(config: Config, nowMs: () => number): Connections {
  const { redisUrl, namespace, clickhouseUrl: url, clickhouseDatabase: database, access } = config;
  const redis = reconnecting({
    name: 'redis',
    nowMs,
    connect: async () => {
      const connection = await connectRedis({ url: redisUrl, ...access.redis, namespace, commandTimeoutMs: STORE_TIMEOUT_MS });
      const port = {
        reader: createRedisCellReader(connection),
        trail: createRedisOutcomeTrail(connection),
        manifests: createRedisCheckpointStore(connection, { segmentTtlSeconds: 1 }),
        journal: createRedisLineageJournal(connection),
      };
      return { port, close: () => connection.close() };
    },
  });
  const clickhouse = reconnecting({
    name: 'clickhouse',
    nowMs,
    connect: async () => {
      const connection = await connectClickHouse({ url, ...access.clickhouse, database, requestTimeoutMs: STORE_TIMEOUT_MS });
      const checks = { checks: createClickHouseCheckLedger(connection), incidents: createClickHouseIncidentLedger(connection) };
      const journal = createClickHouseLineageJournal(connection);
      const port = { reader: createClickHouseCellReader(connection), archive: createClickHousePartitionArchive(connection), journal, ...checks };
      return { port, close: () => connection.close() };
    },
  });
  const archive = reconnecting({
    name: 'clickhouse',
    nowMs,
    connect: async () => {
      const connection = await connectClickHouse({ url, ...access.clickhouse, database, requestTimeoutMs: ARCHIVE_TIMEOUT_MS });
      const port = { ...createClickHouseActorArchive(connection), latestTimes: createClickHouseCheckArchive(connection).latestTimes };
      return { port, close: () => connection.close() };
    },
  });
  return {
    redis: readerOver('redis', async () => (await redis.connected()).reader),
    clickhouse: readerOver('clickhouse', async () => (await clickhouse.connected()).reader),
    trail: trailOver(async () => (await redis.connected()).trail),
    archive: archiveOver(archive.connected),
    audit: {
      manifests: { manifest: async (lineage, partition) => (await redis.connected()).manifests.manifest(lineage, partition) },
      archive: {
        chainEnd: async (epoch, partition) => (await clickhouse.connected()).archive.chainEnd(epoch, partition),
        links: async (span) => (await clickhouse.connected()).archive.links(span),
      },
      checks: { latest: async (lineage) => (await clickhouse.connected()).checks.latest(lineage) },
      incidents: { summaries: async (lineage) => (await clickhouse.connected()).incidents.summaries(lineage) },
    },
    journal: joinJournals({
      table: journalOver(async () => (await clickhouse.connected()).journal),
      copy: journalOver(async () => (await redis.connected()).journal),
    }),
    close: async () => {
      await Promise.all([redis.close(), clickhouse.close(), archive.close()]);
    },
  };
}
