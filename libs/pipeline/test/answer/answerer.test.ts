// What the answerer promises: sums over partitions at positions that it names, from the longer head, never a mixture, never a guess.
import type { KpiAnswer, KpiFigures } from '@tidemark/core';
import type { Fate } from '@tidemark/testing';
import { describe, expect, it } from 'vitest';
import { type AnswerBody, answerFromRows, QueryRefused, Unavailable } from '../../src/index.ts';
import { answererOf, createWorld, DAY_MS, kpiOf, LINEAGE, NOW_MS, setOf, TODAY, type World } from './published.ts';

function isKpi(body: AnswerBody): body is AnswerBody & KpiFigures {
  return 'total' in body;
}

function totalOf(body: AnswerBody): string | number | null {
  if (!isKpi(body)) throw new Error('expected the figures of a kpi');
  return body.total;
}

async function twoPartitions(): Promise<World> {
  const world = createWorld();
  await world.publish(0, 10, [{ cells: [3] }, { bucket: TODAY - 1, cells: [5] }]);
  await world.publish(1, 20, [{ cells: [4] }]);
  return world;
}

function lose(world: World, store: 'redis' | 'clickhouse', method?: string): void {
  world[store].intercept = (call) => (method === undefined || call.method === method ? 'lose' : 'apply');
}

async function refusal(question: Promise<unknown>): Promise<QueryRefused> {
  const error = await question.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof QueryRefused)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error;
}

describe('an answer', () => {
  it('sums the rows over the partitions and names positions, watermark, publication and source', async () => {
    const world = await twoPartitions();
    const { body } = await answererOf(world).answer('purchases', {});
    expect(totalOf(body)).toBe(12);
    expect(body.asOf).toEqual({
      watermark: '2026-11-21T17:59:55.000Z',
      positions: { '0': '10', '1': '20' },
      publishedAt: '2026-11-21T17:59:59.900Z',
      source: 'redis',
      stale: false,
      halted: [],
    });
    expect(body).toMatchObject({ metric: 'purchases', revision: '1111111111111111', lineage: LINEAGE, unit: 'day', timezone: 'UTC' });
    expect(body).toMatchObject({ notes: { late: 2, capped: 0, overflow: false, unreadable: 0 }, target: null, owner: null });
  });

  it('covers the last thirty buckets up to the watermark by default', async () => {
    const { body } = await answererOf(await twoPartitions()).answer('purchases', {});
    expect([body.from, body.to]).toEqual(['2026-10-23', '2026-11-21']);
  });

  it('leaves partitions that never had an event out of the watermark, but not out of the positions', async () => {
    const world = createWorld();
    await world.publish(0, 10, [{}], { note: { clockMs: NOW_MS - DAY_MS } });
    await world.publish(1, 0, [], { note: { clockMs: null } });
    const { body } = await answererOf(world).answer('purchases', {});
    expect(body.asOf).toMatchObject({ watermark: '2026-11-20T18:00:00.000Z', positions: { '0': '10', '1': '0' } });
  });

  it('answers zeros up to the wall clock while no partition has a clock, and calls nothing complete', async () => {
    const world = createWorld();
    for (const partition of [0, 1]) await world.publish(partition, 0, [], { note: { clockMs: null } });
    const { body } = await answererOf(world).answer('purchases', {});
    expect(body).toMatchObject({ to: '2026-11-21', total: 0, asOf: { watermark: null } });
    expect(isKpi(body) && body.buckets.some((bucket) => bucket.complete)).toBe(false);
  });

  it('lists slice values and says when a dictionary has overflowed', async () => {
    const world = createWorld();
    const sliced = (value: string, count: number) => ({ table: 'slice:channel', value, cells: [count] });
    await world.publish(0, 10, [sliced('ads', 1), sliced('', 5)], { note: { overflow: true } });
    await world.publish(1, 10, [sliced('ads', 8), sliced('promo', 2)]);
    const { body } = await answererOf(world).answer('purchases', { slice: 'channel', limit: 2 });
    expect('slices' in body && body.slices?.map((slice) => [slice.value, 'total' in slice && slice.total])).toEqual([
      ['ads', 9],
      ['', 5],
      ['$rest', 2],
    ]);
    expect(body.notes.overflow).toBe(true);
  });

  it('counts values that were no number, in total and over the slice values', async () => {
    const world = createWorld();
    const metric = kpiOf({ measure: { measure: 'sum', of: { name: 'Purchase', anyOf: [] }, path: ['properties', 'amount'], decimals: 2 } });
    await world.publish(0, 10, [{ cells: [0, 1234, 3, 1] }, { table: 'slice:channel', value: 'ads', cells: [0, 34, 2, 2] }]);
    await world.publish(1, 10, [{ cells: [0, 66, 1, 4] }, { table: 'slice:channel', value: 'web', cells: [0, 1, 1, 5] }]);
    const answerer = answererOf(world, [metric]);
    expect((await answerer.answer('purchases', {})).body).toMatchObject({ total: '13.00', notes: { unreadable: 5 } });
    expect((await answerer.answer('purchases', { slice: 'channel' })).body.notes.unreadable).toBe(7);
    expect((await answerer.answer('purchases', { slice: 'channel', value: 'web' })).body.notes.unreadable).toBe(5);
  });

  it('is the same as from rows in hand', async () => {
    const world = await twoPartitions();
    const { body, etag } = await answererOf(world).answer('purchases', {});
    const partitions = [0, 1].map((partition) => ({
      partition,
      head: world.redis.headOf(LINEAGE, partition),
      rows: world.redis.rowsOf(LINEAGE, partition),
    }));
    const metric = kpiOf();
    const served = { metric, set: setOf([metric]), lineage: LINEAGE };
    const fromRows = answerFromRows({ served, query: {}, partitions, latenessMs: 7 * DAY_MS, nowMs: NOW_MS, source: 'redis' });
    expect(fromRows).toMatchObject({ body, etag });
  });
});

