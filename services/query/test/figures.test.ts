// Figures across kinds: every field that targets, boards and formulas may name is a figure of an answer; ratios, formulas and comparisons as bodies and as CSV.
import { figureOf, type MetricDefinition } from '@tidemark/core';
import { fieldsOf } from '@tidemark/definitions';
import { beforeAll, describe, expect, it } from 'vitest';
import { KIND_PATHS, metricPath } from '../src/kinds.ts';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

const set = setOf(`
name: figures
dimensions: { plan: { property: plan } }
metrics:
  - { id: actives, kind: activity, rolling: [7], slice: [plan] }
  - { id: way, kind: funnel, steps: [Seen, Paid], slice: [plan] }
  - { id: kept, kind: retention, start: Seen, return: "*", columns: [1, 2] }
  - { id: paid, kind: kpi, unit: hour, measure: { sum: Paid, property: amount }, slice: [plan] }
  - { id: payers, kind: kpi, measure: { uniques: Paid } }
  - { id: average, kind: kpi, measure: { ratio: [{ sum: Paid, property: amount }, Paid] }, owner: { name: maria, since: 2026-11-01 }, slice: [plan] }
  - { id: arpu, kind: kpi, measure: { formula: "p / a", of: { p: paid, a: actives.uniques } }, slice: [plan] }
  - { id: mixed, kind: kpi, unit: week, measure: { formula: "s - r * f", of: { s: arpu, r: kept.overall.1.rate, f: way.step.2.ofFirst } } }
`);

let world: ServedWorld;
beforeAll(async () => {
  let id = 0;
  const event = (name: string, user: string, day: number, properties: object) =>
    trackOf(name, user, { timestamp: `2026-11-${String(day).padStart(2, '0')}T10:00:00Z`, messageId: `m${++id}`, properties });
  const events = [16, 17, 18, 19, 20, 21].flatMap((day) => [
    event('Seen', 'ann', day, { plan: 'pro' }),
    event('Seen', `visitor${day}`, day, { plan: 'free' }),
    event('Paid', 'ann', day, { plan: 'pro', amount: day / 4 }),
  ]);
  world = await createServedWorld({ set, events });
});

async function answerOf(metric: MetricDefinition, query = '') {
  const response = await world.get(`${metricPath(metric)}${query}`);
  expect([response.status, response.text.slice(0, response.status === 200 ? 0 : 300)]).toEqual([200, '']);
  return KIND_PATHS[metric.kind].body.parse(JSON.parse(response.text));
}

describe.each(set.metrics.map((metric) => [metric.id, metric] as const))('%s', (_id, metric) => {
  it('has every field that its kind names', async () => {
    const answered = await world.answer(metric.id, { from: '2026-11-16' + (metric.unit === 'hour' ? 'T00+00:00' : '') });
    for (const field of fieldsOf(metric)) {
      const figure = figureOf(metric, answered.body, field);
      expect(figure === null || Number.isFinite(Number(figure)), field).toBe(true);
    }
    expect(() => figureOf(metric, answered.body, 'no.such.field')).toThrow('no field "no.such.field"');
  });

  it('answers as its schema says, also compared with the range before, also per slice value', async () => {
    await answerOf(metric);
    expect(await answerOf(metric, '?compare=previous')).toHaveProperty('previous');
    const sliced = metric.slices.length === 0 ? [] : ['?slice=plan', '?slice=plan&limit=1&compare=previous', '?slice=plan&value=pro'];
    for (const query of sliced) await answerOf(metric, query);
  });

  it('is the same table in every row of its CSV, with the range that a row is of', async () => {
    const { text } = await world.get(`${metricPath(metric)}?compare=previous`, { accept: 'text/csv' });
    const [columns, ...rows] = text.trimEnd().split('\r\n');
    expect(columns?.startsWith('range,part,')).toBe(true);
    expect(new Set(rows.map((row) => row.split(',')[0]))).toEqual(new Set(['asked', 'previous', 'against']));
    expect(new Set(rows.map((row) => row.split(',').length))).toEqual(new Set([columns?.split(',').length]));
  });
});

it('a formula shows what it was made of, in JSON and as CSV', async () => {
  const { text } = await world.get('/v1/kpis/arpu?from=2026-11-20&to=2026-11-21', { accept: 'text/csv' });
  expect(text).toBe(
    [
      'part,bucket,value,count,complete,of_p,of_a',
      'bucket,2026-11-20,2.5,,false,5.00,2',
      'bucket,2026-11-21,2.625,,false,5.25,2',
      'total,,3.4166666666666665,,,10.25,3',
      '',
    ].join('\r\n'),
  );
});

it('a wrong comparison is refused by name', async () => {
  const { status, json } = await world.get('/v1/kpis/arpu?compare=last');
  expect([status, json()]).toMatchObject([400, { code: 'bad_parameter', errors: [{ pointer: '/query/compare' }] }]);
});
