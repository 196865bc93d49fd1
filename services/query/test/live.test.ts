// Live figures: a snapshot, then what changes; one answer for any number of readers; whoever is slow holds up nobody.
import { beforeEach, describe, expect, it } from 'vitest';
import type { LiveQuestion } from '../src/live/live-figure.ts';
import { bodiesAfter, MemoryReader } from './live-readers.ts';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

const set = setOf(`
name: shop
dimensions: { channel: { property: channel } }
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, slice: [channel], freshness: 30s }
  - { id: back, kind: retention, start: Seen, return: Seen, columns: 3 }
`);
const ORDERS: LiveQuestion = { path: '/v1/kpis/orders', metric: 'orders', kind: 'kpi', query: {} };
const SLICED: LiveQuestion = { path: '/v1/kpis/orders?slice=channel', metric: 'orders', kind: 'kpi', query: { slice: 'channel' } };
const BACK: LiveQuestion = { path: '/v1/retention/back', metric: 'back', kind: 'retention', query: {} };

let messages = 0;
const ordered = (userId: string, channel = 'ads') =>
  trackOf('Ordered', userId, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${messages++}`, properties: { channel } });

let world: ServedWorld;
beforeEach(async () => {
  world = await createServedWorld({ set, events: [ordered('ann'), ordered('bob', 'web')] });
});

async function reader(questions: readonly LiveQuestion[] = [ORDERS], options: { asker?: string; lastEventId?: string } = {}) {
  const sink = new MemoryReader();
  const stream = await world.live.open({ asker: options.asker ?? 'me', questions, lastEventId: options.lastEventId ?? null, sink });
  return { sink, stream, take: () => sink.take() };
}

/** Time passes, both stores are polled, and what the hub begins is let finish. */
async function beat(ms = 1_000): Promise<void> {
  world.clock.advance(ms);
  await Promise.all([world.answerer.watch.poll('redis'), world.answerer.watch.poll('clickhouse')]);
  world.live.tick();
  await new Promise((resolve) => setTimeout(resolve, 5));
}

async function order(userId: string, channel?: string): Promise<void> {
  world.fold([ordered(userId, channel)]);
  await world.publish();
}

describe('a stream', () => {
  it('begins with a snapshot of each figure, and goes on with the cells that change', async () => {
    const { take } = await reader([ORDERS, SLICED, BACK]);
    const first = await take();
    expect(first.events.map(({ event, path }) => [event, path])).toEqual([ORDERS, SLICED, BACK].map(({ path }) => ['snapshot', path]));
    await order('cid', 'mail');
    await beat();
    const then = await take();
    expect(then.events.find(({ path }) => path === ORDERS.path)).toMatchObject({
      event: 'delta',
      data: { patch: expect.arrayContaining([{ op: 'replace', path: '/total', value: 3 }]) },
    });
    const held = bodiesAfter(then.events, bodiesAfter(first.events));
    for (const { path } of [ORDERS, SLICED, BACK]) {
      const { text, headers } = await world.get(path);
      expect(held.get(path)?.body).toEqual(JSON.parse(text));
      expect(`"${held.get(path)?.etag}"`).toBe(headers['etag']);
    }
  });

  it('says nothing while nothing moves, but that it is there every fifteen seconds, and once that the figure is stale', async () => {
    const { take, sink } = await reader();
    await take();
    for (let turn = 0; turn < 14; turn++) await beat();
    expect(sink.takeText()).toBe('');
    await beat(2_000);
    expect(sink.takeText()).toBe(': here\n\n');
    for (let turn = 0; turn < 40; turn++) await beat();
    const { events } = await take();
    expect(events.map(({ event, data }) => [event, JSON.stringify(data).includes('"/asOf/stale","value":true')])).toEqual([['delta', true]]);
  });

  it('says once that a figure cannot be answered, and sends it whole when it can again', async () => {
    const { take } = await reader();
    const { id } = await take();
    world.stores.redis.intercept = () => 'lose';
    world.stores.clickhouse.intercept = () => 'lose';
    for (let turn = 0; turn < 5; turn++) await beat(2_000);
    expect((await take()).events).toMatchObject([{ event: 'problem', data: { code: 'unavailable', metric: 'orders' } }]);
    world.stores.redis.intercept = undefined;
    await beat();
    expect((await take()).events.map(({ event }) => event)).toEqual(['snapshot']);
    expect(id).toMatch(/^test\.\d+$/);
    expect(world.liveFailures).toEqual([]);
  });

  it('survives a failure of ours, which is reported', async () => {
    const { take } = await reader();
    await take();
    await order('cid');
    world.stores.redis.intercept = ({ method }) => {
      if (method === 'read') throw new TypeError('planted');
      return 'apply';
    };
    await beat();
    expect([world.liveFailures.length > 0, (await take()).events]).toEqual([true, []]);
    world.stores.redis.intercept = undefined;
    await beat();
    expect((await take()).events.map(({ event }) => event)).toEqual(['delta']);
  });
});

describe('a reader that comes back', () => {
  it('with its last event id gets nothing that it has, and the delta of what it missed', async () => {
    const first = await reader([ORDERS, BACK]);
    const { id, events } = await first.take();
    const held = bodiesAfter(events);
    first.stream.closed();
    const same = await reader([ORDERS, BACK], { lastEventId: id });
    expect((await same.take()).events).toEqual([]);
    same.stream.closed();
    await order('cid');
    await beat();
    const missed = await (await reader([ORDERS, BACK], { lastEventId: id })).take();
    expect(missed.events.map(({ event }) => event)).toEqual(['delta', 'delta']);
    expect(bodiesAfter(missed.events, held).get(ORDERS.path)?.body).toMatchObject({ total: 3 });
  });

  it('gets everything when it missed more than one change, or its id is of another run, of the future, or no id', async () => {
    const watching = await reader();
    const { id } = await watching.take();
    for (const user of ['cid', 'dan']) {
      await order(user);
      await beat();
    }
    for (const lastEventId of [id, 'other.1', 'test.999999', 'test.', 'nonsense', 'test.1e3', '"><script>']) {
      const { stream, take } = await reader([ORDERS], { lastEventId });
      expect([lastEventId, (await take()).events.map(({ event }) => event)]).toEqual([lastEventId, ['snapshot']]);
      stream.closed();
    }
  });

  it('is never told by an id that it has what it has not', async () => {
    const { sink, stream, take } = await reader([ORDERS, SLICED, BACK]);
    await take();
    sink.stuck = true;
    await order('cid');
    await beat();
    expect(sink.takeText()).not.toContain('id:');
    sink.stuck = false;
    stream.drained();
    expect((await take()).id).not.toBe('');
  });
});

describe('a slow reader', () => {
  it('is written nothing while it is full, holds up nobody, and then gets the newest state at once', async () => {
    const slow = await reader();
    const quick = await reader();
    await quick.take();
    const before = bodiesAfter((await slow.take()).events);
    slow.sink.stuck = true;
    for (const user of ['cid', 'dan', 'eve', 'fay', 'gus']) {
      await order(user);
      await beat();
      expect((await quick.take()).events.map(({ event }) => event)).toEqual(['delta']);
    }
    const stuck = await slow.take();
    expect(stuck.events).toHaveLength(1);
    slow.sink.stuck = false;
    slow.stream.drained();
    const late = await slow.take();
    expect(late.events.map(({ event }) => event)).toEqual(['snapshot']);
    expect(bodiesAfter(late.events, bodiesAfter(stuck.events, before)).get(ORDERS.path)?.body).toMatchObject({ total: 7 });
  });

  it('is cut off after half a minute', async () => {
    const { sink } = await reader();
    sink.stuck = true;
    await order('cid');
    await beat();
    for (let turn = 0; turn < 29; turn++) await beat();
    expect([sink.destroyed, world.live.streamCount]).toEqual([false, 1]);
    await beat();
    await beat();
    expect([sink.destroyed, world.live.streamCount]).toEqual([true, 0]);
    const { text } = await world.get('/metrics');
    expect([text.includes('tidemark_live_streams 0\n'), text.includes('tidemark_live_streams_dropped_total 1\n')]).toEqual([true, true]);
  });
});

describe('many readers', () => {
  it('of one figure cost one answer, and share its bytes', async () => {
    const crowd = await Promise.all(Array.from({ length: 1_000 }, (_, index) => reader([ORDERS], { asker: `asker ${index}` })));
    let reads = 0;
    world.stores.redis.intercept = ({ method }) => {
      if (method === 'read') reads++;
      return 'apply';
    };
    await order('cid');
    await beat();
    // Of the partition that moved alone.
    expect(reads).toBe(1);
    const written = new Set(crowd.slice(1).map(({ sink }) => sink.takeText()));
    expect(written.size).toBe(1);
    expect((await crowd[0]?.take())?.events.map(({ event }) => event)).toEqual(['snapshot', 'delta']);
  });

  it('of many figures have a few of them answered at a time, and every one in its turn', async () => {
    const questions = Array.from({ length: 30 }, (_, index): LiveQuestion => {
      const limit = index + 1;
      return { path: `/v1/kpis/orders?slice=channel&limit=${limit}`, metric: 'orders', kind: 'kpi', query: { slice: 'channel', limit } };
    });
    const { take } = await reader(questions);
    await take();
    let underWay = 0;
    let most = 0;
    world.stores.redis.intercept = async ({ method }): Promise<'apply'> => {
      if (method !== 'read') return 'apply';
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 1));
      underWay--;
      return 'apply';
    };
    await order('cid', 'mail');
    await beat();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { events } = await take();
    expect(new Set(events.map(({ path }) => path)).size).toBe(questions.length);
    // Two partitions each.
    expect(most).toBeLessThanOrEqual(12);
  });

  it('of one asker are capped, and a stream that ends makes room', async () => {
    const streams = await Promise.all(Array.from({ length: 10 }, () => reader()));
    expect([world.live.refusal('me'), world.live.refusal('another')]).toEqual(['asker', null]);
    streams[0]?.stream.closed();
    streams[0]?.stream.closed();
    expect([world.live.refusal('me'), world.live.streamCount]).toEqual([null, 9]);
  });

  it('leave nothing behind', async () => {
    const { stream } = await reader([ORDERS, BACK]);
    stream.closed();
    let reads = 0;
    world.stores.redis.intercept = ({ method }) => {
      if (method === 'read') reads++;
      return 'apply';
    };
    await order('cid');
    for (let turn = 0; turn < 70; turn++) await beat();
    expect([reads, world.live.streamCount]).toEqual([0, 0]);
    const { take } = await reader([ORDERS], { lastEventId: 'test.2' });
    expect((await take()).events.map(({ event }) => event)).toEqual(['snapshot']);
  });

  it('are cut off when the service stops', async () => {
    const readers = await Promise.all([reader(), reader()]);
    world.live.close();
    expect(readers.map(({ sink }) => sink.destroyed)).toEqual([true, true]);
  });
});
