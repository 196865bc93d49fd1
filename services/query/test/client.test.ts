// The typed client against the real application over HTTP: answers, tags, problems, and a live stream that outlives its connections.
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { keyLine, keyOf, parseKeys } from '../src/access/keys.ts';
import { readEventStream } from '../src/client/event-stream.ts';
import { ApiProblem, type Client, createClient, type KpiAnswer, type LiveFigure } from '../src/client/index.ts';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

const set = setOf(`
name: shop
dimensions: { channel: { property: channel } }
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, slice: [channel] }
`);
const KEY = keyOf(Buffer.alloc(32, 7));
let messages = 0;
const ordered = (userId: string, channel = 'ads') =>
  trackOf('Ordered', userId, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${messages++}`, properties: { channel } });

let world: ServedWorld;
let baseUrl = '';
let client: Client;

beforeEach(async () => {
  const parsed = parseKeys(keyLine('downstream', KEY));
  world = await createServedWorld({ set, events: [ordered('ann'), ordered('bob', 'a&b=c/ё')], access: { keys: parsed.ok ? parsed.keys : [] } });
  baseUrl = await world.app.listen({ host: '127.0.0.1', port: 0 });
  client = createClient({ baseUrl, key: KEY });
});
afterEach(() => world.app.close());

describe('get', () => {
  it('answers in the types of the contract, and not again what is held', async () => {
    const first = await client.get('/v1/kpis/{id}', { path: { id: 'orders' } });
    if (!first.changed) throw new Error('nothing was held');
    expectTypeOf(first.body).toEqualTypeOf<KpiAnswer>();
    expect('total' in first.body && first.body.total).toBe(2);
    const etag = first.etag ?? '';
    expect(await client.get('/v1/kpis/{id}', { path: { id: 'orders' }, etag })).toEqual({ changed: false, etag });
  });

  it('escapes what is asked', async () => {
    const answered = await client.get('/v1/kpis/{id}', { path: { id: 'orders' }, query: { slice: 'channel', value: 'a&b=c/ё' } });
    expect(answered).toMatchObject({ body: { slices: [{ value: 'a&b=c/ё', total: 1 }] } });
    await expect(client.get('/v1/kpis/{id}', { path: { id: '../sets?x=1' } })).rejects.toThrow('unknown_metric');
  });

  it('reads text where the contract has text', async () => {
    expect(await client.get('/livez', { path: {} })).toMatchObject({ changed: true, body: 'ok\n' });
  });

  it("throws the service's own words, and when to ask again", async () => {
    const refused = await client.get('/v1/kpis/{id}', { path: { id: 'orders' }, query: { from: 'yesterday' } }).catch((error: unknown) => error);
    if (!(refused instanceof ApiProblem)) throw new Error('no ApiProblem');
    expect([refused.problem.code, refused.problem.errors?.[0]?.pointer, refused.retryAfterMs]).toEqual(['bad_range', '/query/from', null]);
    await expect(createClient({ baseUrl }).get('/v1/metrics', { path: {} })).rejects.toThrow('unauthorized');
    world.stores.redis.intercept = () => 'lose';
    world.stores.clickhouse.intercept = () => 'lose';
    world.clock.advance(2_000);
    await expect(client.get('/v1/kpis/{id}', { path: { id: 'orders' } })).rejects.toMatchObject({ retryAfterMs: 1_000 });
  });
});

describe('watch', () => {
  async function beat(): Promise<void> {
    world.clock.advance(1_000);
    await Promise.all([world.answerer.watch.poll('redis'), world.answerer.watch.poll('clickhouse')]);
    world.live.tick();
  }
  const totalOf = (figure: LiveFigure | undefined) => (figure !== undefined && 'body' in figure && 'total' in figure.body ? figure.body.total : null);

  it('gives every state whole, over a lost connection, until it is told to stop', async () => {
    const stop = new AbortController();
    const figures = client.watch({ metrics: ['orders'], signal: stop.signal, retryMs: 10 });
    expect(totalOf((await figures.next()).value ?? undefined)).toBe(2);
    world.fold([ordered('cid')]);
    await world.publish();
    await beat();
    expect(totalOf((await figures.next()).value ?? undefined)).toBe(3);
    world.live.close();
    const next = figures.next();
    world.fold([ordered('dan')]);
    await world.publish();
    for (let turn = 0; turn < 100 && world.live.streamCount === 0; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
    await beat();
    let last = (await next).value ?? undefined;
    if (totalOf(last) === 3) last = (await figures.next()).value ?? undefined;
    expect(totalOf(last)).toBe(4);
    stop.abort();
    expect((await figures.next()).done).toBe(true);
  });

  it('ends with the problem that asking again would not mend', async () => {
    await expect(client.watch({ metrics: ['nothing'] }).next()).rejects.toThrow('unknown_metric');
  });
});

describe('an event stream', () => {
  async function* bytesOf(...texts: string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield new TextEncoder().encode(text);
  }
  async function eventsOf(...texts: string[]) {
    const events: [string, string, string][] = [];
    for await (const { event, data, lastEventId } of readEventStream(bytesOf(...texts))) events.push([event, data, lastEventId]);
    return events;
  }

  it('is read by the standard, wherever its bytes are cut', async () => {
    const text = ': hello\n\nretry: 1\n\nevent: a\ndata: 1\ndata:2\nid: 7\n\nid: 8\n\r\ndata\r\n\r\nevent: cut\ndata: never';
    const expected = [
      ['a', '1\n2', '7'],
      ['id', '', '8'],
      ['message', '', '8'],
    ];
    expect(await eventsOf(text)).toEqual(expected);
    expect(await eventsOf(...text)).toEqual(expected);
  });
});
