/** The archiver process: writes every record of the events topic to ClickHouse, with an unbroken chain of what is there. Wiring only. */
import { connectClickHouse, createClickHouseIntake, createClickHouseLineageJournal } from '@tidemark/clickhouse';
import { createDescriber } from '@tidemark/codec';
import { connectKafka, createEventLog, ensureEventsTopic } from '@tidemark/kafka';
import { continueLog, createArchiveWriter, logEpochs, StoreUnavailable } from '@tidemark/pipeline';
import {
  clickhouseAccess,
  closeWithin,
  createHealthServer,
  createLogger,
  createMetrics,
  exitCodes,
  kafkaAccess,
  type Logger,
  type RunningService,
  reached,
  runService,
  systemClock,
} from '@tidemark/runtime';
import { type ArchiverConfig, readArchiverConfig } from './config.ts';
import { archiveReadiness, createNoteLog, registerArchiveMetrics } from './instruments.ts';
import { haltOnChange, haltOnOtherTopic } from './topic-watch.ts';

/** Of the archive's identities: positions go on where a topic continues another one. */
const EPOCH = 1;
const TOPIC_WATCH_INTERVAL_MS = 10_000;

/** Of the ten seconds that a stop may take, six are for saving and two for leaving the group. */
const CLOSE_DEADLINE_MS = 500;

async function start(config: ArchiverConfig, logger: Logger, signal: AbortSignal): Promise<RunningService> {
  const waiting = { logger, signal, clock: systemClock, isAway: (error: unknown) => error instanceof StoreUnavailable };
  const namespace = config.TIDEMARK_NAMESPACE;
  const kafka = await reached(
    'Kafka',
    () => connectKafka({ brokers: config.TIDEMARK_KAFKA_BROKERS, clientId: 'tidemark-archiver', namespace, logger, ...kafkaAccess(config) }),
    waiting,
  );
  const clickhouse = await reached(
    'ClickHouse',
    () => connectClickHouse({ url: config.TIDEMARK_CLICKHOUSE_URL, database: config.TIDEMARK_CLICKHOUSE_DATABASE, ...clickhouseAccess(config) }),
    waiting,
  );
  const identity = await reached('the events topic', () => ensureEventsTopic(kafka, { partitions: config.TIDEMARK_PARTITIONS }), waiting);

  const { entries } = await reached('the journal of lineages', () => createClickHouseLineageJournal(clickhouse).read(), waiting);
  const epochs = logEpochs(entries);
  const topicLog = createEventLog(kafka, { groupId: `${namespace}.archiver`, maxBytesPerPartition: 256 * 1024, keepsBytes: false });
  const log = continueLog(topicLog, { identity, epochs });
  const writer = createArchiveWriter({
    archive: createClickHouseIntake(clickhouse, createDescriber()),
    log,
    epoch: EPOCH,
    clock: systemClock,
    onNote: createNoteLog(logger),
  });
  haltOnOtherTopic(writer, identity, epochs);
  const metrics = createMetrics();
  registerArchiveMetrics(metrics, writer);
  const health = await createHealthServer({
    host: config.TIDEMARK_HTTP_HOST,
    port: config.TIDEMARK_HTTP_PORT,
    ready: () => archiveReadiness(writer),
    metrics,
  });
  logger.info({ port: health.port, topic: kafka.topic, topicId: identity.topicId }, 'archiver is up');
  const watch = systemClock.every(
    TOPIC_WATCH_INTERVAL_MS,
    async () => haltOnChange(writer, identity, await log.identity()),
    (error) => logger.warn({ err: error }, 'the topic could not be checked'),
  );
  return {
    done: Promise.all([writer.run(), log.run(writer.handler)]).then(() => undefined),
    // Save first: leaving the group gives the partitions, and what is held of them, away.
    stop: async () => {
      const watched = watch.stop();
      await writer.stop();
      await log.stop();
      await closeWithin(CLOSE_DEADLINE_MS, [watched, kafka.close(), clickhouse.close(), health.close()]);
    },
  };
}

const config = readArchiverConfig(process.env);
if (config.ok) {
  const logger = createLogger({ service: 'archiver', level: config.config.TIDEMARK_LOG_LEVEL });
  await runService({ name: 'archiver', logger, start: (signal) => start(config.config, logger, signal) });
} else {
  process.stderr.write(`${config.problems.join('\n')}\n`);
  process.exitCode = exitCodes.config;
}
