/** The worker's configuration, read from the environment. */
import {
  bytesField,
  checkEngineAccess,
  choiceField,
  clickhouseVariables,
  durationField,
  hostPortListField,
  integerField,
  kafkaVariables,
  logLevels,
  portField,
  redisVariables,
  textField,
  tracingVariables,
  urlField,
} from '@tidemark/runtime';
import { z } from 'zod';

const workerVariables = z.object({
  TIDEMARK_KAFKA_BROKERS: hostPortListField({ example: '127.0.0.1:9092' }),
  TIDEMARK_REDIS_URL: urlField({ schemes: ['redis', 'rediss'], example: 'redis://127.0.0.1:6379' }),
  TIDEMARK_CLICKHOUSE_URL: urlField({ schemes: ['http', 'https'], example: 'http://127.0.0.1:8123' }),
  TIDEMARK_CLICKHOUSE_DATABASE: textField().default('tidemark'),
  TIDEMARK_NAMESPACE: textField().default('tidemark'),
  /** Default: `<namespace>.worker`. Two groups fold the same log side by side, and publish the same rows. */
  TIDEMARK_CONSUMER_GROUP: textField().optional(),
  TIDEMARK_PARTITIONS: integerField({ min: 1, max: 4096 }).default(12),
  TIDEMARK_PARTITIONER: choiceField(['murmur2', 'crc32']).default('murmur2'),
  /** Definition files, comma-separated; each is a set and so a lineage. */
  TIDEMARK_METRICS: textField({ example: 'schemas/metrics/auto-cabinet.yaml' }),
  TIDEMARK_LATENESS: durationField({ minMs: 0 }).default(7 * 86_400_000),
  TIDEMARK_SESSION_TIMEOUT: durationField({ minMs: 6_000 }).default(10_000),
  TIDEMARK_PUBLISH_INTERVAL: durationField({ minMs: 20 }).default(250),
  TIDEMARK_TABLE_PUBLISH_INTERVAL: durationField({ minMs: 200 }).default(1_000),
  TIDEMARK_CHECKPOINT_INTERVAL: durationField({ minMs: 200 }).default(5_000),
  /** Between two copies of each partition's saved state to ClickHouse, from where it comes back when Redis has lost it; 0: none are made. */
  TIDEMARK_SNAPSHOT_INTERVAL: durationField({ minMs: 0 }).default(15 * 60_000),
  /** What may wait for a sink, per partition and lineage, at 8 bytes an integer. */
  TIDEMARK_MAX_DIRTY: bytesField({ minBytes: 1_048_576 }).default(64 * 1024 * 1024),
  /** The worker recomputes so many actors, drawn at random, from the archive every so often; 0 of either: never. */
  TIDEMARK_SELFCHECK_ACTORS: integerField({ min: 0, max: 100 }).default(2),
  TIDEMARK_SELFCHECK_INTERVAL: durationField({ minMs: 0 }).default(10_000),
  /** A partition that has records to fold and folds none for so long ends the worker, so that whoever started it starts another; 0 never does. */
  TIDEMARK_STUCK_AFTER: durationField({ minMs: 0 }).default(120_000),
  TIDEMARK_HTTP_HOST: textField().default('127.0.0.1'),
  TIDEMARK_HTTP_PORT: portField().default(8081),
  TIDEMARK_LOG_LEVEL: choiceField(logLevels).default('info'),
  ...tracingVariables,
  ...kafkaVariables,
  ...redisVariables,
  ...clickhouseVariables,
});

/** What the variables mean together is looked at once each is right by itself. */
export const workerConfig = workerVariables.superRefine(checkEngineAccess);

export type WorkerConfig = z.output<typeof workerConfig>;
