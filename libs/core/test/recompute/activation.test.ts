/** Worked examples of activation, one per rule; the incremental engine answers the same. */
import { describe, expect, test } from 'vitest';
import type { ActivationDefinition } from '../../src/definition.ts';
import { foldedAnswer } from '../metrics/folded.ts';
import { type Asked, activation, answerOf, dimension, event, isIn, select } from './examples.ts';

const HOUR_S = 3_600;
const DAY_MS = 86_400_000;
const november = { from: '2026-11-01', to: '2026-11-01' };
const once = (name: string) => ({ select: select(name), atLeast: 1 });

function answerFor(metric: ActivationDefinition, asked: Asked) {
  const answer = answerOf.activation(metric, asked);
  expect(foldedAnswer(metric, asked)).toEqual(answer);
  return answer;
}

/** Size, activated, and per condition those who met it, of each cohort in order. */
function cohortsOf(metric: ActivationDefinition, asked: Asked) {
  return answerFor(metric, asked).cohorts.map(({ cohort, value, size, activated, conditions }) => [
    value === null ? cohort : `${value} ${cohort}`,
    size,
    activated,
    conditions.map(({ met }) => met),
  ]);
}

/** The times of the first cohort, in hours. */
function hoursOf(metric: ActivationDefinition, asked: Asked) {
  const time = answerFor(metric, asked).cohorts[0]?.time;
  return { n: time?.n, mean: time?.mean == null ? null : time.mean / HOUR_S };
}

describe('entries', () => {
  const events = [
    event('ann', 'Start', '2026-11-01T08:00', { plan: 'free' }),
    event('ann', 'Start', '2026-11-01T10:00', { plan: 'pro' }),
    event('ann', 'Start', '2026-11-02T10:00', { plan: 'pro' }),
    event('ann', 'A', '2026-11-02T12:00'),
  ];
  const metric = activation({ conditions: [once('A')] });
  const days = { events, from: '2026-11-01', to: '2026-11-02' };

  test('every: an actor joins the cohort of each bucket with a start, and its time runs from the first start there', () => {
    expect(cohortsOf(metric, days)).toEqual([
      ['2026-11-01', 1, 1, [1]],
      ['2026-11-02', 1, 1, [1]],
    ]);
    expect(hoursOf(metric, { events, ...november })).toEqual({ n: 1, mean: 28 });
  });

  test('every: in slice v the time runs from the first start with v', () => {
    const asked = { events, ...november, slice: dimension('plan') };
    expect(hoursOf({ ...metric, slices: [['plan']] }, { ...asked, value: 'pro' })).toEqual({ n: 1, mean: 26 });
    expect(hoursOf({ ...metric, slices: [['plan']] }, { ...asked, value: 'free' })).toEqual({ n: 1, mean: 28 });
  });

  test('first_matching: one cohort, that of the earliest event that passes the start selector', () => {
    const first = activation({ ...metric, entry: 'first_matching', start: select('Start', isIn('plan', 'pro')) });
    expect(cohortsOf(first, days)).toEqual([
      ['2026-11-01', 1, 1, [1]],
      ['2026-11-02', 0, 0, [0]],
    ]);
    expect(hoursOf(first, { events, ...november })).toEqual({ n: 1, mean: 26 });
  });

  test('first_ever: no cohort when the earliest event of the name fails the where', () => {
    const first = activation({ ...metric, entry: 'first_ever', start: select('Start', isIn('plan', 'pro')) });
    expect(cohortsOf(first, days)).toEqual([
      ['2026-11-01', 0, 0, [0]],
      ['2026-11-02', 0, 0, [0]],
    ]);
  });

  test('in slices of first_*: the value at the entry event, the smaller hash among events of one instant', () => {
    const tied = [
      event('ann', 'Start', '2026-11-01', { plan: 'pro' }, { tieHash: 900n }),
      event('ann', 'Start', '2026-11-01', { plan: 'free' }, { tieHash: 800n }),
    ];
    const first = activation({ ...metric, entry: 'first_matching', slices: [['plan']] });
    expect(cohortsOf(first, { events: tied, ...november, slice: dimension('plan') })).toEqual([['free 2026-11-01', 1, 0, [0]]]);
  });

  test('in slices the conditions are met by any events of the actor, whatever value they show', () => {
    const other = [...events.slice(0, 1), event('ann', 'A', '2026-11-01T09:00', { plan: 'pro' })];
    expect(cohortsOf({ ...metric, slices: [['plan']] }, { events: other, ...november, slice: dimension('plan') })).toEqual([
      ['free 2026-11-01', 1, 1, [1]],
    ]);
  });
});

