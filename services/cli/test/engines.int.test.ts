/** The commands that need engines, on real ones: replay into Kafka, and doctor. */
import { resolve } from 'node:path';
import { connectClickHouse, createClickHouseLineageJournal, createClickHouseSnapshotStore, migrate } from '@tidemark/clickhouse';
import { connectKafka } from '@tidemark/kafka';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { captureOutput } from './captured-output.ts';

const sample = resolve(import.meta.dirname, 'data/purchases-sample.csv');
const purchase = "user=customer,event='Purchase',time=date:yyyymmdd";
let engines: AcquiredEngines;
beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
});
afterAll(() => engines.release());

async function run(args: string[], env: Record<string, string> = {}) {
  const output = captureOutput(env);
  return { code: await runCommandLine(args, output), out: output.out(), err: output.err() };
}

async function recordsOf(namespace: string): Promise<{ partitions: number; records: number }> {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const kafka = await connectKafka({ brokers: engines.addresses.kafkaBrokers.split(','), clientId: 'test', namespace, logger: silent });
  try {
    const offsets = await kafka.admin.fetchTopicOffsets(kafka.topic);
    return { partitions: offsets.length, records: offsets.reduce((sum, { high }) => sum + Number(high), 0) };
  } finally {
    await kafka.close();
  }
}

it('replay appends every row, and expects the topic to be there unless it may create it', async () => {
  const namespace = uniqueName('cli');
  const args = ['replay', sample, '--map', purchase, '--brokers', engines.addresses.kafkaBrokers, '--namespace', namespace];
  const refused = await run(args);
  expect(refused.code).toBe(1);
  expect(refused.err.at(-1)).toBe(`topic ${namespace}.events does not exist: run the migration, which creates it`);
  const made = await run([...args, '--create-topic', '--partitions', '3', '--json']);
  expect(made.code).toBe(0);
  expect(made.out.map((line) => JSON.parse(line))).toEqual([
    { file: sample, topic: `${namespace}.events`, events: 10, late: 0, skipped: 0, seconds: expect.any(Number) },
  ]);
  expect(await recordsOf(namespace)).toEqual({ partitions: 3, records: 10 });
});

it('doctor asks each given engine, and says the fix of one that does not answer', async () => {
  const { kafkaBrokers, redisUrl, clickhouseUrl } = engines.addresses;
  const env = { TIDEMARK_KAFKA_BROKERS: kafkaBrokers, TIDEMARK_REDIS_URL: redisUrl, TIDEMARK_CLICKHOUSE_URL: clickhouseUrl };
  const well = await run(['doctor', '--json'], env);
  const [report] = well.out.map((line) => JSON.parse(line));
  expect(report.checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
  expect(well.code).toBe(0);
  expect(report.checks.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['node', 'kafka metadata', 'redis ping', 'clickhouse select', 'definitions']),
  );
  const ill = await run(['doctor'], { ...env, TIDEMARK_REDIS_URL: 'redis://127.0.0.1:1' });
  expect(ill.code).toBe(4);
  expect(ill.out.join('\n')).toMatch(/^FAIL {2}redis ping .*\n.*fix: Start Redis there/m);
  const wrong = await run(['doctor'], { ...env, TIDEMARK_METRICS: '/nowhere/gone.yaml' });
  expect(wrong.code).toBe(3);
});

it('doctor refuses raw events that expire while nothing else could bring the state back', async () => {
  const database = uniqueName('keeping');
  const { clickhouseUrl } = engines.addresses;
  const archive = async (env: Record<string, string> = {}) => {
    const { out } = await run(['doctor', '--json'], {
      TIDEMARK_CLICKHOUSE_URL: clickhouseUrl,
      TIDEMARK_CLICKHOUSE_DATABASE: database,
      TIDEMARK_PARTITIONS: '2',
      ...env,
    });
    const { checks } = JSON.parse(out[0] ?? '');
    return checks.find(({ name }: { name: string }) => name === 'clickhouse archive');
  };
  expect(await archive()).toEqual({ name: 'clickhouse archive', ok: true, detail: 'no archive yet: raw events will be kept for good' });
  const clickhouse = await connectClickHouse({ url: clickhouseUrl, database });
  try {
    await migrate(clickhouse, { folder: resolve(import.meta.dirname, '../../../schemas/clickhouse') });
    expect(await archive()).toMatchObject({ ok: true, detail: 'raw events are kept for good' });
    await clickhouse.run('ALTER TABLE events MODIFY TTL toDateTime(record_at) + INTERVAL 2 YEAR');
    expect(await archive({ TIDEMARK_SNAPSHOT_INTERVAL: '0s' })).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/^raw events expire \(TTL .*\) and no copies of the state are made/),
      fix: expect.stringContaining('REMOVE TTL'),
    });
    const about = { set: 'shop', lineage: '0123456789abcdef', revision: 'fedcba9876543210', origin: 'log', positions: [] };
    const entry = {
      sequence: 1,
      id: 'one',
      atMs: 1,
      by: 'test',
      kind: 'adopt',
      files: [{ name: 'shop.yaml', text: 'name: shop' }],
      ...about,
    } as const;
    await createClickHouseLineageJournal(clickhouse).append(entry);
    const snapshots = createClickHouseSnapshotStore(clickhouse);
    const copy = { slot: 0, id: 'copy', part: 0, savedAtMs: Date.now(), bytes: Buffer.from('{}'), hash: '' } as const;
    await snapshots.save(about.lineage, 0, copy);
    expect(await archive()).toMatchObject({
      ok: false,
      detail: expect.stringContaining(`lineage ${about.lineage} (1 of 2 partitions) has no fresh copy`),
    });
    await snapshots.save(about.lineage, 1, copy);
    expect(await archive()).toMatchObject({ ok: true, detail: expect.stringContaining('the state has a copy in ClickHouse') });
  } finally {
    await clickhouse.run(`DROP DATABASE IF EXISTS ${database}`);
    await clickhouse.close();
  }
});
