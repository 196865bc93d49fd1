/** What a right definition becomes: defaults, canonical selectors, dimensions, names. */
import { describe, expect, it } from 'vitest';
import { parseMetricSet } from '../src/index.ts';
import { accepted, acceptedMetric } from './accepted.ts';

const COUNT = '{ id: a, kind: kpi, measure: { count: x } }';

describe('the set', () => {
  it('takes its name from the file, its zone and week from the defaults', () => {
    expect(accepted(`metrics: [${COUNT}]`, '/some/where/My_Metrics.v2.yaml')).toMatchObject({
      name: 'my-metrics-v2',
      timezone: 'UTC',
      weekStart: 'monday',
      filter: [],
      dimensions: [],
      board: [],
    });
  });

  it('takes a written name before the file name', () => {
    expect(accepted(`name: other\nmetrics: [${COUNT}]`).name).toBe('other');
  });

  it('reads JSON as well as YAML, and a byte order mark', () => {
    const json = '\ufeff{\n\t"metrics": [\n\t\t{ "id": "a", "kind": "kpi", "measure": { "count": "x" } }\n\t]\n}';
    expect(accepted(json, 'sample.json').metrics).toEqual(accepted(`metrics: [${COUNT}]`).metrics);
  });

  it('follows a few aliases', () => {
    const text =
      'metrics:\n  - { id: a, kind: kpi, measure: { count: { event: x, where: { plan: &plans [a, b] } } } }\n  - { id: b, kind: kpi, measure: { count: { event: y, where: { plan: *plans } } } }';
    expect(accepted(text).metrics).toHaveLength(2);
  });

  it('lets a metric override zone and week start', () => {
    const metric = acceptedMetric(
      '{ id: a, kind: kpi, timezone: Europe/Moscow, weekStart: monday, measure: { count: x } }',
      'timezone: Asia/Yerevan\nweekStart: sunday',
    );
    expect(metric).toMatchObject({ timezone: 'Europe/Moscow', weekStart: 'monday' });
  });

  it('reads the filter into sorted clauses from the event root', () => {
    expect(accepted(`filter: { context.app.name: cabinet, plan: [b, a, b] }\nmetrics: [${COUNT}]`).filter).toEqual([
      { condition: { test: 'in', values: ['a', 'b'] }, path: ['properties', 'plan'] },
      { condition: { test: 'in', values: ['cabinet'] }, path: ['context', 'app', 'name'] },
    ]);
  });
});

describe('dimensions', () => {
  it('are open with 50 values, or closed lists read as texts', () => {
    const head =
      'dimensions: { a: { property: plan }, b: { property: context.device.type, max: 5 }, c: { property: paid, values: [true, 3, x, x] } }';
    expect(accepted(`${head}\nmetrics: [${COUNT}]`).dimensions).toEqual([
      { name: 'a', path: ['properties', 'plan'], max: 50 },
      { name: 'b', path: ['context', 'device', 'type'], max: 5 },
      { name: 'c', path: ['properties', 'paid'], values: ['true', '3', 'x'], max: 3 },
    ]);
  });
});

describe('selectors', () => {
  const selectorOf = (written: string, head = '') => {
    const metric = acceptedMetric(`{ id: a, kind: activity, event: ${written} }`, head);
    return metric.kind === 'activity' ? metric.event : undefined;
  };

  it('take a bare name for a defined selector first, else for an event', () => {
    const head = 'selectors: { Booked: { event: Service Booked, where: { channel: app } } }';
    expect(selectorOf('Booked', head)).toEqual({
      name: 'Booked',
      anyOf: [{ event: 'Service Booked', where: [{ path: ['properties', 'channel'], condition: { test: 'in', values: ['app'] } }] }],
    });
    expect(selectorOf('{ event: Booked }', head)).toEqual({ name: 'Booked', anyOf: [{ event: 'Booked', where: [] }] });
    expect(selectorOf('Other', head)).toEqual({ name: 'Other', anyOf: [{ event: 'Other', where: [] }] });
    expect(selectorOf("'*'")).toEqual({ name: '*', anyOf: [{ event: '*', where: [] }] });
  });

  it('flatten lists and names in lists, without repeats and in one order', () => {
    const head = 'selectors: { both: [B, A, one], one: { event: A } }';
    expect(selectorOf('[C, both, A]', head)).toEqual({
      name: 'C or both or A',
      anyOf: ['A', 'B', 'C'].map((event) => ({ event, where: [] })),
    });
  });

  it('turn each kind of test into conditions, several of one property into several clauses', () => {
    const written =
      '{ event: x, where: { a: 1, b: [2, "2"], c: { gt: 1, lte: 3 }, d: { exists: false }, e: { not: [x, y] }, f: { gte: 0, not: 5 } } }';
    const clauses = selectorOf(written)?.anyOf[0]?.where.map(({ path, condition }) => [path.join('.'), condition]);
    expect(clauses).toHaveLength(7);
    expect(clauses).toEqual(
      expect.arrayContaining([
        ['properties.a', { test: 'in', values: [1] }],
        ['properties.b', { test: 'in', values: ['2', 2] }],
        ['properties.c', { test: 'range', gt: 1, lte: 3 }],
        ['properties.d', { test: 'exists', exists: false }],
        ['properties.e', { test: 'not', condition: { test: 'in', values: ['x', 'y'] } }],
        ['properties.f', { test: 'range', gte: 0 }],
        ['properties.f', { test: 'not', condition: { test: 'in', values: [5] } }],
      ]),
    );
  });
});

