// Bytes per event that a worker publishes and checkpoints at a steady 20,000 events a second: `npm run bench -- bytes [--tiny]`. The same run gives the same bytes.
import { join } from 'node:path';
import { connectClickHouse, createClickHouseCellSink, migrate } from '@tidemark/clickhouse';
import type { EngineAddresses } from '@tidemark/local';
import { connectRedis, createRedisCellSink, createRedisCheckpointStore } from '@tidemark/redis';
import { eventStream, type SampleEvent } from '@tidemark/testing';
import { uniqueName } from '@tidemark/testing/engines';
import { archivedBytes, redisSizes, rollupsOf, rowsOfADay } from './bytes/stored-sizes.ts';
import { SteppedWorker } from './in-process/stepped-worker.ts';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, redisInfo, rowOf, tell } from './report/report.ts';
import { type CountingProxy, startCountingProxy } from './running/counting-proxy.ts';
import { withEngines } from './running/engines.ts';
import { partitionCount } from './worker-throughput/topic.ts';
import { readSet, setFile } from './worker-throughput/workload.ts';

type Options = BenchOptions<'rate' | 'people' | 'warm' | 'seconds' | 'archived' | 'days'>;

/** To each store since the start. */
interface Bytes {
  readonly redis: number;
  readonly clickhouse: number;
  readonly checkpoints: number;
}

interface Run {
  readonly events: number;
  readonly bytes: Bytes;
  readonly redisSizes: { readonly rows: number; readonly segments: number };
  readonly rollups: { readonly rows: number; readonly diskBytes: number };
  readonly archivedBytesPerEvent: number;
  readonly rowsOfADay: number;
  /** Of the Redis process, while events were counted. */
  readonly redisCpuS: number;
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
  /** Over which as many events are spread, to see how many rows a day adds. */
  days: { full: 30, tiny: 3 },
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
    const redisCpuBefore = await redisCpu(redisUrl);
    const counted = worker.fed;
    await live(worker, events, options.number('seconds'));
    const after = so();
    const redisCpuS = (await redisCpu(redisUrl)) - redisCpuBefore;
    const bytes = {
      redis: after.redis - before.redis,
      clickhouse: after.clickhouse - before.clickhouse,
      checkpoints: after.checkpoints - before.checkpoints,
    };
    await worker.close();
    return {
      events: worker.fed - counted,
      bytes,
      redisSizes: await redisSizes(redisUrl, namespace),
      rollups: await rollupsOf(clickhouse),
      archivedBytesPerEvent: await archivedBytes(clickhouse, firstOf(workload(), options.number('archived')), partitionCount),
      rowsOfADay: await rowsOfADay(readSet(setFile), spread(), { days: options.number('days'), partitions: partitionCount }),
      redisCpuS,
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

/** As many events as are archived, over days. */
function spread(): Generator<SampleEvent> {
  return eventStream({
    seed: options.number('seed'),
    events: options.number('archived'),
    people: options.number('people'),
    days: options.number('days'),
    endMs,
  });
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

/** Seconds since its start. */
async function redisCpu(url: string): Promise<number> {
  const info = await redisInfo(url, 'cpu');
  return Number(info.get('used_cpu_user')) + Number(info.get('used_cpu_sys'));
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
      'Redis, memory of packed state',
      'MiB',
      runs.map((run) => run.redisSizes.segments / mebi),
    ),
    rowOf(
      'Redis, memory of each row of the rollups',
      'B',
      runs.map((run) => run.redisSizes.rows / run.rollups.rows),
    ),
    rowOf(
      'rows of the rollups',
      'rows',
      runs.map(({ rollups }) => rollups.rows),
    ),
    rowOf(
      'rows that a day of traffic adds',
      'rows / day',
      runs.map((run) => run.rowsOfADay),
    ),
    rowOf(
      'Redis, processor time, publishes and checkpoints',
      'µs / event',
      runs.map(({ redisCpuS, events }) => (redisCpuS * 1e6) / events),
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
