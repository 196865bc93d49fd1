/** Sentences, bounds and field names of metrics. */
import { describe, expect, it } from 'vitest';
import { describeMetric, estimateBound, fieldsOf } from '../src/index.ts';
import { accepted, acceptedMetric } from './accepted.ts';

describe('a metric in one sentence', () => {
  it.each([
    [
      '{ id: a, kind: retention, start: booked, return: "*", columns: [1, 7], unit: week, entry: first_ever, slice: [plan] }',
      'Retention by calendar week (from Sunday, Asia/Yerevan): people join the cohort of their first ever "Service Booked", provided that it is booked ("Service Booked" where amount ≥ 10 and < 99 and plan is a or b); counted are those with any event in the week exactly 1 and 7 later, and in that one or any later one up to 7; also by plan.',
    ],
    [
      '{ id: a, kind: retention, start: A, return: B, columns: 30, entry: first_matching, interval: rolling, brackets: [[0, 7], [8, 30]], minReturns: 3 }',
      'Retention by calendar day (Asia/Yerevan): people join the cohort of their first "A"; counted are those with at least 3 events "B" in the span of 24 hours that begins exactly 1 to 30 such spans after it, in that span or any later one up to 30, and in any one of 0 (later than the start itself) to 7 and of 8 to 30.',
    ],
    [
      '{ id: a, kind: retention, start: A, return: B, columns: [1], unit: month, slice: [plan], sliceReturn: same }',
      'Retention by calendar month (Asia/Yerevan): people with "A" join the cohort of every bucket in which they do it; counted are those with "B" in the month exactly 1 later, and in that one or any later one up to 1; also by plan, where only returns with the value of the start count.',
    ],
    [
      '{ id: a, kind: funnel, steps: [A, { event: B, where: { x: { exists: true }, context.y: { not: 3 } } }], window: 36h, unit: hour }',
      'Funnel: "A", then "B" where context.y is not 3 and x is present, in this order within 36 hours of the first event; each opening event is an attempt of its own, counted in its clock hour (Asia/Yerevan); people are distinct over any range of up to 90 hours, by the furthest attempt.',
    ],
    [
      '{ id: a, kind: activity, event: [A, B], slice: [plan] }',
      'Activity: distinct people with "A" or "B" per calendar day (Asia/Yerevan) and over the last 7 and 30 days; among them new, returning and resurrecting ones, beside those who fell dormant or churned after 30 days; distinct over any range of up to 90 days; also by plan.',
    ],
    [
      '{ id: a, kind: kpi, measure: { sum: A, property: amount, decimals: 2 }, unit: month }',
      'Kpi: the sum of amount, to 2 decimals, of events "A" per calendar month (Asia/Yerevan).',
    ],
    [
      '{ id: a, kind: kpi, measure: { uniques: A } }',
      'Kpi: distinct people with "A" per calendar day (Asia/Yerevan), distinct over any range of up to 90 days.',
    ],
  ])('%s', (written, sentence) => {
    const head =
      'timezone: Asia/Yerevan\nweekStart: sunday\ndimensions: { plan: { property: plan } }\nselectors: { booked: { event: Service Booked, where: { plan: [a, b], amount: { gte: 10, lt: 99 } } } }';
    expect(describeMetric(acceptedMetric(written, head))).toBe(sentence);
  });
});

describe('bounds', () => {
  const set = accepted(`
dimensions: { two: { property: two, values: [a, b] }, open: { property: open, max: 4 } }
metrics:
  - { id: r, kind: retention, start: x, return: x, columns: 30 }
  - { id: s, kind: retention, start: x, return: x, columns: 30, slice: [two, open] }
  - { id: f, kind: funnel, steps: [x, y, z], lookback: 10 }
  - { id: k, kind: kpi, measure: { count: x } }
`);
  const bounds = Object.fromEntries(set.metrics.map((metric) => [metric.id, estimateBound(metric, set.dimensions)]));

  it('count the size, and two cells a column; two Days registers of 39 open days', () => {
    expect(bounds['r']).toEqual({ cellsPerBucket: 61, bytesPerActor: 2 * 16 + 8 });
  });

  it('grow with every value of every slice and $other', () => {
    expect(bounds['s']).toEqual({ cellsPerBucket: 61 * (1 + 3 + 5), bytesPerActor: 2 * 16 + 8 + (3 + 5) * 16 });
    const [, sliced] = set.metrics;
    expect(sliced && estimateBound(sliced).cellsPerBucket).toBe(61 * (1 + 51 + 51));
  });

  it('of retention count a cell for each bracket, and a full Times register for rolling, minReturns and brackets from 0', () => {
    const bound = (options: string) => estimateBound(acceptedMetric(`{ id: a, kind: retention, start: x, return: x, columns: 30, ${options} }`));
    expect(bound('brackets: [[2, 7], [8, 30]]')).toEqual({ cellsPerBucket: 63, bytesPerActor: 40 });
    expect(bound('minReturns: 2')).toEqual({ cellsPerBucket: 61, bytesPerActor: 40 + 4096 * 24 });
    expect(bound('entry: first_ever, interval: rolling')).toEqual({ cellsPerBucket: 61, bytesPerActor: 40 + 4096 * 24 });
    expect(bound('minReturns: 2, brackets: [[0, 7]]')).toEqual({ cellsPerBucket: 62, bytesPerActor: 56 + 2 * 4096 * 24 });
  });

  it('of funnels are those of full Times registers, and of two full histograms of each later step', () => {
    // 14 days are 34 spans of 32 bins, each in a row of 34 cells.
    expect(bounds['f']).toEqual({ cellsPerBucket: 36 + 2 * 2 * 35 * 34, bytesPerActor: 3 * (4096 * 24 + 8) });
  });

  it('of counts need nothing of an actor', () => {
    expect(bounds['k']).toEqual({ cellsPerBucket: 3, bytesPerActor: 0 });
  });
});

it('fields are the names that boards, targets and formulas use', () => {
  expect(fieldsOf(acceptedMetric('{ id: a, kind: retention, start: x, return: x, columns: [7] }'))).toEqual(
    ['rate', 'retained', 'of', 'low', 'high', 'cohorts'].map((name) => `overall.7.${name}`),
  );
  expect(fieldsOf(acceptedMetric('{ id: a, kind: funnel, steps: [x, y] }'))).toContain('step.2.ofPrevious');
  expect(fieldsOf(acceptedMetric('{ id: a, kind: activity, rolling: [28] }'))).toEqual(
    expect.arrayContaining(['active', 'churned', 'rolling.28', 'stickiness.28']),
  );
  expect(fieldsOf(acceptedMetric('{ id: a, kind: kpi, measure: { count: x } }'))).toEqual(['value', 'total']);
});
