// Stores that go away and come back under 200 requests a second while events arrive: right figures, honest sources, 503 only while nothing can answer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseConnection, connectClickHouse, createClickHouseCellSink, migrate } from '@tidemark/clickhouse';
import { connectRedis, createRedisCellSink, type RedisConnection } from '@tidemark/redis';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';
import { type StartedService, startService } from './started-service.ts';

const REQUESTS_PER_SECOND = 200;
const SET_TEXT = 'name: shop\nmetrics: [{ id: orders, kind: kpi, measure: { count: Ordered } }]';
const set = setOf(SET_TEXT);
let messages = 0;
const ordered = () => trackOf('Ordered', `user${messages % 50}`, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${messages++}` });

interface Seen {
  readonly atMs: number;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: {
    readonly total?: number;
    readonly code?: string;
    readonly asOf?: { readonly source: string; readonly positions: Record<string, string> };
  };
}

let world: ServedWorld;
let base = '';
const stopping = new AbortController();
const running: Promise<void>[] = [];

beforeAll(async () => {
  world = await createServedWorld({ set, events: [ordered()], access: { requestsPerSecond: 500 } });
  base = await world.app.listen({ host: '127.0.0.1', port: 0 });
  const every = (ms: number, run: () => Promise<unknown> | unknown): void => {
    const loop = async (): Promise<void> => {
      while (!stopping.signal.aborted) {
        await run();
        await sleep(ms);
      }
    };
    running.push(loop());
  };
  let passedMs = performance.now();
  every(5, () => {
    world.clock.advance(performance.now() - passedMs);
    passedMs = performance.now();
  });
  every(200, () => Promise.all([world.answerer.watch.poll('redis'), world.answerer.watch.poll('clickhouse')]));
  every(100, async () => {
    world.fold([ordered(), ordered()]);
    await world.publish();
  });
});
afterAll(async () => {
  stopping.abort();
  await Promise.all(running);
  await world.app.close();
});

/** Readers lose the store; workers go on writing to it. */
function setAway(store: 'redis' | 'clickhouse', isAway: boolean): void {
  world.stores[store].intercept = isAway ? ({ method }) => (method === 'heads' || method === 'read' ? 'lose' : 'apply') : undefined;
}

/** Asks evenly for a while; how late an answer comes holds up no later question. */
async function load(ms: number, from = base): Promise<readonly Seen[]> {
  const startedMs = performance.now();
  const asked: Promise<Seen>[] = [];
  const ask = async (): Promise<Seen> => {
    const atMs = performance.now() - startedMs;
    const response = await fetch(`${from}/v1/kpis/orders`);
    return { atMs, status: response.status, retryAfter: response.headers.get('retry-after'), body: JSON.parse(await response.text()) };
  };
  while (performance.now() - startedMs < ms) {
    while (asked.length < ((performance.now() - startedMs) / 1_000) * REQUESTS_PER_SECOND) asked.push(ask());
    await sleep(2);
  }
  return Promise.all(asked);
}

/** Every event is one order, so that a total is the sum of the positions that it includes. */
function expectRight(seen: readonly Seen[]): void {
  for (const { status, body } of seen) {
    if (status !== 200) continue;
    const records = Object.values(body.asOf?.positions ?? {}).reduce((sum, position) => sum + Number(position), 0);
    expect(body.total).toBe(records);
  }
}

const statuses = (seen: readonly Seen[]) => [...new Set(seen.map(({ status }) => status))].sort();
const sources = (seen: readonly Seen[]) => new Set(seen.map(({ body }) => body.asOf?.source));

describe('under 200 requests a second', () => {
  it('figures stay right and sources honest while Redis, then both stores, then one are away', { timeout: 30_000 }, async () => {
    const calm = await load(700);
    expect([statuses(calm), calm.length > 100]).toEqual([[200], true]);

    setAway('redis', true);
    const withoutRedis = await load(1_000);
    expect(statuses(withoutRedis)).toEqual([200]);
    expect(sources(withoutRedis.filter(({ atMs }) => atMs > 600))).toEqual(new Set(['clickhouse']));

    setAway('clickhouse', true);
    const withoutBoth = await load(1_000);
    const refused = withoutBoth.filter(({ atMs }) => atMs > 700);
    expect(statuses(refused)).toEqual([503]);
    for (const { retryAfter, body } of refused) expect([retryAfter, body.code]).toEqual(['1', 'unavailable']);
    expect(statuses(withoutBoth).every((status) => status === 200 || status === 503)).toBe(true);

    setAway('clickhouse', false);
    const withClickHouse = await load(1_000);
    expect(statuses(withClickHouse.filter(({ atMs }) => atMs > 700))).toEqual([200]);

    setAway('redis', false);
    const whole = await load(1_000);
    expect(statuses(whole)).toEqual([200]);
    expect(sources(whole.filter(({ atMs }) => atMs > 700)).has('redis')).toBe(true);
    for (const phase of [calm, withoutRedis, withoutBoth, withClickHouse, whole]) expectRight(phase);
  });
});

describe('under 200 requests a second, with the engines themselves', () => {
  const namespace = uniqueName('outage');
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-outage-'));
  let engines: AcquiredEngines;
  let redis: RedisConnection;
  let clickhouse: ClickHouseConnection;
  let service: StartedService;
  let published: ServedWorld;
  let isPublishing = true;
  const ending = new AbortController();
  const loops: Promise<void>[] = [];

  /** The service as it is deployed, in a process of its own. */
  beforeAll(async () => {
    engines = await acquireEngines(['redis', 'clickhouse']);
    redis = await connectRedis({ url: engines.addresses.redisUrl, namespace, commandTimeoutMs: 1_000 });
    clickhouse = await connectClickHouse({ url: engines.addresses.clickhouseUrl, database: namespace, requestTimeoutMs: 2_000 });
    await migrate(clickhouse, { folder: resolve(import.meta.dirname, '../../../schemas/clickhouse') });
    const sinks = [createRedisCellSink(redis), createClickHouseCellSink(clickhouse)] as const;
    published = await createServedWorld({ set, events: [ordered()], sinks });
    const publishing = async (every: number, sink: (typeof sinks)[number]): Promise<void> => {
      for (; !ending.signal.aborted; await sleep(every)) if (isPublishing) await published.publish({}, [sink]);
    };
    const folding = async (): Promise<void> => {
      for (; !ending.signal.aborted; await sleep(50)) if (isPublishing) published.fold([ordered()]);
    };
    loops.push(folding(), publishing(100, sinks[0]), publishing(500, sinks[1]));
    const metrics = join(folder, 'shop.yaml');
    writeFileSync(metrics, SET_TEXT);
    service = await startService({ addresses: engines.addresses, name: namespace, metrics });
    await sleep(500);
  });
  afterAll(async () => {
    ending.abort();
    await Promise.all(loops);
    await service?.stop();
    await Promise.all([redis?.close(), clickhouse?.close()]);
    await engines?.release();
    rmSync(folder, { recursive: true });
  });

  /** Loads until the last half second of answers is as wanted, or for too long. */
  async function loadUntil(wanted: (last: readonly Seen[]) => boolean, deadlineMs: number): Promise<{ seen: readonly Seen[]; tookMs: number }> {
    const seen: Seen[] = [];
    const startedMs = performance.now();
    for (;;) {
      const last = await load(500, service.base);
      seen.push(...last);
      const tookMs = performance.now() - startedMs;
      if (wanted(last) || tookMs > deadlineMs) return { seen, tookMs };
    }
  }
  const isAll = (status: number, source?: string) => (last: readonly Seen[]) =>
    last.every((each) => each.status === status && (source === undefined || each.body.asOf?.source === source));

  it('an unchanged position is answered 304, a changed one with the new figure', async () => {
    isPublishing = false;
    await sleep(1_500);
    const first = await fetch(`${service.base}/v1/kpis/orders`);
    const etag = String(first.headers.get('etag'));
    const again = await fetch(`${service.base}/v1/kpis/orders`, { headers: { 'if-none-match': etag } });
    expect([first.status, again.status, await again.text()]).toEqual([200, 304, '']);
    isPublishing = true;
    await sleep(1_500);
    expect((await fetch(`${service.base}/v1/kpis/orders`, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('killing Redis, then ClickHouse, gives right figures with an honest source, then 503s, then recovery, and no other failure', {
    timeout: 60_000,
  }, async () => {
    // ClickHouse answers too wherever its head is the longer one, as it may be on a machine that is busy.
    const calm = await loadUntil((last) => isAll(200, 'redis')(last) && last.length > 80, 10_000);
    expect([statuses(calm.seen), isAll(200, 'redis')(calm.seen.slice(-50))]).toEqual([[200], true]);

    await engines.local.kill('redis');
    const withoutRedis = await loadUntil(isAll(200, 'clickhouse'), 6_000);
    expect([statuses(withoutRedis.seen), isAll(200, 'clickhouse')(withoutRedis.seen.slice(-50))]).toEqual([[200], true]);

    await engines.local.kill('clickhouse');
    const withoutBoth = await loadUntil(isAll(503), 8_000);
    for (const { status, retryAfter, body } of withoutBoth.seen)
      if (status !== 200) expect([status, retryAfter, body.code]).toEqual([503, '1', 'unavailable']);
    expect(isAll(503)(withoutBoth.seen.slice(-50))).toBe(true);

    const starting = engines.local.start('clickhouse');
    const withClickHouse = await loadUntil(isAll(200, 'clickhouse'), 20_000);
    await starting;
    for (const { status, body } of withClickHouse.seen) if (status !== 200) expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(isAll(200)(withClickHouse.seen.slice(-50))).toBe(true);

    await engines.local.start('redis');
    const whole = await loadUntil(isAll(200, 'redis'), 10_000);
    expect([statuses(whole.seen), isAll(200, 'redis')(whole.seen.slice(-50))]).toEqual([[200], true]);

    const phases = { calm, withoutRedis, withoutBoth, withClickHouse, whole };
    for (const { seen } of Object.values(phases)) expectRight(seen);
    const told = Object.entries(phases).map(([name, { seen, tookMs }]) => `${name} ${seen.length} answers, settled after ${Math.round(tookMs)} ms`);
    console.log(`outage of real engines: ${told.join('; ')}`);
  });
});