describe('the store that answers', () => {
  it('is ClickHouse when Redis is away, with the same figures', async () => {
    const world = await twoPartitions();
    const before = (await answererOf(world).answer('purchases', {})).body;
    lose(world, 'redis');
    const { body } = await answererOf(world).answer('purchases', {});
    expect(body).toEqual({ ...before, asOf: { ...before.asOf, source: 'clickhouse' } });
  });

  it('is ClickHouse when Redis goes away between the heads and the rows', async () => {
    const world = await twoPartitions();
    lose(world, 'redis', 'read');
    const { body } = await answererOf(world).answer('purchases', {});
    expect([totalOf(body), body.asOf.source]).toEqual([12, 'clickhouse']);
  });

  it('is the one with the longer head, partition by partition', async () => {
    const world = await twoPartitions();
    await world.publish(1, 25, [{ cells: [40] }], { to: ['clickhouse'] });
    const { body } = await answererOf(world).answer('purchases', {});
    expect([totalOf(body), body.asOf.source, body.asOf.positions]).toEqual([48, 'mixed', { '0': '10', '1': '25' }]);
  });

  it('is ClickHouse where Redis was wiped', async () => {
    const world = await twoPartitions();
    world.redis.wipe();
    const { body } = await answererOf(world).answer('purchases', {});
    expect([totalOf(body), body.asOf.source]).toEqual([12, 'clickhouse']);
  });

  it('is waited for while its head is open, and never read in the middle of a publish', async () => {
    const world = await twoPartitions();
    await world.publish(0, 12, [{ cells: [100] }], { to: ['redis'], open: true });
    let reads = 0;
    world.redis.intercept = async ({ method, partition }): Promise<Fate> => {
      if (method === 'read' && partition === 0 && ++reads === 3) {
        world.redis.intercept = undefined;
        await world.publish(0, 12, [{ cells: [200] }], { to: ['redis'] });
      }
      return 'apply';
    };
    const { body } = await answererOf(world).answer('purchases', {});
    expect([body.asOf.positions['0'], body.asOf.source]).toEqual(['12', 'redis']);
    expect(reads).toBe(3);
  });

  it('is the other one after a second of an open head', async () => {
    const world = await twoPartitions();
    await world.publish(0, 12, [{ cells: [100] }], { to: ['redis'], open: true });
    const { body } = await answererOf(world).answer('purchases', {});
    expect([totalOf(body), body.asOf.source, body.asOf.positions]).toEqual([12, 'mixed', { '0': '10', '1': '20' }]);
    expect(world.clock.nowMs() - NOW_MS).toBeLessThan(1_200);
  });

  it('is none when both are away: the answer says so, and when to ask again', async () => {
    const world = await twoPartitions();
    lose(world, 'redis');
    lose(world, 'clickhouse');
    const answer = answererOf(world).answer('purchases', {});
    await expect(answer).rejects.toThrow(Unavailable);
    await expect(answer).rejects.toMatchObject({ retryAfterS: 1, message: 'neither Redis nor ClickHouse answers' });
  });

  it('is none for a partition that has published nothing', async () => {
    const world = createWorld();
    await world.publish(0, 10, [{}]);
    await expect(answererOf(world).answer('purchases', {})).rejects.toThrow('partition 1 has published nothing yet');
  });

  it('is Redis again once it is back', async () => {
    const world = await twoPartitions();
    const answerer = answererOf(world);
    lose(world, 'redis');
    await answerer.answer('purchases', {});
    world.redis.intercept = undefined;
    world.clock.advance(5_000);
    await answerer.watch.poll('redis');
    expect((await answerer.answer('purchases', {})).body.asOf.source).toBe('redis');
  });

  it('passes a programming error on instead of hiding it behind the other store', async () => {
    const world = await twoPartitions();
    world.redis.intercept = ({ method }) => {
      if (method === 'read') throw new TypeError('planted');
      return 'apply';
    };
    await expect(answererOf(world).answer('purchases', {})).rejects.toThrow('planted');
  });
});

