/** Worked examples of values: what an amount adds, what a slice value is, and which values a dimension keeps; the engine and the oracle say the same. */
import { describe, expect, test } from 'vitest';
import type { Dimension, Measure, MetricSet } from '../../src/definition.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from '../fold/engine.ts';
import { type Asked, activity, dimension, event, funnel, kpi, questionOf, select } from '../recompute/examples.ts';
import { answerOf } from './both.ts';

const november = { from: '2026-11-01', to: '2026-11-01' };

describe('amounts', () => {
  const summed = (decimals: number, ...amounts: unknown[]) => {
    const measure: Measure = { measure: 'sum', of: select('Paid'), path: ['properties', 'amount'], decimals };
    const events = amounts.map((amount) => event('ann', 'Paid', '2026-11-01', { amount }));
    const { total, buckets } = answerOf.kpi(kpi({ measure }), { events, ...november });
    return [total, buckets[0]?.count];
  };

  test('are read by their shortest decimal text, not by the double behind it', () => {
    expect(summed(2, 1.005)).toEqual(['1.01', 1]);
    expect(summed(7, 1.5e-7)).toEqual(['0.0000002', 1]);
    expect(summed(0, 1e15)).toEqual(['1000000000000000', 1]);
  });

  test('are rounded half away from zero, each by itself, before they are added', () => {
    expect(summed(2, 0.005, 0.005)).toEqual(['0.02', 2]);
    expect(summed(2, -0.005)).toEqual(['-0.01', 1]);
    expect(summed(0, 2.5, -0.5)).toEqual(['2', 2]);
    expect(summed(2, 0.0049, -0.0049)).toEqual(['0.00', 2]);
  });

  test('of anything but a number are 0, strings included; the event is counted', () => {
    expect(summed(2, '7', true, null, undefined, {}, [5], 1)).toEqual(['1.00', 7]);
  });
});

describe('slice values', () => {
  const plan = dimension('plan');
  /** [value, count], by count and then by code units. */
  const countsOf = (events: Asked['events'], slice: Dimension = plan) =>
    answerOf.kpiSlices(kpi(), { events, ...november, slice }).map(({ value, total }) => [value, total]);
  const shown = (...plans: unknown[]) => plans.map((each) => event('ann', 'Paid', '2026-11-01', { plan: each }));

  test('are strings as they are, numbers and booleans by their JSON text; absent, null and composite are empty', () => {
    expect(countsOf(shown(' Pro ', 1.5, 0, false, true, 1e21, null, undefined, {}, []))).toEqual([
      ['', 4],
      [' Pro ', 1],
      ['0', 1],
      ['1.5', 1],
      ['1e+21', 1],
      ['false', 1],
      ['true', 1],
    ]);
  });

  test('of a closed list are exact, and anything else is $other', () => {
    expect(countsOf(shown('pro', 'Pro', 5, '5', undefined), dimension('plan', ['pro', '5']))).toEqual([
      ['$other', 2],
      ['5', 2],
      ['pro', 1],
    ]);
  });

  test('within a value only the events that show it are looked at', () => {
    const events = [
      event('ann', 'A', '2026-11-01T10:00', { plan: 'pro' }),
      event('ann', 'B', '2026-11-01T10:10', { plan: 'free' }),
      event('bob', 'B', '2026-11-01T10:10', { plan: 'free' }),
    ];
    const people = answerOf.activitySlices(activity(), { events, ...november, slice: plan });
    expect(people.map(({ value, uniques }) => [value, uniques])).toEqual([
      ['free', 2],
      ['pro', 1],
    ]);
    // An attempt shows the value of its opening event.
    const { slices } = answerOf.funnel(funnel({ steps: [select('A'), select('B')] }), { events, ...november, slice: plan });
    expect(slices?.map(({ value, steps }) => [value, steps?.map(({ entries }) => entries)])).toEqual([['pro', [1, 1]]]);
  });

  test('an actor counts once under each of its values, so that slices add up to more than the total', () => {
    const events = shown('pro', 'free', 'pro');
    expect(answerOf.activity(activity(), { events, ...november }).uniques).toBe(1);
    const slices = answerOf.activitySlices(activity(), { events, ...november, slice: plan });
    expect(slices.map(({ value, uniques }) => [value, uniques])).toEqual([
      ['free', 1],
      ['pro', 1],
    ]);
  });

  test('0 and false are values to an attribution, the empty text is none', () => {
    const events = [
      event('ann', 'A', '2026-11-01T10:00', { plan: '' }),
      event('ann', 'B', '2026-11-01T10:10', { plan: false }),
      event('ann', 'C', '2026-11-01T10:20', { plan: 0 }),
    ];
    const valuesBy = (attribution: 'first' | 'last') =>
      answerOf.funnel(funnel({ attribution }), { events, ...november, slice: plan }).slices?.map(({ value }) => value);
    expect([valuesBy('first'), valuesBy('last')]).toEqual([['false'], ['0']]);
  });
});

describe('an open dimension', () => {
  test('keeps the first max values of each partition, in the order of the log; later ones are $other, and overflow is set', () => {
    const plan: Dimension = { ...dimension('plan'), max: 2 };
    const metric = kpi({ slices: [['plan']] });
    const { set: plain, request } = questionOf(metric, { events: [], ...november, slice: plan });
    const set: MetricSet = { ...plain, metrics: [metric] };
    const engine = new Engine(set, DEFAULT_SETTINGS, 2);
    const send = (actorNumber: number, value: string): void => {
      const one = event(String(actorNumber), 'Paid', '2026-11-01', { plan: value });
      engine.send({ ...one, actorNumber, recordMs: one.timeMs });
    };
    for (const value of ['a', 'b', 'c', 'a', 'd']) send(0, value);
    for (const value of ['c', 'a']) send(1, value);
    const answer = engine.answer(metric, request);
    expect('slices' in answer && answer.slices?.map((slice) => [slice.value, 'total' in slice && slice.total])).toEqual([
      ['a', 3],
      ['$other', 2],
      ['b', 1],
      ['c', 1],
    ]);
    expect(engine.folds.map(({ state }) => state.dictionaries[0]?.overflow)).toEqual([true, false]);
  });
});
