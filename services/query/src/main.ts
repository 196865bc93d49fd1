/** The query service: answers from the rollups in Redis and ClickHouse over HTTP. Wiring only. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connectClickHouse, createClickHouseCellReader } from '@tidemark/clickhouse';
import { createAnswerer } from '@tidemark/pipeline';
import { connectRedis, createRedisCellReader } from '@tidemark/redis';
import { createLogger, createMetrics, exitCodes, type Logger, type RunningService, runService, systemClock } from '@tidemark/runtime';
import { buildApp } from './app.ts';
import { type Config, MAX_STREAMS, readQueryConfig } from './config.ts';
import { LiveHub } from './live/live-hub.ts';
import { readMetricSets } from './metric-sets.ts';
import { startPolling } from './polling.ts';
import { reconnectingReader } from './stores.ts';
import { createTelemetry } from './telemetry.ts';

/** A store that hangs is given up on, and the other one asked. */
const STORE_TIMEOUT_MS = 3_000;

async function start(config: Config, logger: Logger): Promise<RunningService> {
  const { partitions, latenessMs, loopbackOnly } = config;
  const sets = readMetricSets(config.metricFiles, config);
  const telemetry = createTelemetry(createMetrics());
  const clock = systemClock;
  const redis = reconnectingReader({
    name: 'redis',
    nowMs: clock.nowMs,
    connect: async () => {
      const connection = await connectRedis({ url: config.redisUrl, namespace: config.namespace, commandTimeoutMs: STORE_TIMEOUT_MS });
      return { reader: createRedisCellReader(connection), close: () => connection.close() };
    },
  });
  const clickhouse = reconnectingReader({
    name: 'clickhouse',
    nowMs: clock.nowMs,
    connect: async () => {
      const connection = await connectClickHouse({
        url: config.clickhouseUrl,
        database: config.clickhouseDatabase,
        requestTimeoutMs: STORE_TIMEOUT_MS,
      });
      return { reader: createClickHouseCellReader(connection), close: () => connection.close() };
    },
  });
  const stores = { redis: telemetry.measured(redis), clickhouse: telemetry.measured(clickhouse) };
  const answerer = createAnswerer({ sets, partitions, stores, latenessMs, clock });
  const live = new LiveHub({
    answerer,
    nowMs: clock.nowMs,
    instance: randomBytes(9).toString('base64url'),
    maxStreamsPerAsker: config.streamsPerAsker,
    maxStreams: MAX_STREAMS,
    failed: (error) => logger.error({ err: error }, 'live figure failed'),
    changed: telemetry.countStream,
  });
  const polling = startPolling({ watch: answerer.watch, clock, telemetry, logger, polled: () => live.tick() });
  const app = await buildApp({
    answerer,
    sets,
    partitions,
    telemetry,
    logger,
    nowMs: clock.nowMs,
    dashboardFolder: dashboardFolder(),
    loopbackHostsOnly: loopbackOnly,
    access: { keys: config.keys, corsOrigins: config.corsOrigins, requestsPerSecond: config.requestsPerSecond },
    live,
  });
  const stop = async (): Promise<void> => {
    await app.close();
    await polling.stop();
    await Promise.all([redis.close(), clickhouse.close()]);
  };
  try {
    const address = await app.listen({ host: config.host, port: config.port });
    const reach = reachOf(config);
    logger.info({ address, reach, sets: sets.map(({ set, lineage }) => `${set.name} ${lineage}`) }, 'listening');
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

function reachOf({ keys, loopbackOnly }: Config): string {
  if (keys.length > 0) return `who has one of ${keys.length} keys: ${keys.map(({ name }) => name).join(', ')}`;
  return loopbackOnly ? 'this machine only: there are no keys' : 'everybody who reaches the port: there are no keys';
}

/** The built pages where there are some, else the ones that need no build. */
function dashboardFolder(): string | null {
  const room = join(import.meta.dirname, '../../dashboard');
  return ['dist', 'public'].map((name) => join(room, name)).find((folder) => existsSync(join(folder, 'index.html'))) ?? null;
}

const outcome = readQueryConfig(process.env);
if (outcome.ok) {
  const logger = createLogger({ service: 'query', level: outcome.config.logLevel });
  await runService({ name: 'query', logger, start: () => start(outcome.config, logger) });
} else {
  for (const problem of outcome.problems) console.error(problem);
  process.exitCode = exitCodes.config;
}
