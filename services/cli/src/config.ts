/** What the commands read from the environment; flags override it. */
import { join, resolve } from 'node:path';
import {
  checkEngineAccess,
  choiceField,
  clickhouseAccess,
  clickhouseVariables,
  durationField,
  exitCodes,
  exitError,
  hostPortListField,
  integerField,
  type KafkaAccess,
  kafkaAccess,
  kafkaVariables,
  logLevels,
  portField,
  readConfig,
  redisAccess,
  redisVariables,
  type StoreAccess,
  secretField,
  textField,
  urlField,
} from '@tidemark/runtime';
import { z } from 'zod';

const variables = z.object({
  TIDEMARK_DATA: textField({ example: '.tidemark' }).optional(),
  TIDEMARK_CACHE: textField({ example: '.tidemark/cache' }).optional(),
  TIDEMARK_API_KEY: secretField().optional(),
  TIDEMARK_KAFKA_BROKERS: hostPortListField().optional(),
  TIDEMARK_REDIS_URL: urlField({ schemes: ['redis', 'rediss'], example: 'redis://127.0.0.1:6379' }).optional(),
  TIDEMARK_CLICKHOUSE_URL: urlField().optional(),
  TIDEMARK_CLICKHOUSE_DATABASE: textField().default('tidemark'),
  TIDEMARK_NAMESPACE: textField().default('tidemark'),
  TIDEMARK_PARTITIONS: integerField({ min: 1, max: 4096 }).default(12),
  TIDEMARK_PARTITIONER: choiceField(['murmur2', 'crc32']).default('murmur2'),
  TIDEMARK_METRICS: textField({ example: 'schemas/metrics/auto-cabinet.yaml' }).optional(),
  TIDEMARK_LATENESS: durationField({ minMs: 0 }).default(7 * 86_400_000),
  TIDEMARK_SNAPSHOT_INTERVAL: durationField({ minMs: 0 }).default(15 * 60_000),
  TIDEMARK_HTTP_PORT: portField().default(8080),
  TIDEMARK_DEMO_RATE: integerField({ min: 0, max: 10_000 }).default(20),
  TIDEMARK_LOG_LEVEL: choiceField(logLevels).default('info'),
  ...kafkaVariables,
  ...redisVariables,
  ...clickhouseVariables,
});

/** What the variables mean together is looked at once each is right by itself. */
const schema = variables.superRefine(checkEngineAccess);

export const projectFolder = resolve(import.meta.dirname, '../../..');
/** What the sample traffic is made for: one set a world. */
export const demoSets = ['auto-cabinet', 'map-constructor', 'saas-lifecycle'].map((name) => join(projectFolder, `schemas/metrics/${name}.yaml`));

export interface CliConfig {
  /** Absolute. */
  readonly dataFolder: string;
  readonly cacheFolder: string;
  /** For the query service; null without. */
  readonly apiKey: string | null;
  /** `host:port` each; null when the engines are to be started here. */
  readonly kafkaBrokers: readonly string[] | null;
  readonly redisUrl: string | null;
  readonly clickhouseUrl: string | null;
  readonly clickhouseDatabase: string;
  /** Users and TLS of the engines whose addresses are given. */
  readonly access: { readonly kafka: KafkaAccess; readonly redis: StoreAccess; readonly clickhouse: StoreAccess };
  readonly namespace: string;
  readonly partitions: number;
  readonly partitioner: 'murmur2' | 'crc32';
  /** Absolute paths of definition files, never empty. */
  readonly metrics: readonly string[];
  readonly latenessMs: number;
  /** Of the workers: between two copies of the state; 0: none are made. */
  readonly snapshotIntervalMs: number;
  readonly httpPort: number;
  readonly demoEventsPerSecond: number;
  readonly logLevel: (typeof logLevels)[number];
}

/** Throws one exit error (3) that lists every mistake. */
export function readCliConfig(env: Readonly<Record<string, string | undefined>>): CliConfig {
  const read = readConfig(schema, env);
  if (!read.ok) throw exitError(exitCodes.config, read.problems.join('\n'));
  const given = read.config;
  const dataFolder = resolve(given.TIDEMARK_DATA ?? join(projectFolder, '.tidemark'));
  const metrics = (given.TIDEMARK_METRICS ?? '').split(',').flatMap((file) => (file.trim() === '' ? [] : [resolve(file.trim())]));
  return {
    dataFolder,
    cacheFolder: resolve(given.TIDEMARK_CACHE ?? join(dataFolder, 'cache')),
    apiKey: given.TIDEMARK_API_KEY ?? null,
    kafkaBrokers: given.TIDEMARK_KAFKA_BROKERS ?? null,
    redisUrl: given.TIDEMARK_REDIS_URL ?? null,
    clickhouseUrl: given.TIDEMARK_CLICKHOUSE_URL ?? null,
    clickhouseDatabase: given.TIDEMARK_CLICKHOUSE_DATABASE,
    access: {
      kafka: given.TIDEMARK_KAFKA_BROKERS === undefined ? {} : kafkaAccess(given),
      redis: given.TIDEMARK_REDIS_URL === undefined ? {} : redisAccess(given),
      clickhouse: given.TIDEMARK_CLICKHOUSE_URL === undefined ? {} : clickhouseAccess(given),
    },
    namespace: given.TIDEMARK_NAMESPACE,
    partitions: given.TIDEMARK_PARTITIONS,
    partitioner: given.TIDEMARK_PARTITIONER,
    metrics: metrics.length > 0 ? metrics : demoSets,
    latenessMs: given.TIDEMARK_LATENESS,
    snapshotIntervalMs: given.TIDEMARK_SNAPSHOT_INTERVAL,
    httpPort: given.TIDEMARK_HTTP_PORT,
    demoEventsPerSecond: given.TIDEMARK_DEMO_RATE,
    logLevel: given.TIDEMARK_LOG_LEVEL,
  };
}
