/** What the commands about lineages work with: the journal, both stores, and the log where it can be asked. */
import {
  type ClickHouseConnection,
  createClickHouseCellInventory,
  createClickHouseCellReader,
  createClickHouseLineageJournal,
} from '@tidemark/clickhouse';
import type { KafkaConnection } from '@tidemark/kafka';
import {
  type JoinedJournal,
  type JournalState,
  joinJournals,
  journalState,
  type LineageJournal,
  type LogBounds,
  type ServedStore,
  StoreUnavailable,
} from '@tidemark/pipeline';
import { createRedisCellInventory, createRedisCellReader, createRedisLineageJournal, type RedisConnection } from '@tidemark/redis';
import { printable } from '@tidemark/runtime';
import { type Deployment, openClickHouse, openKafka, openRedis } from '../operate/deployment.ts';
import { deploymentLog, readEpochs } from '../operate/deployment-log.ts';
import type { Output } from '../terminal-output.ts';

export interface OpenLineages {
  readonly deployment: Deployment;
  readonly partitions: readonly number[];
  readonly journal: JoinedJournal;
  /** Redis first: it is the fresher one. */
  readonly stores: readonly ServedStore[];
  readonly clickhouse: ClickHouseConnection;
  readonly redis: RedisConnection | null;
  /** What the journal says now. Throws StoreUnavailable. */
  state(): Promise<JournalState>;
  /** In positions. Null where the log cannot be asked. */
  bounds(): Promise<ReadonlyMap<number, LogBounds> | null>;
  close(): Promise<void>;
}

/** ClickHouse must answer, for it keeps the journal; Redis and Kafka may be away, and it is said what is missing then. */
export async function openLineages(deployment: Deployment, output: Output): Promise<OpenLineages> {
  const clickhouse = await openClickHouse(deployment);
  const redis = await optional('Redis', openRedis(deployment), output);
  const kafka = deployment.kafkaBrokers === null ? null : await optional('Kafka', openKafka(deployment, output), output);
  const journal = joinJournals({ table: createClickHouseLineageJournal(clickhouse), copy: redis === null ? away : createRedisLineageJournal(redis) });
  const inTable: ServedStore = { reader: createClickHouseCellReader(clickhouse), inventory: createClickHouseCellInventory(clickhouse) };
  const inRedis = redis === null ? [] : [{ reader: createRedisCellReader(redis), inventory: createRedisCellInventory(redis) }];
  const told = new Set<string>();
  return {
    deployment,
    partitions: Array.from({ length: deployment.partitions }, (_, partition) => partition),
    journal,
    stores: [...inRedis, inTable],
    clickhouse,
    redis,
    state: async () => {
      const { entries, unreadable } = await journal.read();
      for (const problem of unreadable) {
        if (!told.has(problem)) output.message(`passed over: ${printable(problem, 300)}`);
        told.add(problem);
      }
      return journalState(entries);
    },
    bounds: () => boundsOf({ kafka, clickhouse, redis }, deployment),
    close: async () => {
      await Promise.all([clickhouse.close(), redis?.close(), kafka?.close()]);
    },
  };
}

async function boundsOf(
  { kafka, clickhouse, redis }: Pick<OpenLineages, 'clickhouse' | 'redis'> & { readonly kafka: KafkaConnection | null },
  { namespace }: Deployment,
): Promise<ReadonlyMap<number, LogBounds> | null> {
  if (kafka === null) return null;
  try {
    const { log } = await deploymentLog(kafka, `${namespace}.operator`, await readEpochs({ clickhouse, redis }));
    return await log.bounds();
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
}

async function optional<Connection>(name: string, opening: Promise<Connection>, output: Output): Promise<Connection | null> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    output.message(`${name} is left out: ${printable(error.message, 300)}`);
    return null;
  }
}

const gone = async (): Promise<never> => {
  throw new StoreUnavailable('redis', 'Redis is not connected');
};
const away: LineageJournal = { read: gone, append: gone };
