/** The worker process: folds the events topic into rollups and keeps them published. Wiring only. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { connectClickHouse, createClickHouseLineageJournal } from '@tidemark/clickhouse';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { connectKafka, createLogWriter, ensureEventsTopic } from '@tidemark/kafka';
import { continuedIdentity, joinJournals, logEpochs, StoreUnavailable } from '@tidemark/pipeline';
import { connectRedis, createRedisCheckpointStore, createRedisLineageJournal } from '@tidemark/redis';
import {
  clickhouseAccess,
  closeWithin,
  createHealthServer,
  createLogger,
  createMetrics,
  exitCodes,
  kafkaAccess,
  type Logger,
  reached,
  readConfig,
  redisAccess,
  runService,
  startTracing,
  systemClock,
} from '@tidemark/runtime';
import { type WorkerConfig, workerConfig } from './config.ts';
import { createGroupWorkers } from './group-worker.ts';
import { createPast } from './past.ts';
import { createReports } from './reports.ts';
import { createRoutingCheck } from './routing-check.ts';
import { startWorkerSelfCheck } from './self-check.ts';
import { readSets } from './sets.ts';
import { watchForStuck } from './stuck-watch.ts';
import { LineageSupervisor } from './supervisor.ts';

/** Of the ten seconds that a stop may take, six are for saving and two for leaving the group. */
const CLOSE_DEADLINE_MS = 500;

async function start(config: WorkerConfig, logger: Logger, signal: AbortSignal): Promise<{ stop(): Promise<void>; done: Promise<void> }> {
  const settings = { ...DEFAULT_SETTINGS, latenessMs: config.TIDEMARK_LATENESS };
  const configured = readSets(config.TIDEMARK_METRICS, settings);
  const waiting = { logger, signal, clock: systemClock, isAway: (error: unknown) => error instanceof StoreUnavailable };
  const namespace = config.TIDEMARK_NAMESPACE;
  const kafka = await reached(
    'Kafka',
    () => connectKafka({ brokers: config.TIDEMARK_KAFKA_BROKERS, clientId: 'tidemark-worker', namespace, logger, ...kafkaAccess(config) }),
    waiting,
  );
  const redis = await reached('Redis', () => connectRedis({ url: config.TIDEMARK_REDIS_URL, namespace, ...redisAccess(config) }), waiting);
  const clickhouse = await reached(
    'ClickHouse',
    () => connectClickHouse({ url: config.TIDEMARK_CLICKHOUSE_URL, database: config.TIDEMARK_CLICKHOUSE_DATABASE, ...clickhouseAccess(config) }),
    waiting,
  );
  const topic = await reached('the events topic', () => ensureEventsTopic(kafka, { partitions: config.TIDEMARK_PARTITIONS }), waiting);
  const journal = joinJournals({ table: createClickHouseLineageJournal(clickhouse), copy: createRedisLineageJournal(redis) });
  const epochs = logEpochs((await reached('the journal of lineages', () => journal.read(), waiting)).entries);
  const identity = continuedIdentity(topic, epochs);

  const writer = createLogWriter(kafka, { partitioner: config.TIDEMARK_PARTITIONER });
  const metrics = createMetrics();
  const { TIDEMARK_OTLP_ENDPOINT: endpoint, TIDEMARK_TRACE_PERCENT: percent } = config;
  const tracing = await startTracing({ endpoint, percent, service: 'worker', logger });
  const checkpoints = createRedisCheckpointStore(redis, { segmentTtlSeconds: 3_600 });
  const past = createPast({ config, clickhouse, checkpoints, identity, epochs, journal, logger });
  const report = createReports({ metrics, logger, clickhouse, worker: () => supervisor, copiedAtMs: past.copiedAtMs });
  const supervisor: LineageSupervisor = new LineageSupervisor({
    journal,
    configured,
    settings,
    newWorker: createGroupWorkers({ config, kafka, redis, clickhouse, identity, past, settings, writer, metrics, tracing, report }),
    clock: systemClock,
    randomId: randomUUID,
    by: `worker ${hostname()}`.slice(0, 200),
    logger,
  });
  const routing = createRoutingCheck(config.TIDEMARK_PARTITIONER);
  const health = await createHealthServer({
    host: config.TIDEMARK_HTTP_HOST,
    port: config.TIDEMARK_HTTP_PORT,
    ready: () => readiness(supervisor, routing),
    metrics,
  });
  await reached('the journal of lineages', () => supervisor.start(), waiting);
  const held = { worker: supervisor, clickhouse, settings, partitionCount: identity.partitionCount };
  const selfCheck = startWorkerSelfCheck({ ...held, config, metrics, logger });
  logger.info({ port: health.port, lineages: supervisor.lineages, sets: configured.map(({ set }) => set.name) }, 'worker is up');
  const stuck = watchForStuck({ status: () => supervisor.status(), clock: systemClock, afterMs: config.TIDEMARK_STUCK_AFTER });
  return {
    done: Promise.race([supervisor.failed, stuck.found]),
    stop: async () => {
      void stuck.stop();
      // What it waits for is not worth a stop's time; what it reads fails once the connection is closed.
      void selfCheck?.stop();
      void past.stop();
      await supervisor.stop();
      await closeWithin(CLOSE_DEADLINE_MS, [writer.close(), kafka.close(), redis.close(), clickhouse.close(), health.close(), tracing.stop()]);
    },
  };
}

/** Ready while no partition is halted, producers partition as we do, and we can work on what is served; a worker without partitions is ready to take some. */
function readiness(
  supervisor: LineageSupervisor,
  routing: ReturnType<typeof createRoutingCheck>,
): { checks: { name: string; ok: boolean; detail: string }[]; details: Record<string, unknown> } {
  const partitions = supervisor.status();
  const { lineages, unworkable } = supervisor;
  const halted = partitions.filter((partition) => partition.halted !== null);
  const detail =
    halted.length === 0 ? `${partitions.length} partitions` : halted.map((each) => `partition ${each.partition}: ${each.halted}`).join('; ');
  const checks = [
    { name: 'partitions', ok: halted.length === 0, detail },
    { name: 'lineages', ok: lineages.length > 0 && unworkable.length === 0, detail: lineagesDetail(lineages, unworkable) },
    routing(partitions, systemClock.nowMs()),
  ];
  return { checks, details: { lineages, partitions } };
}

function lineagesDetail(lineages: readonly string[], unworkable: readonly string[]): string {
  if (unworkable.length > 0) return unworkable.join('; ');
  return lineages.length === 0 ? 'the journal of lineages is not read yet' : `${lineages.length} lineages`;
}

const config = readConfig(workerConfig, process.env);
if (config.ok) {
  const logger = createLogger({ service: 'worker', level: config.config.TIDEMARK_LOG_LEVEL });
  await runService({ name: 'worker', logger, start: (signal) => start(config.config, logger, signal) });
} else {
  process.stderr.write(`${config.problems.join('\n')}\n`);
  process.exitCode = exitCodes.config;
}
