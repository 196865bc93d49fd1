// The service as it is deployed, over real engines, goes over to another lineage while it is asked: the journal in both stores, a start after the switch.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClickHouseConnection,
  connectClickHouse,
  createClickHouseCellSink,
  createClickHouseLineageJournal,
  migrate,
} from '@tidemark/clickhouse';
import { DEFAULT_SETTINGS, lineageOf } from '@tidemark/core';
import { type JournalEntry, type LineageJournal, LOG_ORIGIN, type Version } from '@tidemark/pipeline';
import { connectRedis, createRedisCellSink, createRedisLineageJournal, type RedisConnection } from '@tidemark/redis';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';
import { type StartedService, startService } from './started-service.ts';

/** By the old definition an order counts 1, by the new one 2: a total says which one it is of. */
const TEXTS = {
  old: 'name: shop\nmetrics: [{ id: orders, kind: kpi, measure: { count: Ordered } }]\nboard: [orders]',
  new: 'name: shop\nmetrics: [{ id: orders, kind: kpi, measure: { sum: Ordered, property: amount, decimals: 0 } }]\nboard: [orders]',
};
const SETS = { old: setOf(TEXTS.old), new: setOf(TEXTS.new) };
const LINEAGES = { old: lineageOf(SETS.old, DEFAULT_SETTINGS), new: lineageOf(SETS.new, DEFAULT_SETTINGS) };
const FACTORS: Readonly<Record<string, number>> = { [LINEAGES.old]: 1, [LINEAGES.new]: 2 };
const WAIT_MS = 30_000;
let messages = 0;
const ordered = () => {
  const timestamp = '2026-11-21T12:00:00Z';
  return trackOf('Ordered', `user${messages % 50}`, { timestamp, messageId: `m${messages++}`, properties: { amount: 2 } });
};

const namespace = uniqueName('switch');
const folder = mkdtempSync(join(tmpdir(), 'tidemark-switch-'));
const ending = new AbortController();
const loops: Promise<void>[] = [];
let engines: AcquiredEngines;
let redis: RedisConnection;
let clickhouse: ClickHouseConnection;
let journals: { readonly table: LineageJournal; readonly copy: LineageJournal };
let world: ServedWorld;
let service: StartedService;
let newIsPublished = false;
let sequence = 0;

const startShop = (): Promise<StartedService> => startService({ addresses: engines.addresses, name: namespace, metrics: join(folder, 'shop.yaml') });

async function decide(kind: JournalEntry['kind'], which: 'old' | 'new', to: LineageJournal, positions: readonly Version[] = []): Promise<void> {
  sequence++;
  const facts = { sequence, id: `entry${sequence}`, atMs: Date.now(), by: 'test', kind, set: 'shop', origin: LOG_ORIGIN, positions };
  const files = [{ name: 'shop.yaml', text: TEXTS[which] }];
  await to.append({ ...facts, lineage: LINEAGES[which], revision: SETS[which].revision, files });
}

beforeAll(async () => {
  writeFileSync(join(folder, 'shop.yaml'), TEXTS.old);
  engines = await acquireEngines(['redis', 'clickhouse']);
  redis = await connectRedis({ url: engines.addresses.redisUrl, namespace, commandTimeoutMs: 5_000 });
  clickhouse = await connectClickHouse({ url: engines.addresses.clickhouseUrl, database: namespace, requestTimeoutMs: 10_000 });
  await migrate(clickhouse, { folder: resolve(import.meta.dirname, '../../../schemas/clickhouse') });
  journals = { table: createClickHouseLineageJournal(clickhouse), copy: createRedisLineageJournal(redis) };
  const sinks = [createRedisCellSink(redis), createClickHouseCellSink(clickhouse)] as const;
  world = await createServedWorld({ set: SETS.old, unservedSets: [SETS.new], events: [], sinks: [] });
  world.fold([ordered(), ordered()]);
  const publishing = async (everyMs: number, sink: (typeof sinks)[number]): Promise<void> => {
    for (; !ending.signal.aborted; await sleep(everyMs)) await world.publish({}, [sink], (lineage) => lineage === LINEAGES.old || newIsPublished);
  };
  const folding = async (): Promise<void> => {
    for (; !ending.signal.aborted; await sleep(20)) world.fold([ordered()]);
  };
  loops.push(folding(), publishing(100, sinks[0]), publishing(700, sinks[1]));
  service = await startShop();
});
afterAll(async () => {
  ending.abort();
  await Promise.all(loops);
  await service?.stop();
  await Promise.all([redis?.close(), clickhouse?.close()]);
  await engines?.release();
  rmSync(folder, { recursive: true });
});

interface Told {
  readonly lineage: string;
  readonly total: number | string;
  readonly asOf: { readonly positions: Readonly<Record<string, string>> };
}

/** Asks one question after the other until the answer is as wanted; what is told is of one lineage, and its positions never fall. */
async function askUntil(isWanted: (told: Told) => boolean): Promise<readonly Told[]> {
  const told: Told[] = [];
  const deadlineMs = performance.now() + WAIT_MS;
  for (;;) {
    const response = await fetch(`${service.base}/v1/kpis/orders`);
    if (response.status === 503) {
      await response.text();
      await sleep(100);
      continue;
    }
    const answer = (await response.json()) as Told;
    const before = told.at(-1)?.asOf.positions ?? {};
    for (const [partition, next] of Object.entries(answer.asOf.positions))
      expect(Number(next)).toBeGreaterThanOrEqual(Number(before[partition] ?? 0));
    const records = Object.values(answer.asOf.positions).reduce((sum, next) => sum + Number(next), 0);
    expect(Number(answer.total)).toBe(records * (FACTORS[answer.lineage] ?? Number.NaN));
    told.push(answer);
    if (isWanted(answer)) return told;
    if (performance.now() > deadlineMs) throw new Error(`still not after ${told.length} answers: ${JSON.stringify(answer)}`);
  }
}

async function newLineage(isWanted: (state: string, progress: number | null) => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  for (;;) {
    const { sets } = (await (await fetch(`${service.base}/v1/lineages`)).json()) as {
      sets: { lineages: { lineage: string; state: string; progress: number | null }[] }[];
    };
    const found = sets[0]?.lineages.find(({ lineage }) => lineage === LINEAGES.new);
    if (found !== undefined && isWanted(found.state, found.progress)) return;
    if (performance.now() > deadlineMs) throw new Error(`still ${JSON.stringify(sets)}`);
    await sleep(100);
  }
}

it('is asked all the time and never tells of both, nor of less than before, and whoever starts later begins with the new one', {
  timeout: 120_000,
}, async () => {
  await askUntil(({ lineage }) => lineage === LINEAGES.old);
  await decide('adopt', 'old', journals.table);
  await decide('start', 'new', journals.copy);
  await newLineage((state) => state === 'catching_up');
  newIsPublished = true;
  await newLineage((_, progress) => progress !== null && progress > 0.5);
  await decide('switch', 'new', journals.table);
  const told = await askUntil(({ lineage }) => lineage === LINEAGES.new);
  expect(told.length).toBeGreaterThan(1);
  const old = `${service.base}/v1/kpis/orders?revision=${SETS.old.metrics[0]?.revision}`;
  expect(await (await fetch(old)).json()).toMatchObject({ lineage: LINEAGES.old });
  await service.stop();
  service = await startShop();
  const [first] = await askUntil(() => true);
  expect(first?.lineage).toBe(LINEAGES.new);
});