describe('the rule', () => {
  const start = event('ann', 'Start', '2026-11-01T00:00');
  const one = (...events: ReturnType<typeof event>[]) => ({ events: [start, ...events], ...november });

  test('all: every condition has to hold, in any order', () => {
    expect(cohortsOf(activation(), one(event('ann', 'B', '2026-11-01T01:00')))).toEqual([['2026-11-01', 1, 0, [0, 1]]]);
    const both = one(event('ann', 'B', '2026-11-01T01:00'), event('ann', 'A', '2026-11-01T05:00'));
    expect(cohortsOf(activation(), both)).toEqual([['2026-11-01', 1, 1, [1, 1]]]);
    expect(hoursOf(activation(), both)).toEqual({ n: 1, mean: 5 });
  });

  test('any: one condition is enough, and the others are still judged on the whole window', () => {
    const asked = one(event('ann', 'B', '2026-11-01T01:00'), event('ann', 'A', '2026-11-02T05:00'));
    expect(cohortsOf(activation({ required: 1 }), asked)).toEqual([['2026-11-01', 1, 1, [1, 1]]]);
    expect(hoursOf(activation({ required: 1 }), asked)).toEqual({ n: 1, mean: 1 });
  });

  test('some: as many as it asks for', () => {
    const metric = activation({ conditions: [once('A'), once('B'), once('C')], required: 2 });
    const asked = one(event('ann', 'C', '2026-11-01T03:00'), event('ann', 'A', '2026-11-01T04:00'), event('ann', 'B', '2026-11-01T09:00'));
    expect(hoursOf(metric, asked)).toEqual({ n: 1, mean: 4 });
    expect(cohortsOf(metric, one(event('ann', 'C', '2026-11-01T03:00')))).toEqual([['2026-11-01', 1, 0, [0, 0, 1]]]);
  });

  test('atLeast: a condition holds from its n-th event on', () => {
    const metric = activation({ conditions: [{ select: select('A'), atLeast: 2 }] });
    expect(cohortsOf(metric, one(event('ann', 'A', '2026-11-01T03:00')))).toEqual([['2026-11-01', 1, 0, [0]]]);
    const twice = one(event('ann', 'A', '2026-11-01T03:00'), event('ann', 'A', '2026-11-01T07:00'), event('ann', 'A', '2026-11-01T09:00'));
    expect(hoursOf(metric, twice)).toEqual({ n: 1, mean: 7 });
  });

  test('one event may serve several conditions', () => {
    const metric = activation({ conditions: [once('A'), { select: select(['A', 'B']), atLeast: 1 }] });
    expect(cohortsOf(metric, one(event('ann', 'A', '2026-11-01T03:00')))).toEqual([['2026-11-01', 1, 1, [1, 1]]]);
  });

  test('the start event serves conditions too: the time is zero', () => {
    const metric = activation({ conditions: [once('Start')] });
    const answer = answerFor(metric, one());
    expect(answer.cohorts[0]?.time).toEqual({ n: 1, mean: 0, p50: 0, p90: 0, histogram: [{ from: 0, to: 0, n: 1 }] });
  });

  test('events at the instant of the entry count, however their ids sort; what is before it does not', () => {
    const metric = activation({ conditions: [once('A')] });
    const tied = event('ann', 'A', '2026-11-01T00:00', {}, { tieHash: 0n });
    expect(cohortsOf(metric, one(tied))).toEqual([['2026-11-01', 1, 1, [1]]]);
    expect(cohortsOf(metric, one(event('ann', 'A', '2026-10-31T23:59')))).toEqual([['2026-11-01', 1, 0, [0]]]);
  });

  test('the window includes its end', () => {
    const metric = activation({ conditions: [once('A')], withinMs: 2 * DAY_MS });
    expect(cohortsOf(metric, one(event('ann', 'A', '2026-11-03T00:00')))).toEqual([['2026-11-01', 1, 1, [1]]]);
    expect(cohortsOf(metric, one(event('ann', 'A', '2026-11-03T00:00:00.001')))).toEqual([['2026-11-01', 1, 0, [0]]]);
  });

  test('within ever: no end', () => {
    const metric = activation({ conditions: [{ select: select('A'), atLeast: 2 }], withinMs: null, entry: 'first_matching' });
    const asked = one(event('ann', 'A', '2026-11-05'), event('ann', 'A', '2029-11-05'), event('ann', 'A', '2029-11-06'));
    expect(cohortsOf(metric, asked)).toEqual([['2026-11-01', 1, 1, [1]]]);
  });
});

