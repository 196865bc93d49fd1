// The live path over real connections: what may be asked, who may listen, and that nothing is left when a reader goes.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyLine, keyOf, parseKeys } from '../src/access/keys.ts';
import { readEventStream } from '../src/client/event-stream.ts';
import { liveEvent } from './live-readers.ts';
import { createServedWorld, type ServedWorld, setOf, trackOf, type WorldOptions } from './served-world.ts';

const set = setOf(`
name: shop
dimensions: { channel: { property: channel } }
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, slice: [channel] }
  - { id: way, kind: funnel, steps: [Seen, Ordered] }
  - { id: back, kind: retention, start: Ordered, return: Ordered, columns: 60 }
`);
const KEY = keyOf(Buffer.alloc(32, 7));
let messages = 0;
const ordered = (userId: string) =>
  trackOf('Ordered', userId, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${messages++}`, properties: { channel: 'ads' } });

let world: ServedWorld;
let base = '';
const opened: AbortController[] = [];
const sockets: Socket[] = [];

async function serve(options: Partial<WorldOptions> = {}): Promise<void> {
  world = await createServedWorld({ set, events: [ordered('ann')], ...options });
  base = await world.app.listen({ host: '127.0.0.1', port: 0 });
}

beforeEach(() => serve());
afterEach(async () => {
  for (const controller of opened.splice(0)) controller.abort();
  for (const socket of sockets.splice(0)) socket.destroy();
  await world.app.close();
});

async function listen(query: string, headers: Record<string, string> = {}) {
  const controller = new AbortController();
  opened.push(controller);
  const response = await fetch(`${base}/v1/live?${query}`, { headers, signal: controller.signal });
  const events = response.body === null ? null : readEventStream(response.body);
  const next = async () => {
    for (;;) {
      const { value, done } = (await events?.next()) ?? { done: true };
      if (done === true || value === undefined) return null;
      if (value.event !== 'id') return liveEvent(value);
    }
  };
  return { response, next, stop: () => controller.abort() };
}

async function beat(): Promise<void> {
  world.clock.advance(1_000);
  await Promise.all([world.answerer.watch.poll('redis'), world.answerer.watch.poll('clickhouse')]);
  world.live.tick();
}

async function until(condition: () => boolean, patienceMs = 2_000): Promise<void> {
  for (let waitedMs = 0; waitedMs < patienceMs && !condition(); waitedMs += 5) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}

describe('/v1/live', () => {
  it('streams each figure asked for, by id and by path, and deltas as events arrive', async () => {
    const path = '/v1/kpis/orders?slice=channel&limit=5';
    const { response, next } = await listen(`metrics=orders,way,orders&path=${encodeURIComponent(path)}&path=/v1/kpis/orders`);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    const paths = [(await next())?.path, (await next())?.path, (await next())?.path];
    expect(paths).toEqual(['/v1/kpis/orders', '/v1/funnels/way', path]);
    world.fold([ordered('bob')]);
    await world.publish();
    await beat();
    expect(await next()).toMatchObject({ event: 'delta' });
  });

  it.each([
    ['', 400, 'bad_parameter', '/query/metrics'],
    ['metrics=', 400, 'bad_parameter', '/query/metrics'],
    ['metrics=nothing', 404, 'unknown_metric', '/query/metrics'],
    ['metrics=orders&metrics=way', 400, 'bad_parameter', '/query/metrics'],
    ['metrics=orders&x=1', 400, 'bad_parameter', '/query/x'],
    [`metrics=${'orders,'.repeat(60)}orders`, 400, 'bad_parameter', '/query/metrics'],
    ['path=/v1/metrics', 400, 'bad_parameter', '/query/path'],
    ['path=https://evil.example/v1/kpis/orders', 400, 'bad_parameter', '/query/path'],
    ['path=/v1/kpis/way', 404, 'wrong_kind', '/query/path'],
    ['path=/v1/kpis/nothing', 404, 'unknown_metric', '/query/path'],
    ['path=/v1/kpis/%25E0%25A4%25A', 400, 'bad_parameter', '/query/path'],
    ['path=/v1/kpis/orders%3Fslice=colour', 400, 'bad_slice', '/query/slice'],
    ['path=/v1/kpis/orders%3F__proto__=1', 400, 'bad_parameter', '/query/path'],
    ['path=/v1/kpis/orders%3Ffrom=x%26from=y', 400, 'bad_parameter', '/query/path'],
  ])('refuses before the stream begins: %s', async (query, status, code, pointer) => {
    const { json } = await world.get(`/v1/live?${query}`);
    expect(json()).toMatchObject({ status, code, errors: [{ pointer }] });
    expect(world.live.streamCount).toBe(0);
  });

  it('takes no other type and no other method', async () => {
    expect((await world.get('/v1/live?metrics=orders', { accept: 'application/json' })).status).toBe(406);
    expect((await world.send({ method: 'HEAD', url: '/v1/live?metrics=orders' })).statusCode).toBe(404);
    expect((await world.send({ method: 'POST', url: '/v1/live?metrics=orders' })).statusCode).toBe(405);
  });

  it('says 503 while no store can answer', async () => {
    world.stores.redis.intercept = () => 'lose';
    world.stores.clickhouse.intercept = () => 'lose';
    world.clock.advance(2_000);
    const { status, headers } = await world.get('/v1/live?metrics=orders');
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });

  it('forgets a reader that goes, and cuts the others off when the service stops', async () => {
    const first = await listen('metrics=orders');
    const second = await listen('metrics=orders');
    await Promise.all([first.next(), second.next()]);
    expect(world.live.streamCount).toBe(2);
    first.stop();
    await until(() => world.live.streamCount === 1);
    await world.app.close();
    await expect(second.next().catch(() => null)).resolves.toBeNull();
    expect(world.live.streamCount).toBe(0);
  });

  it('takes an id of a reader that comes back', async () => {
    const first = await listen('metrics=orders');
    await first.next();
    first.stop();
    const again = await listen('metrics=orders', { 'last-event-id': 'test.1' });
    world.fold([ordered('bob')]);
    await world.publish();
    await beat();
    expect(await again.next()).toMatchObject({ event: 'delta' });
  });

  it('needs a key where keys are configured, and has a cap per key', async () => {
    await world.app.close();
    const parsed = parseKeys(keyLine('wall', KEY));
    await serve({ access: { keys: parsed.ok ? parsed.keys : [] }, live: { maxStreamsPerAsker: 2 } });
    expect((await listen('metrics=orders')).response.status).toBe(401);
    const headers = { authorization: `Bearer ${KEY}` };
    const streams = [await listen('metrics=orders', headers), await listen('metrics=orders', headers)];
    expect(streams.map(({ response }) => response.status)).toEqual([200, 200]);
    const third = await listen('metrics=orders', headers);
    expect([third.response.status, third.response.headers.get('retry-after')]).toEqual([429, '5']);
    streams[0]?.stop();
    await until(() => world.live.streamCount === 1);
    expect((await listen('metrics=orders', headers)).response.status).toBe(200);
  });

  it('lets a page of a listed origin read', async () => {
    await world.app.close();
    await serve({ access: { corsOrigins: ['https://ops.example'] } });
    const { response } = await listen('metrics=orders', { origin: 'https://ops.example' });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://ops.example');
  });

  it('goes on for others while one connection is full, which then gets the newest state of what it missed', { timeout: 20_000 }, async () => {
    const port = Number(new URL(base).port);
    // Some megabytes of snapshots: more than the system takes for a connection that nobody reads.
    const paths = Array.from({ length: 20 }, (_, index) => `path=/v1/retention/back%3Ffrom=2026-09-${10 + index}%26to=2026-11-10`);
    const stuck = connect({ host: '127.0.0.1', port });
    sockets.push(stuck);
    stuck.pause();
    stuck.write(`GET /v1/live?metrics=orders&${paths.join('&')} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    await once(stuck, 'connect');
    await until(() => world.live.streamCount === 1, 10_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(world.live.blockedCount).toBe(1);
    const { next } = await listen('metrics=orders');
    await next();
    const delaysMs: number[] = [];
    for (let turn = 0; turn < 10; turn++) {
      world.fold([ordered(`user${turn}`)]);
      await world.publish();
      const startedMs = performance.now();
      await beat();
      expect(await next()).toMatchObject({ event: 'delta' });
      delaysMs.push(performance.now() - startedMs);
    }
    expect(world.live.blockedCount).toBe(1);
    expect(delaysMs.toSorted((a, b) => a - b)[5]).toBeLessThan(500);
    let text = '';
    stuck.on('data', (chunk) => {
      text += String(chunk);
    });
    stuck.resume();
    await until(() => world.live.blockedCount === 0 && text.includes('"total":11'), 10_000);
    // The states in between were never written.
    expect(text.match(/"path":"\/v1\/kpis\/orders"/g)).toHaveLength(2);
  });
});
