/** The migration: creates the ClickHouse database and its tables, and the events topic, where they are absent. A program of its own, run before the services. */
import { resolve } from 'node:path';
import { connectClickHouse, migrate } from '@tidemark/clickhouse';
import { connectKafka, ensureEventsTopic } from '@tidemark/kafka';
import { StoreUnavailable } from '@tidemark/pipeline';
import {
  clickhouseAccess,
  createLogger,
  exitCodes,
  kafkaAccess,
  type Logger,
  type RunningService,
  reached,
  runService,
  systemClock,
} from '@tidemark/runtime';
import { type ArchiverConfig, readArchiverConfig } from './config.ts';

const SQL_FOLDER = resolve(import.meta.dirname, '../../../schemas/clickhouse');

async function start(config: ArchiverConfig, logger: Logger, signal: AbortSignal): Promise<RunningService> {
  const waiting = { logger, signal, clock: systemClock, isAway: (error: unknown) => error instanceof StoreUnavailable };
  const clickhouse = await reached(
    'ClickHouse',
    () => connectClickHouse({ url: config.TIDEMARK_CLICKHOUSE_URL, database: config.TIDEMARK_CLICKHOUSE_DATABASE, ...clickhouseAccess(config) }),
    waiting,
  );
  const brokers = config.TIDEMARK_KAFKA_BROKERS;
  const kafka = await reached(
    'Kafka',
    () => connectKafka({ brokers, clientId: 'tidemark-migrate', namespace: config.TIDEMARK_NAMESPACE, logger, ...kafkaAccess(config) }),
    waiting,
  );
  const done = async (): Promise<void> => {
    await reached('ClickHouse', () => migrate(clickhouse, { folder: SQL_FOLDER, onProgress: (line) => logger.info({}, line) }), waiting);
    const identity = await reached('the events topic', () => ensureEventsTopic(kafka, { partitions: config.TIDEMARK_PARTITIONS }), waiting);
    logger.info({ ...identity, database: config.TIDEMARK_CLICKHOUSE_DATABASE, topic: kafka.topic }, 'database and topic are ready');
  };
  return {
    done: done(),
    stop: async () => {
      await Promise.all([kafka.close(), clickhouse.close()]);
    },
  };
}

const config = readArchiverConfig(process.env);
if (config.ok) {
  const logger = createLogger({ service: 'migrate', level: config.config.TIDEMARK_LOG_LEVEL });
  await runService({ name: 'migrate', logger, start: (signal) => start(config.config, logger, signal) });
} else {
  process.stderr.write(`${config.problems.join('\n')}\n`);
  process.exitCode = exitCodes.config;
}