describe('kinds', () => {
  const BASE = { timezone: 'UTC', weekStart: 'monday', slices: [], freshnessMs: 60_000, revision: expect.stringMatching(/^[0-9a-f]{16}$/) };
  const x = { name: 'x', anyOf: [{ event: 'x', where: [] }] };

  it('retention: 30 daily columns, every start', () => {
    const metric = acceptedMetric('{ id: a, kind: retention, start: x, return: x }');
    expect(metric).toEqual({
      ...BASE,
      id: 'a',
      kind: 'retention',
      unit: 'day',
      start: x,
      return: x,
      columns: Array.from({ length: 30 }, (_, k) => k + 1),
      entry: 'every',
      interval: 'calendar',
      brackets: [],
      minReturns: 1,
      sliceReturn: 'any',
    });
  });

  it('retention: a rising list of columns and the written-out defaults', () => {
    const text =
      '{ id: a, kind: retention, start: x, return: x, columns: [1, 7, 30], unit: week, entry: first_ever, interval: calendar, minReturns: 1, sliceReturn: any }';
    expect(acceptedMetric(text)).toMatchObject({ columns: [1, 7, 30], unit: 'week', entry: 'first_ever' });
  });

  it('retention: rolling columns, brackets in their order, a number of returns, returns of the same value', () => {
    const head = '{ id: a, kind: retention, start: x, return: x, columns: 30';
    expect(acceptedMetric(`${head}, entry: first_ever, interval: rolling, brackets: [[8, 30], [0, 7], [0, 0]], minReturns: 3 }`)).toMatchObject({
      interval: 'rolling',
      brackets: [
        [0, 0],
        [0, 7],
        [8, 30],
      ],
      minReturns: 3,
    });
    expect(acceptedMetric(`${head}, sliceReturn: same }`)).toMatchObject({ sliceReturn: 'same' });
  });

  it('funnel: 14 days, 90 days of lookback', () => {
    const metric = acceptedMetric('{ id: a, kind: funnel, steps: [x, { event: x }] }');
    expect(metric).toEqual({
      ...BASE,
      id: 'a',
      kind: 'funnel',
      unit: 'day',
      steps: [x, x],
      windowMs: 14 * 86_400_000,
      lookback: 90,
      order: 'ordered',
      attempt: 'furthest',
      exclude: [],
      attribution: 'entry',
      sliceRanges: false,
    });
  });

  it('funnel: durations in s, m, h, d and w, and the written-out defaults', () => {
    const windowOf = (window: string) => {
      const metric = acceptedMetric(
        `{ id: a, kind: funnel, steps: [x, y], window: ${window}, order: ordered, attempt: furthest, attribution: entry, sliceRanges: false }`,
      );
      return metric.kind === 'funnel' ? metric.windowMs : 0;
    };
    expect(['90s', '5m', '36h', '90d', '2w'].map(windowOf)).toEqual([90_000, 300_000, 129_600_000, 7_776_000_000, 1_209_600_000]);
  });

  it('activity: any event, 7 and 30 days, churned after 30', () => {
    expect(acceptedMetric('{ id: a, kind: activity }')).toEqual({
      ...BASE,
      id: 'a',
      kind: 'activity',
      unit: 'day',
      event: { name: '*', anyOf: [{ event: '*', where: [] }] },
      rolling: [7, 30],
      lookback: 90,
      churnAfter: 30,
    });
  });

  it('kpi: count, sum with decimals, uniques with lookback', () => {
    expect(acceptedMetric('{ id: a, kind: kpi, measure: { count: x } }')).toEqual({
      ...BASE,
      id: 'a',
      kind: 'kpi',
      unit: 'day',
      measure: { measure: 'count', of: x },
      lookback: 90,
    });
    expect(acceptedMetric('{ id: a, kind: kpi, unit: hour, measure: { sum: x, property: amount, decimals: 3 }, freshness: 5m }')).toMatchObject({
      measure: { measure: 'sum', of: x, path: ['properties', 'amount'], decimals: 3 },
      freshnessMs: 300_000,
    });
    expect(acceptedMetric('{ id: a, kind: kpi, measure: { uniques: x }, lookback: 30 }')).toMatchObject({
      measure: { measure: 'uniques', of: x },
      lookback: 30,
    });
  });

  it('words, owner, target and slices stay as they were written', () => {
    const head = 'dimensions: { plan: { property: plan }, app: { property: app } }';
    const text =
      '{ id: a, kind: kpi, title: T, description: D, owner: o@example.com, unit: hour, measure: { count: x }, target: { value: 5, per: day }, slice: [plan, app] }';
    expect(acceptedMetric(text, head)).toMatchObject({
      title: 'T',
      description: 'D',
      owner: 'o@example.com',
      target: { of: 'value', value: 5, per: 'day', direction: 'up' },
      slices: [['plan'], ['app']],
    });
  });
});

it('names the file in every problem and never throws for what a text says', () => {
  const parsed = parseMetricSet('metrics: 5', { file: 'wrong.yaml' });
  expect(parsed).toEqual({
    ok: false,
    problems: [{ file: 'wrong.yaml', line: 1, column: 10, path: 'metrics', message: 'expected a list of 1 to 200 metrics, got 5' }],
  });
});
