// Bytes per event that a worker publishes and checkpoints at a steady 20,000 events a second: `npm run bench -- bytes [--tiny]`. The same run gives the same bytes.
import { join } from 'node:path';
import { connectClickHouse, createClickHouseCellSink, migrate } from '@tidemark/clickhouse';
import type { EngineAddresses } from '@tidemark/local';
import { connectRedis, createRedisCellSink, createRedisCheckpointStore } from '@tidemark/redis';
import { eventStream, type SampleEvent } from '@tidemark/testing';
import { uniqueName } from '@tidemark/testing/engines';
import { archivedBytes, rollupsOf, segmentBytes } from './bytes/stored-sizes.ts';
import { SteppedWorker } from './in-process/stepped-worker.ts';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, redisInfo, rowOf, tell } from './report/report.ts';
import { type CountingProxy, startCountingProxy } from './running/counting-proxy.ts';
import { withEngines } from './running/engines.ts';
import { partitionCount } from './worker-throughput/topic.ts';
import { readSet, setFile } from './worker-throughput/workload.ts';

type Options = BenchOptions<'rate' | 'people' | 'warm' | 'seconds' | 'archived'>;

/** To each store since the start. */
interface Bytes {
  readonly redis: number;
  readonly clickhouse: number;
  readonly checkpoints: number;
}

interface Run {
  readonly events: number;
  readonly bytes: Bytes;
  readonly redisMemoryBytes: number;
  /** Of it packed state. */
  readonly segmentBytes: number;
  readonly rollups: { readonly rows: number; readonly diskBytes: number };
  readonly archivedBytesPerEvent: number;
}

const endMs = Date.UTC(2025, 5, 30);
/** As often as a fetch comes that waits for more. */
const stepMs = 50;
const kinds = ['redis', 'clickhouse', 'checkpoints'] as const;
const mebi = 2 ** 20;
const root = join(import.meta.dirname, '../..');

const options: Options = readBenchOptions(process.argv.slice(2), {
  rate: { full: 20_000, tiny: 4_000 },
  people: { full: 100_000, tiny: 2_000 },
  /** Seconds of traffic that are not counted: until most people have been seen. */
  warm: { full: 20, tiny: 1 },
  seconds: { full: 60, tiny: 6 },
  /** Events that are archived beside it, to see what they take. */
  archived: { full: 200_000, tiny: 2_000 },
  repeats: { full: 1, tiny: 1 },
});

await withEngines(['redis', 'clickhouse'], async ({ addresses }) => {
  const machine = await machineOf(addresses);
  const runs: Run[] = [];
  for (let repeat = 0; repeat < options.number('repeats'); repeat++) runs.push(await measure(addresses));
  const setting = { ...options.all, workload: 'live', set: 'auto-cabinet', partitions: partitionCount, stepMs };
  tell({ bench: 'bytes', machine, setting, rows: rowsOf(runs), details: runs }, options.jsonFile);
});

async function measure({ redisUrl, clickhouseUrl }: EngineAddresses): Promise<Run> {
  const namespace = uniqueName('bench_bytes');
  const [redisProxy, checkpointProxy] = [await proxyOf(redisUrl), await proxyOf(redisUrl)];
  const clickhouseProxy = await proxyOf(clickhouseUrl);
  const memoryBefore = await redisMemory(redisUrl);
  const redis = await connectRedis({ url: through(redisUrl, redisProxy), namespace });
  const checkpointRedis = await connectRedis({ url: through(redisUrl, checkpointProxy), namespace });
  const clickhouse = await connectClickHouse({ url: through(clickhouseUrl, clickhouseProxy), database: namespace });
  try {
    await migrate(clickhouse, { folder: join(root, 'schemas/clickhouse') });
    const events = workload();
    const worker = await SteppedWorker.start({
      set: readSet(setFile),
      partitions: partitionCount,
      sinks: { redis: createRedisCellSink(redis), clickhouse: createClickHouseCellSink(clickhouse) },
      checkpoints: createRedisCheckpointStore(checkpointRedis, { segmentTtlSeconds: 3_600 }),
      startMs: endMs,
    });
    const so = (): Bytes => ({ redis: redisProxy.bytes(), clickhouse: clickhouseProxy.bytes(), checkpoints: checkpointProxy.bytes() });
    await live(worker, events, options.number('warm'));
    const before = so();
    const counted = worker.fed;
    await live(worker, events, options.number('seconds'));
    const after = so();
    const bytes = {
      redis: after.redis - before.redis,
      clickhouse: after.clickhouse - before.clickhouse,
      checkpoints: after.checkpoints - before.checkpoints,
    };
    const redisMemoryBytes = (await redisMemory(redisUrl)) - memoryBefore;
    await worker.close();
    return {
      events: worker.fed - counted,
      bytes,
      redisMemoryBytes,
      segmentBytes: await segmentBytes(redisUrl, namespace),
      rollups: await rollupsOf(clickhouse),
      archivedBytesPerEvent: await archivedBytes(clickhouse, firstOf(workload(), options.number('archived')), partitionCount),
    };
  } finally {
    await Promise.all([redis.close(), checkpointRedis.close(), clickhouse.close()]);
    await Promise.all([redisProxy.close(), checkpointProxy.close(), clickhouseProxy.close()]);
  }
}

