/** Worked examples of ratios and formulas, one per rule; each is asked of the engine and of the oracle. */
import { describe, expect, it } from 'vitest';
import type { Answer, AnswerRequest, KpiAnswer } from '../../src/answer.ts';
import type { Dimension, KpiDefinition, Measure, MetricDefinition, MetricSet } from '../../src/definition.ts';
import { recompute } from '../../src/recompute/recompute.ts';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { createCalendar } from '../../src/time/calendar.ts';
import { Engine } from '../fold/engine.ts';
import { activity, dimension, event, isIn, kpi, select } from '../recompute/examples.ts';

const HOUR_MS = 3_600_000;
const LATENESS_MS = 40 * 24 * HOUR_MS;

interface Asked {
  readonly metrics: readonly MetricDefinition[];
  readonly events: readonly TimelineEvent[];
  /** Names of buckets of the last metric, which is asked. */
  readonly from: string;
  readonly to: string;
  readonly slice?: Dimension;
  readonly value?: string;
  readonly limit?: number;
}

/** The answer of the engine, after the oracle gave the same one. */
function answerOf({ metrics, events, from, to, slice, value, limit = 20 }: Asked): KpiAnswer {
  const metric = metrics.at(-1);
  if (metric === undefined) throw new Error('no metric');
  const calendar = createCalendar({ zone: metric.timezone, unit: metric.unit, weekStart: metric.weekStart });
  const set: MetricSet = {
    name: 'examples',
    timezone: 'UTC',
    weekStart: 'monday',
    filter: [],
    dimensions: [dimension('plan')],
    metrics,
    board: [],
    revision: '0'.repeat(16),
  };
  const request: AnswerRequest = {
    from: calendar.parse(from) ?? -1,
    to: calendar.parse(to) ?? -1,
    limit,
    byBucket: false,
    ...(slice && { slice: slice.name }),
    ...(value !== undefined && { value }),
  };
  const actors = [...new Set(events.map(({ actor }) => actor))];
  const engine = new Engine(set, { ...DEFAULT_SETTINGS, latenessMs: LATENESS_MS });
  for (const each of events) engine.send({ ...each, recordMs: each.timeMs + 1, actorNumber: actors.indexOf(each.actor) });
  engine.check();
  const answer = engine.answer(metric, request);
  expect(recompute(set, metric, events, request, { watermarkMs: engine.watermarkMs, latenessMs: LATENESS_MS })).toEqual(answer);
  if (!isKpi(answer)) throw new Error('not an answer of a kpi');
  return answer;
}

function isKpi(answer: Answer): answer is KpiAnswer {
  return 'total' in answer || ('slices' in answer && answer.slices !== undefined && answer.slices.every((slice) => 'total' in slice));
}

/** [value, …] of the buckets, then the total. */
function valuesOf(answer: KpiAnswer) {
  if ('slices' in answer) return answer.slices.map(({ value, total }) => [value, total]);
  return [...answer.buckets.map(({ value }) => value), answer.total];
}

const events = [
  event('ann', 'Seen', '2026-11-01T07:00', { plan: 'pro' }),
  event('ann', 'Paid', '2026-11-01T08:00', { amount: 0.1, plan: 'pro' }),
  event('ann', 'Paid', '2026-11-01T09:00', { amount: 0.2, plan: 'free' }),
  event('bob', 'Paid', '2026-11-01T09:00', { amount: '7', plan: 'free' }),
  event('bob', 'Seen', '2026-11-02T08:00', { plan: 'free' }),
  event('eve', 'Seen', '2026-11-02T08:00', { plan: 'pro' }),
  event('ann', 'Paid', '2026-11-02T09:00', { amount: -12.5, plan: 'pro' }),
  event('ann', 'Seen', '2026-11-03T09:00', { plan: 'pro' }),
];
const days = { events, from: '2026-11-01', to: '2026-11-03' };

const paid = { measure: 'count', of: select('Paid') } as const;
const seen = { measure: 'count', of: select('Seen') } as const;
const amount = { measure: 'sum', of: select('Paid'), path: ['properties', 'amount'], decimals: 2 } as const;
const people = { measure: 'uniques', of: select('*') } as const;

function ratio(numerator: typeof paid | typeof seen | typeof amount | typeof people, denominator: typeof numerator, lookback = 90): KpiDefinition {
  return kpi({ measure: { measure: 'ratio', numerator, denominator }, lookback, slices: [['plan']] });
}

function formula(expression: string, of: Record<string, string>, options: Partial<KpiDefinition> = {}): KpiDefinition {
  const measure: Measure = { measure: 'formula', expression, of };
  return kpi({ id: 'formula', measure, slices: [['plan']], ...options });
}

