/** Where the engines of a deployment are, for the commands that look after it, and the connections to them. */
import { type ClickHouseConnection, connectClickHouse } from '@tidemark/clickhouse';
import { connectKafka, type KafkaConnection } from '@tidemark/kafka';
import { connectRedis, type RedisConnection } from '@tidemark/redis';
import { exitCodes, exitError } from '@tidemark/runtime';
import { type CliConfig, readCliConfig } from '../config.ts';
import { kafkaMessages } from '../kafka-messages.ts';
import { readRunningUp } from '../running-up.ts';
import type { Output } from '../terminal-output.ts';

export interface Deployment {
  /** Null where nobody named it. */
  readonly kafkaBrokers: readonly string[] | null;
  readonly redisUrl: string | null;
  readonly clickhouseUrl: string | null;
  readonly clickhouseDatabase: string;
  readonly namespace: string;
  readonly partitions: number;
  readonly partitioner: 'murmur2' | 'crc32';
  /** Definition files, never empty. */
  readonly metrics: readonly string[];
  readonly latenessMs: number;
  readonly dataFolder: string;
  /** Users and TLS. */
  readonly access: CliConfig['access'];
}

/** The environment, and what a running `up` left for what it does not name. */
export async function findDeployment(env: Output['env']): Promise<Deployment> {
  const config = readCliConfig(env);
  const isNamed = config.kafkaBrokers !== null || config.redisUrl !== null || config.clickhouseUrl !== null;
  const running = isNamed ? null : await readRunningUp(config.dataFolder);
  return {
    kafkaBrokers: config.kafkaBrokers ?? running?.kafkaBrokers ?? null,
    redisUrl: config.redisUrl ?? running?.redisUrl ?? null,
    clickhouseUrl: config.clickhouseUrl ?? running?.clickhouseUrl ?? null,
    clickhouseDatabase: config.clickhouseDatabase,
    namespace: running?.namespace ?? config.namespace,
    partitions: config.partitions,
    partitioner: config.partitioner,
    metrics: env['TIDEMARK_METRICS'] === undefined ? (running?.metrics ?? config.metrics) : config.metrics,
    latenessMs: config.latenessMs,
    dataFolder: config.dataFolder,
    access: config.access,
  };
}

/** Each throws an exit error (2) when nobody named the engine, and StoreUnavailable when it does not answer. */
export function openKafka(deployment: Deployment, output: Output, namespace = deployment.namespace): Promise<KafkaConnection> {
  const brokers = named(deployment.kafkaBrokers, 'Kafka', 'TIDEMARK_KAFKA_BROKERS');
  return connectKafka({ brokers, clientId: 'tidemark-operate', namespace, logger: kafkaMessages(output), ...deployment.access.kafka });
}

export function openRedis({ redisUrl, namespace, access }: Deployment): Promise<RedisConnection> {
  return connectRedis({ url: named(redisUrl, 'Redis', 'TIDEMARK_REDIS_URL'), namespace, ...access.redis });
}

export function openClickHouse({ clickhouseUrl, clickhouseDatabase: database, access }: Deployment): Promise<ClickHouseConnection> {
  return connectClickHouse({ url: named(clickhouseUrl, 'ClickHouse', 'TIDEMARK_CLICKHOUSE_URL'), database, ...access.clickhouse });
}

function named<Address>(address: Address | null, engine: string, variable: string): Address {
  if (address !== null) return address;
  throw exitError(exitCodes.usage, `no ${engine} to ask: start one with tidemark up, or name it with ${variable}`);
}
