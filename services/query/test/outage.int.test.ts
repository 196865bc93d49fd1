// Stores that go away and come back under 200 requests a second while events arrive: right figures, honest sources, 503 only while nothing can answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

const REQUESTS_PER_SECOND = 200;
const set = setOf('name: shop\nmetrics: [{ id: orders, kind: kpi, measure: { count: Ordered } }]');
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
async function load(ms: number): Promise<readonly Seen[]> {
  const startedMs = performance.now();
  const asked: Promise<Seen>[] = [];
  const ask = async (): Promise<Seen> => {
    const atMs = performance.now() - startedMs;
    const response = await fetch(`${base}/v1/kpis/orders`);
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