describe('ratio', () => {
  it('divides what the bucket, and what the range adds up to: never a mean of ratios', () => {
    expect(answerOf({ metrics: [ratio(seen, paid)], ...days })).toEqual({
      buckets: [
        { bucket: '2026-11-01', value: 1 / 3, count: 3, complete: false, of: { numerator: 1, denominator: 3 } },
        { bucket: '2026-11-02', value: 2, count: 1, complete: false, of: { numerator: 2, denominator: 1 } },
        { bucket: '2026-11-03', value: null, count: 0, complete: false, of: { numerator: 1, denominator: 0 } },
      ],
      total: 1,
      of: { numerator: 4, denominator: 4 },
    });
  });

  it('is null over 0', () => {
    expect(valuesOf(answerOf({ metrics: [ratio(paid, seen)], events: [], from: '2026-11-01', to: '2026-11-01' }))).toEqual([null, null]);
  });

  it('takes sums, unreadable amounts as 0, and distinct actors, over the range too', () => {
    const answer = answerOf({ metrics: [ratio(amount, people)], ...days });
    expect(valuesOf(answer)).toEqual([0.15, -12.5 / 3, 0, -12.2 / 3]);
    expect(answer).toMatchObject({ of: { numerator: '-12.20', denominator: 3 }, uniquesLimit: 90 });
  });

  it('has no total when its distinct actors are asked over more buckets than the lookback', () => {
    expect(answerOf({ metrics: [ratio(amount, people, 2)], ...days })).toMatchObject({ total: null, of: { denominator: null }, uniquesLimit: 2 });
  });

  it('of slices lists every value that either measure shows, by the denominator', () => {
    const sliced = { metrics: [ratio(amount, seen)], ...days, slice: dimension('plan') };
    expect(valuesOf(answerOf(sliced))).toEqual([
      ['pro', -12.4 / 3],
      ['free', 0.2],
    ]);
    expect(valuesOf(answerOf({ ...sliced, limit: 0 }))).toEqual([['$rest', -12.2 / 4]]);
  });
});

describe('formula', () => {
  const actives = activity({ id: 'actives', slices: [['plan']], rolling: [2] });
  const revenue = kpi({ id: 'revenue', unit: 'hour', measure: amount, slices: [['plan']] });
  const payers = kpi({ id: 'payers', measure: { measure: 'uniques', of: select('Paid') }, slices: [['plan']] });

  it('takes other metrics’ figures over its own bucket or range, and shows them', () => {
    expect(answerOf({ metrics: [actives, formula('m / all', { m: 'actives.rolling.2', all: 'actives.ever' })], ...days })).toEqual({
      buckets: [
        { bucket: '2026-11-01', value: 1, count: null, complete: false, of: { m: 2, all: 2 } },
        { bucket: '2026-11-02', value: 1, count: null, complete: false, of: { m: 3, all: 3 } },
        { bucket: '2026-11-03', value: 1, count: null, complete: false, of: { m: 3, all: 3 } },
      ],
      total: 1,
      of: { m: 8, all: 8 },
    });
  });

  it('adds up the smaller buckets of what it names: hours into days', () => {
    expect(valuesOf(answerOf({ metrics: [revenue, payers, formula('r / p', { r: 'revenue', p: 'payers' })], ...days }))).toEqual([
      0.15,
      -12.5,
      null,
      -12.2 / 2,
    ]);
  });

  it('counts people of a week once by the total, and once a day by the value', () => {
    const week = { unit: 'week' } as const;
    const asked = { events, from: '2026-10-26', to: '2026-11-02' };
    const both = { t: 'payers.total', v: 'payers.value', plain: 'payers' };
    const sunday = kpi({ ...payers, weekStart: 'sunday' });
    expect(answerOf({ metrics: [payers, formula('t + v + plain', both, week)], ...asked })).toMatchObject({ of: { t: 2, v: 3, plain: 2 } });
    expect(
      answerOf({ metrics: [sunday, formula('t', both, { ...week, weekStart: 'sunday' })], events, from: '2026-11-01', to: '2026-11-01' }),
    ).toMatchObject({
      of: { t: 2, v: 3, plain: 2 },
    });
  });

  it('makes rates of sums: a stickiness over the range is no mean of the days’', () => {
    const days2 = answerOf({ metrics: [actives, formula('s', { s: 'actives.stickiness.2' })], ...days });
    expect(valuesOf(days2)).toEqual([1, 1, 1 / 3, 6 / 8]);
  });

  it('names ratios and formulas, which are made of sums again', () => {
    const share = kpi({ ...ratio(seen, paid), id: 'share' });
    const half = formula('s / 2', { s: 'share' }, { id: 'half' });
    expect(valuesOf(answerOf({ metrics: [share, half, formula('h * 2', { h: 'half' })], ...days }))).toEqual([1 / 3, 2, null, 1]);
  });

  it('is null over 0 and of what is null', () => {
    const lookback = kpi({ ...payers, lookback: 1 });
    expect(valuesOf(answerOf({ metrics: [lookback, formula('1 / (p - p) + p', { p: 'payers' })], ...days })).at(-1)).toBeNull();
    expect(valuesOf(answerOf({ metrics: [lookback, formula('p', { p: 'payers' })], ...days }))).toEqual([2, 1, 0, null]);
  });

  it('of slices lists the values that some name shows, largest total first, null last; the rest is added up before it is divided', () => {
    const asked = { metrics: [revenue, payers, formula('r / p', { r: 'revenue', p: 'payers.value' })], ...days, slice: dimension('plan') };
    expect(valuesOf(answerOf(asked))).toEqual([
      ['free', 0.1],
      ['pro', -6.2],
    ]);
    expect(valuesOf(answerOf({ ...asked, limit: 1 }))).toEqual([
      ['free', 0.1],
      ['$rest', -6.2],
    ]);
    expect(valuesOf(answerOf({ ...asked, limit: 0 }))).toEqual([['$rest', -12.2 / 4]]);
    expect(valuesOf(answerOf({ ...asked, value: 'gold' }))).toEqual([['gold', null]]);
  });

  it('is complete when every figure in it is', () => {
    const early = kpi({ id: 'early', measure: { measure: 'count', of: select('Paid', isIn('plan', 'pro')) } });
    const later = event('ann', 'Seen', '2026-12-13T00:00');
    const answer = answerOf({ metrics: [early, formula('e', { e: 'early' })], ...days, events: [...events, later] });
    expect('buckets' in answer && answer.buckets.map(({ complete }) => complete)).toEqual([true, true, false]);
  });
});
