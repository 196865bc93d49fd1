/** The query service: answers from the rollups in Redis and ClickHouse over HTTP. Wiring only. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { createAnswerer, Serving } from '@tidemark/pipeline';
import { createLogger, createMetrics, exitCodes, type Logger, type RunningService, runService, startTracing, systemClock } from '@tidemark/runtime';
import { buildApp } from './app.ts';
import type { Asking } from './asking.ts';
import { type Config, MAX_STREAMS, readQueryConfig } from './config.ts';
import { type Connections, createConnections } from './connections.ts';
import { contributeAside } from './inspect/contribute-aside.ts';
import { EventHub } from './inspect/event-hub.ts';
import { createTurns } from './inspect/turns.ts';
import { followJournal } from './journal.ts';
import { LiveHub } from './live/live-hub.ts';
import { createPlanner, readMetricSets } from './metric-sets.ts';
import { startPolling } from './polling.ts';
import type { Inspection } from './routes/inspect.ts';
import { createTelemetry } from './telemetry.ts';

const JOURNAL_EVERY_MS = 1_000;
/** So long a start waits for stores that do not answer. */
const PATIENCE_MS = 3_000;
/** How often streams of events look for new ones. */
const LOOK_EVERY_MS = 500;
/** Streams of events are read by people who look for something. */
const MAX_EVENT_STREAMS = { ofAsker: 20, ofAll: 200 };
const MAX_WAITING_EXPLANATIONS = 10;

async function start(config: Config, logger: Logger): Promise<RunningService> {
  const { partitions, latenessMs, loopbackOnly } = config;
  const files = readMetricSets(config.metricFiles, config);
  const { otlpEndpoint: endpoint, tracePercent: percent } = config;
  const tracing = await startTracing({ endpoint, percent, service: 'query', logger });
  const telemetry = createTelemetry(createMetrics(), tracing);
  const clock = systemClock;
  const connections = createConnections(config, clock.nowMs);
  const stores = { redis: telemetry.measured(connections.redis), clickhouse: telemetry.measured(connections.clickhouse) };
  const serving = new Serving({
    partitions,
    nowMs: clock.nowMs,
    switched: ({ set, from, to }) => logger.info({ set, from, to }, 'lineage is served'),
    dropped: (set) => logger.info({ set }, 'set is served no more'),
    refused: (reason) => logger.error({ reason }, 'not served as it was decided'),
  });
  const answerer = createAnswerer({
    lineages: () => serving.polled,
    partitions,
    stores,
    latenessMs,
    clock,
    answered: (lineage, heads) => serving.answered(lineage, heads),
  });
  const asking: Asking = { serving, answerer };
  const follow = followJournal({ journal: connections.journal, planner: createPlanner(files, config), serving, logger });
  await Promise.race([beginning(asking, follow), clock.sleep(PATIENCE_MS)]);
  serving.look(answerer.watch);
  const live = new LiveHub({
    asking,
    nowMs: clock.nowMs,
    instance: randomBytes(9).toString('base64url'),
    maxStreamsPerAsker: config.streamsPerAsker,
    maxStreams: MAX_STREAMS,
    failed: (error) => logger.error({ err: error }, 'live figure failed'),
    changed: telemetry.countStream,
  });
  const inspection = inspectionOf(config, connections, asking);
  const looking = clock.every(LOOK_EVERY_MS, () => inspection.events.tick());
  const polled = (): void => {
    serving.look(answerer.watch);
    live.tick();
  };
  const polling = startPolling({ watch: answerer.watch, clock, telemetry, logger, polled });
  const following = clock.every(JOURNAL_EVERY_MS, follow);
  const app = await buildApp({
    asking,
    partitions,
    telemetry,
    logger,
    tracing,
    nowMs: clock.nowMs,
    dashboardFolder: dashboardFolder(),
    loopbackHostsOnly: loopbackOnly,
    access: { keys: config.keys, corsOrigins: config.corsOrigins, requestsPerSecond: config.requestsPerSecond, inspectWithoutKey: loopbackOnly },
    live,
    inspection,
    audit: connections.audit,
  });
  const stop = async (): Promise<void> => {
    await app.close();
    await Promise.all([polling.stop(), following.stop()]);
    await looking.stop();
    await Promise.all([connections.close(), tracing.stop()]);
  };
  try {
    const address = await app.listen({ host: config.host, port: config.port });
    const reach = reachOf(config);
    logger.info({ address, reach, sets: serving.catalogue.sets.map(({ set, lineage }) => `${set.name} ${lineage}`) }, 'listening');
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** Whoever starts after a switch begins with what is served: the journal and the heads are known before the first question. */
async function beginning({ answerer: { watch } }: Asking, follow: () => Promise<void>): Promise<void> {
  await follow();
  await Promise.all([watch.poll('redis'), watch.poll('clickhouse')]);
}

function inspectionOf({ partitions, partitioner, latenessMs }: Config, { trail, archive }: Connections, { serving }: Asking): Inspection {
  return {
    events: new EventHub({
      trail,
      partitions,
      latenessMs,
      served: (set) => serving.catalogue.set(set),
      nowMs: systemClock.nowMs,
      maxStreamsPerAsker: MAX_EVENT_STREAMS.ofAsker,
      maxStreams: MAX_EVENT_STREAMS.ofAll,
    }),
    archive,
    contribute: contributeAside,
    history: { settings: { ...DEFAULT_SETTINGS, latenessMs }, partitioner, partitionCount: partitions.length },
    turns: createTurns({ maxWaiting: MAX_WAITING_EXPLANATIONS }),
  };
}

function reachOf({ keys, loopbackOnly }: Config): string {
  if (keys.length > 0) return `who has one of ${keys.length} keys: ${keys.map(({ name }) => name).join(', ')}`;
  return loopbackOnly ? 'this machine only: there are no keys' : 'everybody who reaches the port: there are no keys';
}

/** Null where the pages are not built. */
function dashboardFolder(): string | null {
  const folder = join(import.meta.dirname, '../../dashboard/dist');
  return existsSync(join(folder, 'index.html')) ? folder : null;
}

const outcome = readQueryConfig(process.env);
if (outcome.ok) {
  const logger = createLogger({ service: 'query', level: outcome.config.logLevel });
  await runService({ name: 'query', logger, start: () => start(outcome.config, logger) });
} else {
  for (const problem of outcome.problems) console.error(problem);
  process.exitCode = exitCodes.config;
}
