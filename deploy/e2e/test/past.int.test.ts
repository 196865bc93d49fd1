// The past, lost and brought back: Redis is emptied and Kafka deletes half of its log; and two years of history that came late are made to count.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis } from '@tidemark/redis';
import { cabinetHistory } from '@tidemark/testing';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { appendAll, END_MS, type TextRecord } from './cabinet-log.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { Oracle, readSet } from './oracle.ts';
import { figuresOf, questionsOf } from './questions.ts';
import { seeded } from './seeded.ts';

const SET_FILE = resolve(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml');
const PARTITIONS = 3;
const DAYS = 730;
const RANGE = { fromMs: END_MS - DAYS * 86_400_000, toMs: END_MS - 1 };
const PATIENCE_MS = 90_000;

const namespace = uniqueName('past');
const history: readonly TextRecord[] = [...cabinetHistory({ seed: 11, people: 300, days: DAYS, events: 3_000, endMs: END_MS })];
const [older, recent, last] = [history.slice(0, 2_200), history.slice(2_200, 2_700), history.slice(2_700)];
const inLogOrder = new Oracle({ set: readSet(SET_FILE), partitions: PARTITIONS });
/** Of each metric its total over all days, or over the last of its ranges. */
const totals = questionsOf(inLogOrder.set, RANGE).filter(({ query }) => query.slice === undefined && query.by === undefined);
const questions = [...new Map(totals.map((question) => [question.metric, question])).values()];
const path = questions[0]?.path ?? '';
let engines: AcquiredEngines;
let deployment: Deployment;

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  const env = { TIDEMARK_SNAPSHOT_INTERVAL: '2s' };
  const counts = { partitions: PARTITIONS, workers: 1, archivers: 1 };
  deployment = await startDeployment({ engines: engines.addresses, namespace, metrics: [SET_FILE], env, ...counts });
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(deployment.logTails());
});

afterAll(async () => {
  await deployment?.stopAll();
  await engines?.release();
});

async function append(records: Iterable<TextRecord>): Promise<void> {
  await appendAll(deployment, inLogOrder, records);
  await deployment.untilCaughtUp([path], PATIENCE_MS);
  await deployment.untilArchived(PATIENCE_MS);
}

/** Everything that the deployment keeps in Redis. */
async function emptyRedis(): Promise<void> {
  const redis = await connectRedis({ url: engines.addresses.redisUrl, namespace });
  const keys = await redis.call('KEYS', `tidemark:${namespace}:*`);
  if (Array.isArray(keys)) for (const key of keys) await redis.call('UNLINK', String(key));
  await redis.close();
}

/** What Kafka has deleted is gone for good. */
async function deleteHalfOfTheLog(): Promise<void> {
  const { admin, topic } = deployment.kafka;
  const ends = Object.entries(await deployment.logEnds());
  const partitions = ends.map(([partition, end]) => ({ partition: Number(partition), offset: String(Math.floor(Number(end) / 2)) }));
  await admin.deleteTopicRecords({ topic, partitions });
}

async function served(from: 'both' | 'table'): Promise<Record<string, unknown>> {
  const answers = await Promise.all(questions.map(({ path: asked }) => deployment.ask(asked, from).catch((error: unknown) => ({ error }))));
  return Object.fromEntries(questions.map(({ path: asked }, index) => [asked, withoutLineage({ ...answers[index] })]));
}

function expectedOf(oracle: Oracle): Record<string, unknown> {
  return Object.fromEntries(questions.map(({ metric, query, path: asked }) => [asked, withoutLineage({ ...oracle.answer(metric, query) })]));
}

/** The figures are the same, whatever the past that they were folded from is called. */
function withoutLineage(body: Record<string, unknown>): Record<string, unknown> {
  const { lineage: _, ...figures } = figuresOf(body);
  return figures;
}

async function expectFigures(oracle: Oracle): Promise<void> {
  await deployment.untilCaughtUp([path], PATIENCE_MS);
  expect(questions.length).toBeGreaterThan(5);
  // A switch reaches the readers within seconds.
  const deadlineMs = performance.now() + PATIENCE_MS;
  const expected = expectedOf(oracle);
  for (const from of ['both', 'table'] as const) {
    while (performance.now() < deadlineMs && JSON.stringify(await served(from)) !== JSON.stringify(expected)) await sleep(250);
    expect(await served(from), from).toEqual(expected);
  }
  expect((await deployment.partitions()).flatMap(({ halted }) => halted ?? [])).toEqual([]);
}

async function copiedPartitions(): Promise<number> {
  const [[count] = []] = await deployment.clickhouse.select('SELECT uniqExact(partition) FROM snapshots WHERE part = 0');
  return Number(count);
}

it('Redis is emptied and half of the log deleted: the copied state and the archive give the same figures', { timeout: 240_000 }, async () => {
  await append(recent);
  for (let copied = 0; copied < PARTITIONS; copied = await copiedPartitions()) await sleep(100);
  await append(last.slice(0, 150));
  await deployment.endWorker('SIGKILL');
  await emptyRedis();
  await deleteHalfOfTheLog();
  // One partition has no copy either.
  await deployment.clickhouse.run('ALTER TABLE snapshots DELETE WHERE partition = 0 SETTINGS mutations_sync = 1');
  const { process } = await deployment.startWorker();
  // Until then ClickHouse serves what was published before.
  await process.logged(/"partition":1,[^\n]*the copy in ClickHouse was brought back/);
  await process.logged(/"partition":0,"offset":0,[^\n]*it is read from the archive/);
  await deployment.untilServedBy('redis', path);
  await expectFigures(inLogOrder);
  expect(process.log).not.toMatch(/"partition":0,[^\n]*the copy in ClickHouse was brought back/);
});

it('two years come late and in disorder: rebuilt in time order every figure is that of a log in order', { timeout: 240_000 }, async () => {
  const random = seeded(3);
  await append(
    older
      .map((record) => ({ record, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ record }) => record),
  );
  await expectFigures(inLogOrder);
  expect(inLogOrder.counters()['late']).toBeGreaterThan(2_000);

  const run = async (...args: string[]): Promise<void> => {
    const { code, output } = await deployment.run(args[0] ?? '', 'services/cli/src/main.ts', args);
    expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
  };
  await run('rebuild', SET_FILE);
  const inOrder = new Oracle({ set: inLogOrder.set, partitions: PARTITIONS });
  for (const { key, value } of history.slice(0, 2_850)) inOrder.foldText(key, value);
  await run('apply', SET_FILE, '--yes');
  await expectFigures(inOrder);
  await appendAll(deployment, inOrder, last.slice(150));
  await expectFigures(inOrder);
  await deployment.untilArchived(PATIENCE_MS);
  await run('verify', '--metric', 'bookings');
});
