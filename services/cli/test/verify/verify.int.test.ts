// `verify` on real engines: what a worker publishes is the archive's, and one cell changed in each store is named.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClickHouseConnection,
  connectClickHouse,
  createClickHouseCellReader,
  createClickHouseCellSink,
  createClickHouseCheckArchive,
  createClickHouseCheckLedger,
  createClickHouseIntake,
  createClickHousePartitionArchive,
  migrate,
} from '@tidemark/clickhouse';
import { createDescriber } from '@tidemark/codec';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { createActorChecker, createArchiveWriter, type HeldLineage, type TableRange, versionDecimal, versionOf, Worker } from '@tidemark/pipeline';
import {
  connectRedis,
  createRedisCellReader,
  createRedisCellSink,
  createRedisCheckpointStore,
  packCells,
  type RedisConnection,
} from '@tidemark/redis';
import { systemClock } from '@tidemark/runtime';
import { MemoryLog } from '@tidemark/testing';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../../src/command-line.ts';
import { readMetricSets } from '../../src/definition-files.ts';
import { captureOutput } from '../captured-output.ts';

const SET = `name: shop
dimensions: { channel: { property: channel } }
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, slice: [channel] }
  - { id: people, kind: activity, event: Ordered }
`;
const namespace = uniqueName('verify');
const beats = {
  publishIntervalMs: 50,
  tablePublishIntervalMs: 100,
  checkpointIntervalMs: 10_000,
  confirmIntervalMs: { redis: 1_000, clickhouse: 1_000 },
  catchUp: { lag: 1e9, agedLag: 1e9, ageMs: 5_000, intervalMs: { redis: 5_000, clickhouse: 5_000, checkpoint: 5_000 } },
};
let engines: AcquiredEngines;
let folder: string;
let redis: RedisConnection;
let clickhouse: ClickHouseConnection;
let lineage: string;
let held: readonly HeldLineage[];
let env: Record<string, string>;

beforeAll(async () => {
  engines = await acquireEngines(['redis', 'clickhouse']);
  folder = await mkdtemp(join(tmpdir(), 'tidemark-verify-'));
  writeFileSync(join(folder, 'shop.yaml'), SET);
  const { redisUrl, clickhouseUrl } = engines.addresses;
  redis = await connectRedis({ url: redisUrl, namespace });
  clickhouse = await connectClickHouse({ url: clickhouseUrl, database: namespace });
  await migrate(clickhouse, { folder: resolve(import.meta.dirname, '../../../../schemas/clickhouse') });
  env = {
    TIDEMARK_REDIS_URL: redisUrl,
    TIDEMARK_CLICKHOUSE_URL: clickhouseUrl,
    TIDEMARK_CLICKHOUSE_DATABASE: namespace,
    TIDEMARK_NAMESPACE: namespace,
    TIDEMARK_PARTITIONS: '2',
    TIDEMARK_METRICS: join(folder, 'shop.yaml'),
  };
  lineage = await publishAndArchive();
});
afterAll(async () => {
  await clickhouse?.run(`DROP DATABASE IF EXISTS ${namespace}`);
  await Promise.all([redis?.close(), clickhouse?.close()]);
  await engines?.release();
  await rm(folder, { recursive: true, force: true });
});

/** Two hundred orders of twenty people, through a worker and an archiver that end when all is there. Answers the lineage. */
async function publishAndArchive(): Promise<string> {
  const log = new MemoryLog({ partitionCount: 2 });
  const nowMs = Date.UTC(2026, 10, 21, 18);
  const writer = log.writer({ partitioner: 'murmur2', nowMs: () => nowMs });
  const orders = Array.from({ length: 200 }, (_, index) => {
    const [userId, channel] = [`u${index % 20}`, index % 3 === 0 ? 'ads' : 'web'];
    const timestamp = new Date(nowMs - (200 - index) * 600_000).toISOString();
    return {
      key: userId,
      value: JSON.stringify({ type: 'track', event: 'Ordered', userId, messageId: `m${index}`, timestamp, properties: { channel } }),
    };
  });
  await writer.append(orders);
  const [member, archiving] = [log.member(), log.member()];
  const archive = createClickHouseIntake(clickhouse, createDescriber());
  const archiver = createArchiveWriter({ archive, log: archiving, epoch: 1, clock: systemClock, chunkRecords: 30 });
  const worker = new Worker({
    sets: readMetricSets([join(folder, 'shop.yaml')]),
    settings: DEFAULT_SETTINGS,
    partitioner: 'murmur2',
    identity: log.identity,
    log: member,
    writer,
    stores: {
      redis: createRedisCellSink(redis),
      clickhouse: createClickHouseCellSink(clickhouse),
      checkpoints: createRedisCheckpointStore(redis, { segmentTtlSeconds: 60 }),
    },
    beats,
    clock: systemClock,
    randomId: () => uniqueName('id'),
    incarnation: 'test',
    maxDirtyCells: 1e9,
    report: () => undefined,
  });
  const [of = ''] = worker.lineages;
  await both(log, member, archiving, { worker, archiver });
  held = worker.holdings();
  return of;
}

type Members = ReturnType<MemoryLog['member']>;

