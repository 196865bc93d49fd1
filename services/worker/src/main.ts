/** The worker process: folds the events topic into rollups and keeps them published. Wiring only. */
import { randomUUID } from 'node:crypto';
import { connectClickHouse, createClickHouseCellSink } from '@tidemark/clickhouse';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { connectKafka, createEventLog, createLogWriter, ensureEventsTopic } from '@tidemark/kafka';
import { type Beats, StoreUnavailable, Worker } from '@tidemark/pipeline';
import { connectRedis, createRedisCellSink, createRedisCheckpointStore, createRedisOutcomeTrail } from '@tidemark/redis';
import {
  closeWithin,
  createHealthServer,
  createLogger,
  createMetrics,
  exitCodes,
  type Logger,
  reached,
  readConfig,
  runService,
  startTracing,
  systemClock,
} from '@tidemark/runtime';
import { type WorkerConfig, workerConfig } from './config.ts';
import { createBeatObserver, tracedStores } from './observed-beats.ts';
import { createReports } from './reports.ts';
import { createRoutingCheck } from './routing-check.ts';
import { startWorkerSelfCheck } from './self-check.ts';
import { readSets } from './sets.ts';
import { watchForStuck } from './stuck-watch.ts';

/** Of the ten seconds that a stop may take, six are for saving and two for leaving the group. */
const CLOSE_DEADLINE_MS = 500;

async function start(config: WorkerConfig, logger: Logger, signal: AbortSignal): Promise<{ stop(): Promise<void>; done: Promise<void> }> {
  const sets = readSets(config.TIDEMARK_METRICS);
  const waiting = { logger, signal, clock: systemClock, isAway: (error: unknown) => error instanceof StoreUnavailable };
  const namespace = config.TIDEMARK_NAMESPACE;
  const kafka = await reached(
    'Kafka',
    () => connectKafka({ brokers: config.TIDEMARK_KAFKA_BROKERS, clientId: 'tidemark-worker', namespace, logger }),
    waiting,
  );
  const redis = await reached('Redis', () => connectRedis({ url: config.TIDEMARK_REDIS_URL, namespace }), waiting);
  const clickhouse = await reached(
    'ClickHouse',
    () => connectClickHouse({ url: config.TIDEMARK_CLICKHOUSE_URL, database: config.TIDEMARK_CLICKHOUSE_DATABASE }),
    waiting,
  );
  const identity = await reached('the events topic', () => ensureEventsTopic(kafka, { partitions: config.TIDEMARK_PARTITIONS }), waiting);

  const log = createEventLog(kafka, {
    groupId: config.TIDEMARK_CONSUMER_GROUP ?? `${namespace}.worker`,
    sessionTimeoutMs: config.TIDEMARK_SESSION_TIMEOUT,
    // A fold keeps numbers.
    keepsBytes: false,
  });
  const writer = createLogWriter(kafka, { partitioner: config.TIDEMARK_PARTITIONER });
  const metrics = createMetrics();
  const { TIDEMARK_OTLP_ENDPOINT: endpoint, TIDEMARK_TRACE_PERCENT: percent } = config;
  const tracing = await startTracing({ endpoint, percent, service: 'worker', logger });
  const settings = { ...DEFAULT_SETTINGS, latenessMs: config.TIDEMARK_LATENESS };
  let current: Worker | null = null;
  const worker = new Worker({
    sets,
    settings,
    partitioner: config.TIDEMARK_PARTITIONER,
    identity,
    log,
    writer,
    stores: tracedStores(
      {
        redis: createRedisCellSink(redis),
        clickhouse: createClickHouseCellSink(clickhouse),
        checkpoints: createRedisCheckpointStore(redis, { segmentTtlSeconds: 3_600 }),
      },
      tracing,
    ),
    beats: beatsOf(config),
    clock: systemClock,
    randomId: randomUUID,
    incarnation: `${process.pid}-${randomUUID().slice(0, 8)}`,
    maxDirtyCells: config.TIDEMARK_MAX_DIRTY / 8,
    trail: createRedisOutcomeTrail(redis),
    report: createReports({ metrics, logger, clickhouse, worker: () => current }),
    observe: createBeatObserver(metrics, tracing),
  });
  current = worker;
  const selfCheck = startWorkerSelfCheck({ worker, clickhouse, settings, partitionCount: identity.partitionCount, config, metrics, logger });
  const routing = createRoutingCheck(config.TIDEMARK_PARTITIONER);
  const health = await createHealthServer({
    host: config.TIDEMARK_HTTP_HOST,
    port: config.TIDEMARK_HTTP_PORT,
    ready: () => readiness(worker, routing),
    metrics,
  });
  logger.info({ port: health.port, lineages: worker.lineages, sets: sets.map((set) => set.name) }, 'worker is up');
  const stuck = watchForStuck({ status: () => worker.status(), clock: systemClock, afterMs: config.TIDEMARK_STUCK_AFTER });
  return {
    done: Promise.race([worker.run(), stuck.found]),
    stop: async () => {
      void stuck.stop();
      // What it waits for is not worth a stop's time; what it reads fails once the connection is closed.
      void selfCheck?.stop();
      await worker.stop();
      await closeWithin(CLOSE_DEADLINE_MS, [writer.close(), kafka.close(), redis.close(), clickhouse.close(), health.close(), tracing.stop()]);
    },
  };
}

/** Figures that are old anyway are published more seldom, so that a row that changes on and on is written once. */
function beatsOf(config: WorkerConfig): Beats {
  return {
    publishIntervalMs: config.TIDEMARK_PUBLISH_INTERVAL,
    tablePublishIntervalMs: config.TIDEMARK_TABLE_PUBLISH_INTERVAL,
    checkpointIntervalMs: config.TIDEMARK_CHECKPOINT_INTERVAL,
    confirmIntervalMs: { redis: 1_000, clickhouse: 10_000 },
    catchUp: { lag: 20_000, agedLag: 1_000, ageMs: 5_000, intervalMs: { redis: 5_000, clickhouse: 10_000, checkpoint: 15_000 } },
  };
}

/** Ready while no partition is halted and producers partition as we do; a worker without partitions is ready to take some. */
function readiness(
  worker: Worker,
  routing: ReturnType<typeof createRoutingCheck>,
): { checks: { name: string; ok: boolean; detail: string }[]; details: Record<string, unknown> } {
  const partitions = worker.status();
  const halted = partitions.filter((partition) => partition.halted !== null);
  const detail =
    halted.length === 0 ? `${partitions.length} partitions` : halted.map((each) => `partition ${each.partition}: ${each.halted}`).join('; ');
  const checks = [{ name: 'partitions', ok: halted.length === 0, detail }, routing(partitions, systemClock.nowMs())];
  return { checks, details: { lineages: worker.lineages, partitions } };
}

const config = readConfig(workerConfig, process.env);
if (config.ok) {
  const logger = createLogger({ service: 'worker', level: config.config.TIDEMARK_LOG_LEVEL });
  await runService({ name: 'worker', logger, start: (signal) => start(config.config, logger, signal) });
} else {
  process.stderr.write(`${config.problems.join('\n')}\n`);
  process.exitCode = exitCodes.config;
}
