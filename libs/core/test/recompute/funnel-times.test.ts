/** Worked examples of the times of a funnel's steps. */
import { describe, expect, test } from 'vitest';
import type { FunnelDefinition } from '../../src/definition.ts';
import { answered } from '../metrics/funnel-answered.ts';
import { dimension, event, funnel } from './examples.ts';

const day = { from: '2026-11-01', to: '2026-11-01' };

describe('times of a step', () => {
  test('are those of each actor’s earliest attempt of the bucket that reached it, from the step before and from the opening', () => {
    const events = [
      event('ann', 'A', '2026-11-01T10:00'),
      event('ann', 'A', '2026-11-01T10:30'),
      // 10:00 reaches B after 40 minutes, 10:30 after 10; only the second reaches C within the hour
      event('ann', 'B', '2026-11-01T10:40'),
      event('ann', 'C', '2026-11-01T11:20'),
      event('bob', 'A', '2026-11-01T10:00'),
      event('bob', 'B', '2026-11-01T10:20'),
    ];
    const { steps } = answered(funnel(), { events, ...day });
    expect(steps?.map(({ fromPrevious, fromFirst }) => [fromPrevious.n, fromPrevious.mean, fromFirst.n, fromFirst.mean])).toEqual([
      [0, null, 0, null],
      [2, 1800, 2, 1800],
      [1, 2400, 1, 3000],
    ]);
  });

  test('zero is exact; quantiles are interpolated between ranks, within 1 %', () => {
    const events = ['10:00', '10:10', '10:20', '10:30', '10:40'].flatMap((time, index) => [
      event(`a${index}`, 'A', '2026-11-01T10:00'),
      event(`a${index}`, 'B', `2026-11-01T${time}`),
    ]);
    const { fromFirst } = answered(funnel(), { events, ...day }).steps?.[1] ?? {};
    expect(fromFirst?.mean).toBe(1200);
    expect(fromFirst?.p50).toBeGreaterThan(1200 * 0.99);
    expect(fromFirst?.p50).toBeLessThan(1200 * 1.01);
    // rank 3.6 of 0 … 4: between 30 and 40 minutes
    expect(fromFirst?.p90).toBeGreaterThan(2160 * 0.99);
    expect(fromFirst?.p90).toBeLessThan(2160 * 1.01);
    expect(fromFirst?.histogram[0]).toEqual({ from: 0, to: 0, n: 1 });
    const atOnce = answered(funnel(), { events: events.slice(0, 2), ...day }).steps?.[1]?.fromFirst;
    expect(atOnce).toEqual({ n: 1, mean: 0, p50: 0, p90: 0, histogram: [{ from: 0, to: 0, n: 1 }] });
  });

  const days = ['2026-11-01', '2026-11-02'].flatMap((date, index) => [
    event('ann', 'A', `${date}T10:00`, { device: index === 0 ? 'web' : 'tv' }),
    event('ann', 'B', `${date}T10:${10 + index * 10}`),
  ]);

  test('a range pools its buckets: an actor counts once in each', () => {
    expect(answered(funnel(), { events: days, from: '2026-11-01', to: '2026-11-02' }).steps?.[1]?.fromPrevious).toMatchObject({ n: 2, mean: 900 });
  });

  test('in slices only attempts with the value count; the rest is pooled', () => {
    const metric: FunnelDefinition = funnel();
    const { slices } = answered(metric, { events: days, from: '2026-11-01', to: '2026-11-02', slice: dimension('device') });
    expect(slices?.map(({ value, steps }) => [value, steps?.[1]?.fromFirst.mean])).toEqual([
      ['tv', 1200],
      ['web', 600],
    ]);
    const rest = answered(metric, { events: days, from: '2026-11-01', to: '2026-11-02', slice: dimension('device'), limit: 0 });
    expect(rest.slices?.map(({ value, steps }) => [value, steps?.[1]?.fromFirst.mean])).toEqual([['$rest', 900]]);
  });
});