function workload(): Generator<SampleEvent> {
  const rate = options.number('rate');
  const events = rate * (options.number('warm') + options.number('seconds') + 1);
  return eventStream({ seed: options.number('seed'), events, people: options.number('people'), days: events / rate / 86_400, endMs });
}

/** So many seconds of traffic, by the worker's own clock. */
async function live(worker: SteppedWorker, events: Iterator<SampleEvent>, seconds: number): Promise<void> {
  const perStep = Math.round((options.number('rate') * stepMs) / 1_000);
  for (let step = 0; step < (seconds * 1_000) / stepMs; step++) {
    worker.feed(firstOf(events, perStep));
    await worker.advance(stepMs);
  }
}

function firstOf(events: Iterator<SampleEvent>, count: number): SampleEvent[] {
  return Array.from({ length: count }, () => events.next()).flatMap(({ value, done }) => (done === true ? [] : [value]));
}

function proxyOf(url: string): Promise<CountingProxy> {
  return startCountingProxy(Number(new URL(url).port));
}

function through(url: string, { port }: CountingProxy): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.toString().replace(/\/$/, '');
}

async function redisMemory(url: string): Promise<number> {
  return Number((await redisInfo(url, 'memory')).get('used_memory'));
}

function rowsOf(runs: readonly Run[]): readonly ReportRow[] {
  const titles = {
    redis: 'published to Redis',
    clickhouse: 'published to ClickHouse, as text before it is compressed',
    checkpoints: 'checkpointed to Redis',
  };
  const perEvent = (figure: (bytes: Bytes) => number): number[] => runs.map(({ events, bytes }) => figure(bytes) / events);
  return [
    ...kinds.map((kind) =>
      rowOf(
        titles[kind],
        'B / event',
        perEvent((bytes) => bytes[kind]),
      ),
    ),
    rowOf(
      'together',
      'B / event',
      perEvent((bytes) => kinds.reduce((sum, kind) => sum + bytes[kind], 0)),
    ),
    rowOf(
      'Redis, memory in use for rows and state',
      'MiB',
      runs.map(({ redisMemoryBytes }) => redisMemoryBytes / mebi),
    ),
    rowOf(
      'of it packed state',
      'MiB',
      runs.map((run) => run.segmentBytes / mebi),
    ),
    rowOf(
      'of it each row of the rollups',
      'B',
      runs.map((run) => (run.redisMemoryBytes - run.segmentBytes) / run.rollups.rows),
    ),
    rowOf(
      'rows of the rollups',
      'rows',
      runs.map(({ rollups }) => rollups.rows),
    ),
    rowOf(
      'ClickHouse, each row of the rollups on disk, merged',
      'B',
      runs.map(({ rollups }) => rollups.diskBytes / rollups.rows),
    ),
    rowOf(
      'ClickHouse, the archive on disk, both orders, merged',
      'B / event',
      runs.map(({ archivedBytesPerEvent }) => archivedBytesPerEvent),
    ),
  ];
}