describe('freshness', () => {
  it('is lost when the last confirmation at the end of the log is older than the metric allows', async () => {
    const world = await twoPartitions();
    const answerer = answererOf(world);
    expect((await answerer.answer('purchases', {})).body.asOf.stale).toBe(false);
    world.clock.advance(60_001);
    expect((await answerer.answer('purchases', {})).body.asOf.stale).toBe(true);
  });

  it('outlives a publish that was not quite at the end', async () => {
    const world = await twoPartitions();
    const answerer = answererOf(world);
    await answerer.answer('purchases', {});
    world.clock.advance(10_000);
    await world.publish(0, 11, [{ cells: [4] }], { note: { atEnd: false } });
    expect((await answerer.answer('purchases', {})).body.asOf).toMatchObject({ stale: false, positions: { '0': '11' } });
  });

  it('is never claimed for an owner that is still catching up', async () => {
    const world = createWorld();
    await world.publish(0, 10, [{}], { note: { atEnd: false } });
    await world.publish(1, 10, [{}]);
    expect((await answererOf(world).answer('purchases', {})).body.asOf.stale).toBe(true);
  });

  it('names halted partitions with their reason', async () => {
    const world = await twoPartitions();
    await world.publish(1, 20, [], { note: { halted: 'the log was rewritten' } });
    const { body } = await answererOf(world).answer('purchases', {});
    expect(body.asOf.halted).toEqual([{ partition: 1, reason: 'the log was rewritten' }]);
  });
});