describe('figures', () => {
  const actors = [1, 2, 3, 4].map((hour) => [event(`p${hour}`, 'Start', '2026-11-01'), event(`p${hour}`, 'A', `2026-11-01T0${hour}:00`)]);
  const events = [...actors.flat(), event('p5', 'Start', '2026-11-01')];
  const metric = activation({ conditions: [once('A')], withinMs: DAY_MS });

  test('time to activate: mean exact, quantiles interpolated between ranks and within 1 %, over the activated', () => {
    const time = answerFor(metric, { events, ...november }).cohorts[0]?.time;
    expect(time).toMatchObject({ n: 4, mean: 2.5 * HOUR_S });
    expect(Math.abs((time?.p50 ?? 0) / (2.5 * HOUR_S) - 1)).toBeLessThan(0.01);
    expect(Math.abs((time?.p90 ?? 0) / (3.7 * HOUR_S) - 1)).toBeLessThan(0.01);
    expect(time?.histogram.map(({ n }) => n)).toEqual([1, 1, 1, 1]);
  });

  test('rate with its Wilson interval; null over nobody', () => {
    const [first] = answerFor(metric, { events, ...november }).cohorts;
    expect(first).toMatchObject({ size: 5, activated: 4, rate: 0.8 });
    expect([first?.low?.toFixed(3), first?.high?.toFixed(3)]).toEqual(['0.376', '0.964']);
    const [empty] = answerFor(metric, { events, from: '2026-11-02', to: '2026-11-02' }).cohorts;
    expect(empty).toMatchObject({ size: 0, rate: null, low: null, high: null, time: { n: 0, mean: null, p50: null, p90: null, histogram: [] } });
  });

  test('activatedBy k: those activated in less than k + 1 units of 24 h, 7 d, 30 d or 1 h, by age and not by calendar', () => {
    const aged = [
      event('ann', 'Start', '2026-11-01T20:00'),
      event('ann', 'A', '2026-11-02T19:59'),
      event('bob', 'Start', '2026-11-01T20:00'),
      event('bob', 'A', '2026-11-02T20:00'),
    ];
    const by = (options: Partial<ActivationDefinition>) =>
      answerFor(activation({ ...metric, withinMs: 60 * DAY_MS, columns: 1, ...options }), {
        events: aged,
        from: options.unit === 'month' ? '2026-11-01' : '2026-11-01',
        to: '2026-11-01',
      }).cohorts[0]?.activatedBy?.map(({ activated }) => activated);
    expect(by({ unit: 'day' })).toEqual([1, 2]);
    expect(by({ unit: 'month' })).toEqual([2, 2]);
  });

  test('activatedBy of months counts 30 days, not the calendar', () => {
    const aged = [
      event('ann', 'Start', '2026-01-31'),
      event('ann', 'A', '2026-03-01'),
      event('bob', 'Start', '2026-01-31'),
      event('bob', 'A', '2026-03-02'),
    ];
    const monthly = activation({ conditions: [once('A')], withinMs: 60 * DAY_MS, unit: 'month', columns: 1 });
    const answer = answerFor(monthly, { events: aged, from: '2026-01-01', to: '2026-01-01' });
    expect(answer.cohorts[0]?.activatedBy?.map(({ activated }) => activated)).toEqual([1, 2]);
  });

  test('the cumulative cohort table: ever bought twice, by age', () => {
    const paid = ['2026-11-01', '2026-11-01T12:00', '2026-11-04'].map((time) => event('ann', 'Paid', time));
    const late = ['2026-11-01', '2026-11-04'].map((time) => event('bob', 'Paid', time));
    const table = activation({
      start: select('Paid'),
      entry: 'first_matching',
      conditions: [{ select: select('Paid'), atLeast: 2 }],
      withinMs: null,
      columns: 3,
    });
    const answer = answerFor(table, { events: [...paid, ...late], ...november });
    expect(answer.cohorts[0]?.activatedBy?.map(({ activated }) => activated)).toEqual([1, 1, 1, 2]);
  });
});