/** One after the other, because the members of a log in memory are one group. */
async function both(
  log: MemoryLog,
  member: Members,
  archiving: Members,
  { worker, archiver }: { worker: Worker; archiver: ReturnType<typeof createArchiveWriter> },
): Promise<void> {
  const working = worker.run();
  await delivered(log, () => worker.status().reduce((sum, { next }) => sum + (next ?? 0), 0) >= 200);
  await worker.stop();
  await working;
  const [saving, reading] = [archiver.run(), archiving.run(archiver.handler)];
  await delivered(log, () => archiver.partitions().reduce((sum, each) => sum + (each.halted === null ? each.next : 0), 0) >= 200);
  await archiver.stop();
  await archiving.stop();
  await Promise.all([saving, reading]);
  await member.stop();
}

async function delivered(log: MemoryLog, isDone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !isDone(); tries++) {
    log.deliver(50);
    await sleep(10);
  }
  expect(isDone()).toBe(true);
}

async function verify(...args: string[]) {
  const output = captureOutput(env);
  const code = await runCommandLine(['verify', ...args], output);
  return { code, out: output.out(), err: output.err() };
}

test('what is served is what the archive gives, and the ledger says so', async () => {
  const { code, out, err } = await verify();
  expect({ code, out }).toEqual({ code: 0, out: [] });
  expect(err.at(-1)).toMatch(/^[\d,\s]+ integers of shop compared with the archive: all the same$/);
  // Total and two slice values of two days, and the people, in two stores.
  expect(Number(/^[\d,\s]+/.exec(err.at(-1) ?? '')?.[0].replaceAll(/\D/g, ''))).toBeGreaterThan(100);
  const latest = await createClickHouseCheckLedger(clickhouse).latest(lineage);
  expect(latest.map(({ kind, partition, outcome }) => `${kind} ${partition} ${outcome}`).sort()).toEqual([
    'verify_clickhouse 0 same',
    'verify_clickhouse 1 same',
    'verify_redis 0 same',
    'verify_redis 1 same',
  ]);
});

test('the worker checks itself: actors drawn from the archive have the registers that it holds', async () => {
  const checker = createActorChecker({
    archive: { ...createClickHousePartitionArchive(clickhouse), ...createClickHouseCheckArchive(clickhouse) },
    settings: DEFAULT_SETTINGS,
    partitioner: 'murmur2',
    partitionCount: 2,
    clock: systemClock,
    random: () => 0.5,
  });
  expect(held.map(({ partition }) => partition).sort()).toEqual([0, 1]);
  for (const each of held) expect(await checker.check(each)).toMatchObject({ outcome: 'same', detail: '' });
});

test('a cell changed in Redis and one in ClickHouse are both named, and end in exit code 5', async () => {
  const total: TableRange = { metric: 'orders', table: 'total', from: 0, to: 100_000, sliced: false };
  const [one] = await createClickHouseCellReader(clickhouse).read(lineage, [1], [total]);
  const [two] = await createRedisCellReader(redis).read(lineage, [0], [total]);
  const [inTable, inRedis] = [one?.rows[0], two?.rows[0]];
  if (inTable === undefined || inRedis === undefined) throw new Error('nothing is served');
  const was = (cells: ArrayLike<number>) => Number(cells[0]);
  await redis.call(
    'HSET',
    `tidemark:${namespace}:{0}:${lineage}:rows:orders:total`,
    String(inRedis.bucket),
    Buffer.concat([Buffer.from(inRedis.version), packCells([was(inRedis.cells) + 1])]),
  );
  const row = [lineage, 'orders', 'total', inTable.bucket, 1, '', versionDecimal(inTable.version), [was(inTable.cells) + 7], ''];
  await clickhouse.insert('rollup_cells', ['lineage', 'metric', 'tbl', 'bucket', 'partition', 'value', 'version', 'cells', 'note'], [row]);

  const { code, out, err } = await verify('--json', '--metric', 'orders');
  expect(code).toBe(5);
  const lines = out.map((line) => JSON.parse(line));
  const place = { set: 'shop', metric: 'orders', table: 'total', value: '', column: 0, bucketName: expect.stringMatching(/^2026-11-/) };
  expect(lines.slice(0, -1)).toEqual([
    {
      difference: { ...place, store: 'redis', partition: 0, bucket: inRedis.bucket, served: was(inRedis.cells) + 1, recomputed: was(inRedis.cells) },
    },
    {
      difference: {
        ...place,
        store: 'clickhouse',
        partition: 1,
        bucket: inTable.bucket,
        served: was(inTable.cells) + 7,
        recomputed: was(inTable.cells),
      },
    },
  ]);
  expect(lines.at(-1).summary).toMatchObject({ differences: 2, results: expect.any(Array) });
  expect(err.at(-1)).toMatch(/: 2 differ$/);
  expect((await verify('--metric', 'people')).code).toBe(0);
  const all = await verify();
  expect({ code: all.code, err: all.err.at(-1) }).toEqual({ code: 5, err: expect.stringMatching(/: 2 differ$/) });
  expect(all.out[0]).toMatch(/^shop {2}orders {2}total {2}2026-11-\d\d {2}column 0 {2}redis partition 0: served \d+, recomputed \d+$/);
});

test('names that nobody has are told with what is near', async () => {
  expect(await verify('--metric', 'order')).toMatchObject({ code: 2, err: ['no metric is called "order": did you mean orders?'] });
  expect(await verify('--set', 'shopp')).toMatchObject({ code: 2, err: ['no set is called "shopp": did you mean shop?'] });
  expect(versionOf(1, 0)).toHaveLength(16);
});