describe('the tag and the cache', () => {
  it('keeps figures while no partition has moved, and reads them again when one has', async () => {
    const world = await twoPartitions();
    const answerer = answererOf(world);
    const first = await answerer.answer('purchases', {});
    world.clock.advance(10_000);
    const second = await answerer.answer('purchases', {});
    expect([first.cached, second.cached, second.etag === first.etag]).toEqual([false, true, true]);
    await world.publish(0, 11, [{ cells: [4] }]);
    world.clock.advance(10_000);
    const third = await answerer.answer('purchases', {});
    expect([third.cached, third.etag === first.etag, totalOf(third.body)]).toEqual([false, false, 13]);
  });

  it('changes the tag when an answer goes stale or a partition halts, without reading figures again', async () => {
    const world = await twoPartitions();
    const answerer = answererOf(world);
    const first = await answerer.answer('purchases', {});
    await world.publish(1, 20, [], { note: { halted: 'stopped', confirmedAtMs: NOW_MS + 1 } });
    world.clock.advance(10_000);
    const halted = await answerer.answer('purchases', {});
    world.clock.advance(100_000);
    const stale = await answerer.answer('purchases', {});
    expect([halted.cached, stale.cached]).toEqual([true, true]);
    expect(new Set([first.etag, halted.etag, stale.etag]).size).toBe(3);
  });

  it('reads once for a question that is asked many times at once', async () => {
    const world = await twoPartitions();
    let reads = 0;
    world.redis.intercept = ({ method }) => {
      if (method === 'read') reads++;
      return 'apply';
    };
    const answerer = answererOf(world);
    const answers = await Promise.all(Array.from({ length: 20 }, () => answerer.answer('purchases', {})));
    expect(new Set(answers.map(({ body }) => totalOf(body)))).toEqual(new Set([12]));
    expect(reads).toBe(2);
  });

  it('does not hide a store that was set back behind figures kept from before', async () => {
    const world = await twoPartitions();
    const answerer = answererOf(world);
    await answerer.answer('purchases', {});
    world.redis.wipe();
    world.clickhouse.wipe();
    for (const partition of [0, 1]) await world.publish(partition, 2, [{ cells: [1] }]);
    world.clock.advance(5_000);
    expect(totalOf((await answerer.answer('purchases', {})).body)).toBe(2);
  });
});

describe('a question at fault', () => {
  const questions = [
    [
      'a name that is no day',
      'purchases',
      { from: '2026-13-01' },
      'bad_range',
      '"2026-13-01" names no day of UTC: expected a name such as 2026-11-21',
    ],
    [
      'a range that ends before it begins',
      'purchases',
      { from: '2026-11-02', to: '2026-11-01' },
      'bad_range',
      'from 2026-11-02 lies after to 2026-11-01',
    ],
    ['a range of more than a thousand buckets', 'purchases', { from: '2020-01-01' }, 'bad_range', 'at most 1000'],
    ['a range before 1970', 'purchases', { from: '1969-12-31', to: '1970-01-02' }, 'bad_range', 'before 1970'],
    ['a slice that the metric has not', 'purchases', { slice: 'device' }, 'bad_slice', 'purchases is not sliced by "device": it has channel'],
    ['two dimensions at once', 'purchases', { slice: 'channel,device' }, 'bad_slice', '"channel,device"'],
    ['a value without its slice', 'purchases', { value: 'ads' }, 'bad_slice', 'value "ads" needs the slice'],
    ['buckets of something that is no funnel', 'purchases', { by: 'bucket' }, 'bad_parameter', 'of kind kpi'],
    ['more figures than a body should carry', 'purchases', { slice: 'channel', limit: 10_000, from: '2026-01-01' }, 'too_large', 'smaller limit'],
  ] as const;

  it.each(questions)('is refused with its code and the offending value: %s', async (_what, id, query, code, message) => {
    const error = await refusal(answererOf(await twoPartitions()).answer(id, query));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('names the week that contains a date which begins none', async () => {
    const world = await twoPartitions();
    const error = await refusal(answererOf(world, [kpiOf({ unit: 'week' })]).answer('purchases', { from: '2026-11-04' }));
    expect(error.message).toContain('the week that contains that date is 2026-11-02');
  });

  it('forgives the plus of an hour that became a space in the URL', async () => {
    const world = await twoPartitions();
    const { body } = await answererOf(world, [kpiOf({ unit: 'hour', timezone: 'Asia/Yerevan' })]).answer('purchases', {
      from: '2026-11-21T15 04:00',
    });
    expect(body.from).toBe('2026-11-21T15+04:00');
  });

  it('may lie in the future: zeros that are not complete', async () => {
    const { body } = await answererOf(await twoPartitions()).answer('purchases', { from: '2027-01-01', to: '2027-01-02' });
    const figures: KpiAnswer = isKpi(body) ? body : { slices: [] };
    expect(figures).toMatchObject({
      buckets: [
        { value: 0, complete: false },
        { value: 0, complete: false },
      ],
    });
  });
});