describe('finality', () => {
  const events = [event('ann', 'Start', '2026-11-01'), event('ann', 'A', '2026-11-01T05:00'), event('bob', 'Start', '2026-11-02')];
  const metric = activation({ conditions: [once('A')], withinMs: 2 * DAY_MS, columns: 3 });
  const range = { events, from: '2026-11-01', to: '2026-11-02', latenessMs: DAY_MS };

  test('a cohort is complete when its bucket, the window and the lateness are over', () => {
    const at = (watermark: string) => answerFor(metric, { ...range, watermark }).cohorts.map(({ complete }) => complete);
    expect(at('2026-11-04T23:59')).toEqual([false, false]);
    expect(at('2026-11-05')).toEqual([true, false]);
    expect(at('2026-11-06')).toEqual([true, true]);
  });

  test('activatedBy k is complete when its bucket, k + 1 units and the lateness are over, or the whole window', () => {
    const at = (watermark: string) => answerFor(metric, { ...range, watermark }).cohorts[0]?.activatedBy?.map(({ complete }) => complete);
    expect(at('2026-11-03T23:59')).toEqual([false, false, false, false]);
    expect(at('2026-11-04')).toEqual([true, false, false, false]);
    expect(at('2026-11-05')).toEqual([true, true, true, true]);
  });

  test('within ever: a cohort is never complete, its activatedBy are', () => {
    const ever = activation({ ...metric, withinMs: null, entry: 'first_matching' });
    const answer = answerFor(ever, { ...range, watermark: '2026-11-05' });
    expect(answer.cohorts.map(({ complete }) => complete)).toEqual([false, false]);
    expect(answer.cohorts[0]?.activatedBy?.map(({ complete }) => complete)).toEqual([true, true, false, false]);
    const [pooled] = answer.overall;
    expect(pooled).toMatchObject({ value: null, activated: 0, of: 0, rate: null, low: null, high: null, cohorts: 0 });
    expect(pooled?.activatedBy?.map(({ activated, of, cohorts }) => [activated, of, cohorts])).toEqual([
      [1, 2, 2],
      [1, 1, 1],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test('overall is pooled over the complete cohorts', () => {
    expect(answerFor(metric, { ...range, watermark: '2026-11-05' }).overall).toMatchObject([{ activated: 1, of: 1, rate: 1, cohorts: 1 }]);
    expect(answerFor(metric, { ...range, watermark: '2026-11-06' }).overall).toMatchObject([{ activated: 1, of: 2, rate: 0.5, cohorts: 2 }]);
  });
});

describe('slices', () => {
  test('all values, largest first, the rest folded with its times', () => {
    const events = ['x', 'x', 'y', 'z'].flatMap((plan, index) => [
      event(`p${index}`, 'Start', '2026-11-01', { plan }),
      event(`p${index}`, 'A', '2026-11-01T01:00'),
    ]);
    const metric = activation({ conditions: [once('A')], slices: [['plan']] });
    const answer = answerFor(metric, { events, ...november, slice: dimension('plan'), limit: 1 });
    expect(answer.cohorts.map(({ value, size, time }) => [value, size, time.n])).toEqual([
      ['x', 2, 2],
      ['$rest', 2, 2],
    ]);
    expect(answer.overall.map(({ value, of }) => [value, of])).toEqual([
      ['x', 2],
      ['$rest', 2],
    ]);
  });
});
