/** Worked examples of KPIs, one per rule; the incremental engine answers the same. */
import { describe, expect, test } from 'vitest';
import type { Measure } from '../../src/definition.ts';
import { fixedPointOf, fixedPointText } from '../../src/recompute/decimal.ts';
import { answerOf } from '../metrics/both.ts';
import { dimension, event, kpi, select } from './examples.ts';

const sum: Measure = { measure: 'sum', of: select('Paid'), path: ['properties', 'amount'], decimals: 2 };
const uniques: Measure = { measure: 'uniques', of: select('Paid') };
const range = { from: '2026-11-01', to: '2026-11-02' };
const events = [
  event('ann', 'Paid', '2026-11-01T08:00', { amount: 0.1, plan: 'pro' }),
  event('ann', 'Paid', '2026-11-01T09:00', { amount: 0.2, plan: 'free' }),
  event('bob', 'Paid', '2026-11-01T09:00', { amount: '7', plan: 'free' }),
  event('ann', 'Paid', '2026-11-02T09:00', { amount: -12.5, plan: 'pro' }),
  event('bob', 'Seen', '2026-11-02T09:00', { amount: 100 }),
  event('bob', 'Paid', '2026-11-03T09:00', { amount: 1000 }),
];

describe('measures', () => {
  test('count: matching events', () => {
    expect(answerOf.kpi(kpi(), { events, ...range })).toEqual({
      buckets: [
        { bucket: '2026-11-01', value: 3, count: 3, complete: true },
        { bucket: '2026-11-02', value: 1, count: 1, complete: true },
      ],
      total: 4,
    });
  });

  test('sum: exact, as text; what is no number adds 0 and is counted', () => {
    expect(answerOf.kpi(kpi({ measure: sum }), { events, ...range })).toEqual({
      buckets: [
        { bucket: '2026-11-01', value: '0.30', count: 3, complete: true },
        { bucket: '2026-11-02', value: '-12.50', count: 1, complete: true },
      ],
      total: '-12.20',
    });
  });

  test('sum: exact where doubles are not, beyond 2^53 and in the last digit', () => {
    const amounts = [90_071_992_547_409.92, 0.01, 0.01, 1.005, 8.335];
    const exact = amounts.map((amount) => event('ann', 'Paid', '2026-11-01', { amount }));
    // 90,071,992,547,409.92, which is 2^53 cents, + 0.02 + 1.01 + 8.34
    expect(answerOf.kpi(kpi({ measure: sum }), { events: exact, ...range }).total).toBe('90071992547419.29');
  });

  test('uniques: distinct actors per bucket and over the range', () => {
    expect(answerOf.kpi(kpi({ measure: uniques }), { events, ...range })).toEqual({
      buckets: [
        { bucket: '2026-11-01', value: 2, count: 2, complete: true },
        { bucket: '2026-11-02', value: 1, count: 1, complete: true },
      ],
      total: 2,
      uniquesLimit: 90,
    });
    expect(answerOf.kpi(kpi({ measure: uniques, lookback: 2 }), { events, ...range }).total).toBe(2);
    expect(answerOf.kpi(kpi({ measure: uniques, lookback: 1 }), { events, ...range })).toMatchObject({ total: null, uniquesLimit: 1 });
  });

  test('a repeated messageId adds nothing', () => {
    const twice = [1, 2].map(() => event('ann', 'Paid', '2026-11-01', { amount: 5 }, { id: 'same' }));
    expect(answerOf.kpi(kpi({ measure: sum }), { events: twice, ...range }).total).toBe('5.00');
  });

  test('complete: the bucket’s end and lateness have passed', () => {
    const at = (watermark: string) =>
      answerOf.kpi(kpi(), { events, ...range, watermark, latenessMs: 3_600_000 }).buckets.map((bucket) => bucket.complete);
    expect(at('2026-11-03T00:59:59.999Z')).toEqual([true, false]);
    expect(at('2026-11-03T01:00:00Z')).toEqual([true, true]);
  });
});

describe('fixed point', () => {
  test.each([
    [0.005, 2, '0.01'],
    [-0.005, 2, '-0.01'],
    [1.005, 2, '1.01'], // by its text, although the double is below
    [0.0049, 2, '0.00'],
    [-0.0049, 2, '0.00'],
    [2.5, 0, '3'],
    [-2.5, 0, '-3'],
    [1e17, 1, '100000000000000000.0'],
    [1.5e-7, 7, '0.0000002'],
    [123456789.125, 2, '123456789.13'],
    [-0, 2, '0.00'],
    [5e-324, 2, '0.00'],
  ])('%d with %d decimals is %s', (value, decimals, text) => {
    expect(fixedPointText(fixedPointOf(value, decimals) ?? -1n, decimals)).toBe(text);
  });

  test.each([['5'], [true], [null], [undefined], [Number.POSITIVE_INFINITY], [Number.NaN]])('%s is no number', (value) => {
    expect(fixedPointOf(value, 2)).toBeNull();
  });
});

describe('slices', () => {
  const plan = dimension('plan');

  test('by the measure’s size over the range, largest first', () => {
    const rows = answerOf.kpiSlices(kpi({ measure: sum }), { events, ...range, slice: plan });
    expect(rows.map(({ value, total }) => [value, total])).toEqual([
      ['free', '0.20'],
      ['pro', '-12.40'],
    ]);
  });

  test('an actor counts once under each of its values', () => {
    const rows = answerOf.kpiSlices(kpi({ measure: uniques }), { events, ...range, slice: plan });
    expect(rows.map(({ value, total, uniquesLimit }) => [value, total, uniquesLimit])).toEqual([
      ['free', 2, 90],
      ['pro', 1, 90],
    ]);
  });

  test('$rest is the sum; one value stands alone; equal weights go by code units', () => {
    const counted = kpi();
    const rest = answerOf.kpiSlices(counted, { events, ...range, slice: plan, limit: 1 });
    expect(rest.map(({ value, total }) => [value, total])).toEqual([
      ['free', 2],
      ['$rest', 2],
    ]);
    expect(answerOf.kpiSlices(counted, { events, ...range, slice: plan, value: 'gold' })).toMatchObject([{ value: 'gold', total: 0 }]);
  });
});
