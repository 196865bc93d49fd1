// One measured run of each contender: from joining the group until it has caught up with the end of the topic.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineAddresses } from '@tidemark/local';
import { startMeasured } from './measured-process.ts';
import type { Usage } from './probe.ts';
import { openStorePositions } from './store-positions.ts';
import { type FilledTopic, migrate, partitionCount, serviceEnvironment } from './topic.ts';
import { setFile, type Tally } from './workload.ts';

export type ContenderName = 'bare' | 'parse' | 'fold' | 'worker';

/** What one run used between joining the group and having caught up. */
export interface RunResult {
  readonly contender: ContenderName;
  readonly events: number;
  readonly cpuS: number;
  readonly wallS: number;
  readonly gcS: number;
  readonly heapMib: number;
  readonly rssMib: number;
  /** CPU before joining: start of the process, loading of the code. */
  readonly startCpuS: number;
  /** Of the worker: CPU when Redis was whole; ClickHouse and the manifests followed. */
  readonly redisWholeCpuS: number | null;
}

export interface RunContext {
  readonly addresses: EngineAddresses;
  readonly namespace: string;
  readonly filled: FilledTopic;
  /** Unique per run: names the consumer group and the ClickHouse database. */
  readonly run: string;
  readonly profileFolder: string | null;
  /** Of the worker; default: the car dealer's set. */
  readonly metricsFile?: string;
  /** Called when a worker has caught up, before its figures are dropped. */
  readonly whileServed?: (database: string) => Promise<void>;
}

const root = join(import.meta.dirname, '../../..');
const pollMs = 50;
const catchUpWithinMs = 15 * 60_000;

export function runContender(name: ContenderName, context: RunContext): Promise<RunResult> {
  return name === 'worker' ? runWorker(context) : runReader(name, context);
}

/** A process without stores: it says itself when it has caught up. */
async function runReader(contender: 'bare' | 'parse' | 'fold', context: RunContext): Promise<RunResult> {
  const { filled } = context;
  const env = {
    ...serviceEnvironment(context.addresses, {}),
    BENCH_BROKERS: context.addresses.kafkaBrokers,
    BENCH_TOPIC: filled.topic,
    BENCH_NAMESPACE: context.namespace,
    BENCH_GROUP: `bench-${context.run}`,
    BENCH_ENDS: filled.ends.join(','),
    BENCH_PARSE: contender === 'parse' ? '1' : '0',
  };
  const measured = startMeasured(join(import.meta.dirname, contender === 'fold' ? 'fold-worker.ts' : 'bare-consumer.ts'), {
    env,
    profileFolder: context.profileFolder,
  });
  try {
    await measured.line('joined the group');
    const [before, startMs] = [await measured.usage(), performance.now()];
    const line = await measured.line('caught up');
    const after = await measured.usage();
    const { events } = filled.tally;
    if (!line.includes(` ${events} records`)) throw new Error(`${contender} read something else than ${events} records: ${line}`);
    return resultOf({ contender, events, before, after, wallS: (performance.now() - startMs) / 1000, redisWhole: null });
  } finally {
    await measured.stop();
  }
}

/** The service as it is shipped, on fresh stores. It has caught up when both heads and the manifests of all partitions stand at the end of the log. */
async function runWorker(context: RunContext): Promise<RunResult> {
  const { addresses, namespace, filled } = context;
  const database = `bench_${context.run}`;
  const stores = openStorePositions({ ...addresses, database, namespace, partitions: partitionCount });
  await stores.wipeRedis();
  await migrate(addresses, namespace, database);
  const env = serviceEnvironment(addresses, {
    TIDEMARK_NAMESPACE: namespace,
    TIDEMARK_CLICKHOUSE_DATABASE: database,
    TIDEMARK_METRICS: context.metricsFile ?? setFile,
    TIDEMARK_HTTP_PORT: '0',
  });
  const measured = startMeasured(join(root, 'services/worker/src/main.ts'), { env, profileFolder: context.profileFolder });
  try {
    stores.lineage = lineageIn(await measured.line('worker is up'));
    await measured.line('joined the group');
    const [before, startMs] = [await measured.usage(), performance.now()];
    const reached = (positions: () => Promise<number[]>, what: string): Promise<void> =>
      measured.whileRunning(reachesEnds(positions, filled.ends, what));
    await reached(stores.redis, 'the heads in Redis');
    const redisWhole = await measured.usage();
    await reached(stores.clickhouse, 'the heads in ClickHouse');
    await reached(stores.manifests, 'the manifests');
    const after = await measured.usage();
    const wallS = (performance.now() - startMs) / 1000;
    checkCounters(await stores.counters(), filled.tally);
    await context.whileServed?.(database);
    return resultOf({ contender: 'worker', events: filled.tally.events, before, after, wallS, redisWhole });
  } finally {
    await measured.stop();
    await dropDatabase(addresses.clickhouseUrl, database);
    stores.close();
  }
}

/** Every record has the outcome that the workload meant it to have. */
function checkCounters(counters: Readonly<Record<string, number>>, { events, late, duplicate }: Tally): void {
  const expected = { read: events, applied: events - late - duplicate, duplicate, late };
  for (const [name, count] of Object.entries(expected))
    if (counters[name] !== count) throw new Error(`the worker counts ${name} ${counters[name]}, the workload ${count}: ${JSON.stringify(counters)}`);
}

function lineageIn(line: string): string {
  const { lineages }: { lineages: readonly string[] } = JSON.parse(line);
  return lineages[0] ?? '';
}

async function reachesEnds(positions: () => Promise<number[]>, ends: readonly number[], what: string): Promise<void> {
  const startMs = performance.now();
  for (;;) {
    const at = await positions();
    if (ends.every((end, partition) => at[partition] === end)) return;
    if (performance.now() - startMs > catchUpWithinMs) throw new Error(`${what} stand at ${at.join(', ')} and not at ${ends.join(', ')}`);
    await sleep(pollMs);
  }
}

async function dropDatabase(clickhouseUrl: string, database: string): Promise<void> {
  await (await fetch(clickhouseUrl, { method: 'POST', body: `DROP DATABASE IF EXISTS ${database} SYNC` })).text();
}

function resultOf(run: {
  contender: ContenderName;
  events: number;
  before: Usage;
  after: Usage;
  wallS: number;
  redisWhole: Usage | null;
}): RunResult {
  const { before, after, redisWhole } = run;
  return {
    contender: run.contender,
    events: run.events,
    cpuS: (after.cpuUs - before.cpuUs) / 1e6,
    wallS: run.wallS,
    gcS: (after.gcMs - before.gcMs) / 1000,
    heapMib: after.heapBytes / 2 ** 20,
    rssMib: after.peakRssBytes / 2 ** 20,
    startCpuS: before.cpuUs / 1e6,
    redisWholeCpuS: redisWhole === null ? null : (redisWhole.cpuUs - before.cpuUs) / 1e6,
  };
}
