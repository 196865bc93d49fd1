// compare=previous: two equal stretches side by side; formulas: one read for all that they name.
import type { MetricDefinition } from '@tidemark/core';
import { describe, expect, it } from 'vitest';
import { answererOf, createWorld, kpiOf, TODAY, type World } from './published.ts';

/** Purchases of the last ten days: 1 today, 2 yesterday, and so on; the watermark stands five seconds before 18:00. */
async function tenDays(): Promise<World> {
  const world = createWorld();
  await world.publish(
    0,
    10,
    Array.from({ length: 10 }, (_, back) => ({ bucket: TODAY - back, cells: [back + 1] })),
  );
  await world.publish(1, 20, []);
  return world;
}

async function bodyOf(world: World, query: { from?: string; to?: string; compare?: 'previous' }, metrics: readonly MetricDefinition[] = [kpiOf()]) {
  const { body } = await answererOf(world, metrics).answer(metrics.at(-1)?.id ?? '', query);
  return body;
}

describe('compare=previous', () => {
  it('of a range that is over adds as many buckets right before it', async () => {
    const body = await bodyOf(await tenDays(), { from: '2026-11-18', to: '2026-11-20', compare: 'previous' });
    expect(body).toMatchObject({
      from: '2026-11-18',
      to: '2026-11-20',
      total: 9,
      previous: { from: '2026-11-15', to: '2026-11-17', total: 18, against: null },
    });
  });

  it('of a range that is not over compares the buckets that are, and shows the asked range cut alike', async () => {
    const body = await bodyOf(await tenDays(), { from: '2026-11-19', to: '2026-11-21', compare: 'previous' });
    expect(body).toMatchObject({
      total: 6,
      previous: { from: '2026-11-16', to: '2026-11-17', total: 11, against: { from: '2026-11-19', to: '2026-11-20', total: 5 } },
    });
  });

  it('is null when no bucket is over, and when the range before begins before 1970', async () => {
    const world = await tenDays();
    expect(await bodyOf(world, { from: '2026-11-21', to: '2026-11-21', compare: 'previous' })).toMatchObject({ total: 1, previous: null });
    expect(await bodyOf(world, { from: '1970-01-05', to: '1970-01-20', compare: 'previous' })).toMatchObject({ total: 0, previous: null });
  });

  it('is absent when it was not asked for, and is another representation', async () => {
    const world = await tenDays();
    const answerer = answererOf(world);
    const plain = await answerer.answer('purchases', {});
    const compared = await answerer.answer('purchases', { compare: 'previous' });
    expect(plain.body).not.toHaveProperty('previous');
    expect(compared.body).toMatchObject({ ...plain.body, previous: { from: '2026-09-23', to: '2026-10-21' } });
    expect(compared.etag).not.toBe(plain.etag);
  });
});

describe('a formula', () => {
  const formula = kpiOf({
    id: 'share',
    slices: [],
    measure: { measure: 'formula', expression: 'p / t', of: { p: 'purchases', t: 'trials.value' } },
  });
  const metrics = [kpiOf(), kpiOf({ id: 'trials' }), formula];

  it('is answered from one read of the tables of all that it names', async () => {
    const world = createWorld();
    const rows = [
      { cells: [3] },
      { metric: 'trials', cells: [4] },
      { metric: 'trials', bucket: TODAY - 1, cells: [8] },
      { metric: 'other', bucket: TODAY, cells: [99] },
    ];
    for (const partition of [0, 1]) await world.publish(partition, 10, rows);
    let reads = 0;
    world.redis.intercept = ({ method }) => {
      if (method === 'read') reads++;
      return 'apply';
    };
    const body = await bodyOf(world, { from: '2026-11-20', to: '2026-11-21' }, metrics);
    expect(body).toMatchObject({
      metric: 'share',
      buckets: [
        { bucket: '2026-11-20', value: 0, count: null, of: { p: 0, t: 16 } },
        { bucket: '2026-11-21', value: 0.75, count: null, of: { p: 6, t: 8 } },
      ],
      total: 0.25,
      of: { p: 6, t: 24 },
    });
    expect(reads).toBe(2);
  });

  it('counts the unreadable amounts of all that it names', async () => {
    const world = createWorld();
    const sum = kpiOf({ id: 'trials', measure: { measure: 'sum', of: { name: 'Trial', anyOf: [] }, path: ['properties', 'amount'], decimals: 2 } });
    await world.publish(0, 10, [{ metric: 'trials', cells: [0, 1234, 3, 2] }]);
    await world.publish(1, 10, []);
    expect(await bodyOf(world, {}, [kpiOf(), sum, formula])).toMatchObject({ total: 0, notes: { unreadable: 2 } });
  });

  it('is refused when its parts would be too many', async () => {
    const world = await tenDays();
    const hourly = kpiOf({ unit: 'hour' });
    const monthly = { ...formula, unit: 'month', measure: { measure: 'formula', expression: 'p', of: { p: 'purchases' } } } as const;
    const answer = answererOf(world, [hourly, monthly]).answer('share', { from: '1980-01-01', to: '2026-01-01' });
    await expect(answer).rejects.toMatchObject({ code: 'too_large' });
  });
});

it('every answer carries owner, target and when they last changed', async () => {
  const target = { of: 'total', value: 10, direction: 'up', since: '2026-11-01' } as const;
  const world = await tenDays();
  expect(await bodyOf(world, {}, [kpiOf({ owner: 'maria', ownerSince: '2026-10-01', target })])).toMatchObject({
    owner: 'maria',
    ownerSince: '2026-10-01',
    target,
  });
  expect(await bodyOf(world, {})).toMatchObject({ owner: null, ownerSince: null, target: null });
});
