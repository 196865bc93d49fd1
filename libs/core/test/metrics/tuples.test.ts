/** Worked examples of slices on several dimensions at once, of every kind: what the engine answers, the oracle does too. */
import { describe, expect, test } from 'vitest';
import type { Answer, AnswerRequest } from '../../src/answer.ts';
import type { Dimension, MetricDefinition, MetricSet } from '../../src/definition.ts';
import { recompute } from '../../src/recompute/recompute.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from '../fold/engine.ts';
import { activation, activity, dimension, event, funnel, kpi, questionOf, retention, select } from '../recompute/examples.ts';

const CHANNEL = dimension('channel');
const DEVICE = dimension('device', ['ios', 'web']);
const november = { from: '2026-11-01', to: '2026-11-02' };
const BOTH = ['channel', 'device'];

type Example = Parameters<typeof questionOf>[1] & { readonly slices?: readonly (readonly string[])[]; readonly dimensions?: readonly Dimension[] };

/** Of the first slice, by default that on both dimensions. */
function answered(metric: MetricDefinition, example: Example): Answer {
  const { slices = [BOTH], dimensions = [CHANNEL, DEVICE] } = example;
  const { set: plain, request: total, clock } = questionOf(metric, example);
  const sliced = { ...metric, slices };
  const set: MetricSet = { ...plain, dimensions, metrics: [sliced] };
  const request: AnswerRequest = {
    ...total,
    slice: slices[0]?.join(',') ?? '',
    ...(example.value === undefined ? {} : { value: example.value }),
  };
  const engine = new Engine(set, { ...DEFAULT_SETTINGS, latenessMs: clock.latenessMs });
  const actors = [...new Set(example.events.map(({ actor }) => actor))];
  for (const each of example.events.toSorted((a, b) => a.timeMs - b.timeMs))
    engine.send({ ...each, actorNumber: actors.indexOf(each.actor), recordMs: each.timeMs });
  for (const { state } of engine.folds) state.clockMs = clock.watermarkMs;
  const answer = engine.answer(sliced, request);
  expect(answer).toEqual(recompute(set, sliced, example.events, request, clock));
  return answer;
}

const at = (day: number, hour = 10) => `2026-11-0${day}T${hour}:00`;
const seen = (channel?: unknown, device?: unknown) => ({ channel, device });

describe('a slice on several dimensions', () => {
  const events = [
    event('ann', 'Start', at(1), seen('ads', 'ios')),
    event('ann', 'Return', at(2), seen('promo', 'web')),
    event('bob', 'Start', at(1), seen('ads', 'web')),
    event('eve', 'Start', at(1), seen('ads', 'ios')),
    event('eve', 'Start', at(1, 11), seen(undefined, 'fridge')),
  ];

  test('of retention: a cohort per combination that a start shows, values as arrays in the order of the slice', () => {
    const answer = answered(retention({ columns: [1] }), { events, ...november, to: '2026-11-01' });
    expect(answer).toMatchObject({
      cohorts: [
        { value: ['ads', 'ios'], size: 2, cells: [{ k: 1, retained: 1 }] },
        // The absent channel is '', which an open list has; the unlisted device is $other.
        { value: ['', '$other'], size: 1, cells: [{ k: 1, retained: 0 }] },
        { value: ['ads', 'web'], size: 1, cells: [{ k: 1, retained: 0 }] },
      ],
      overall: [{ value: ['ads', 'ios'], of: 2, retained: 1 }, { value: ['', '$other'] }, { value: ['ads', 'web'] }],
    });
  });

  test('of retention with sliceReturn same: a return counts when every value is that of the start', () => {
    const back = (channel: string, device: string) =>
      answered(retention({ columns: [1], sliceReturn: 'same' }), {
        ...november,
        events: [event('ann', 'Start', at(1), seen('ads', 'ios')), event('ann', 'Return', at(2), seen(channel, device))],
        value: '["ads","ios"]',
      });
    expect(back('ads', 'ios')).toMatchObject({ cohorts: [{ value: ['ads', 'ios'], size: 1, cells: [{ retained: 1 }] }, {}] });
    expect(back('ads', 'web')).toMatchObject({ cohorts: [{ value: ['ads', 'ios'], size: 1, cells: [{ retained: 0 }] }, {}] });
  });

  test('of activity: each (actor, combination) is an actor of its own', () => {
    const answer = answered(activity({ event: select('Start') }), { events, ...november, to: '2026-11-01' });
    expect(answer).toMatchObject({
      slices: [
        { value: ['ads', 'ios'], uniques: 2, buckets: [{ value: ['ads', 'ios'], active: 2, new: 2 }] },
        { value: ['', '$other'], uniques: 1, buckets: [{ value: ['', '$other'], active: 1, new: 1 }] },
        { value: ['ads', 'web'], uniques: 1, buckets: [{ value: ['ads', 'web'], active: 1, new: 1 }] },
      ],
    });
  });

  test('of activation: the entry is the first start with the combination', () => {
    const answer = answered(activation({ conditions: [{ select: select('Done'), atLeast: 1 }], required: 1, withinMs: 30 * 60_000 }), {
      ...november,
      to: '2026-11-01',
      events: [
        event('ann', 'Start', at(1, 10), seen('ads', 'ios')),
        event('ann', 'Start', at(1, 11), seen('ads', 'web')),
        event('ann', 'Done', '2026-11-01T11:10'),
      ],
    });
    expect(answer).toMatchObject({
      cohorts: [
        { value: ['ads', 'ios'], size: 1, activated: 0 },
        { value: ['ads', 'web'], size: 1, activated: 1 },
      ],
    });
  });

  test('of a kpi: the smallest are folded into one $rest, which is a text', () => {
    const paid = [
      event('ann', 'Paid', at(1), seen('ads', 'ios')),
      event('ann', 'Paid', at(1), seen('ads', 'ios')),
      event('ann', 'Paid', at(1), seen('ads', 'web')),
      event('bob', 'Paid', at(1), seen(7, 'web')),
    ];
    expect(answered(kpi(), { events: paid, ...november, limit: 1 })).toMatchObject({
      slices: [
        { value: ['ads', 'ios'], total: 2 },
        { value: '$rest', total: 2 },
      ],
    });
    expect(answered(kpi(), { events: paid, ...november, value: '["7","web"]' })).toMatchObject({ slices: [{ value: ['7', 'web'], total: 1 }] });
    expect(answered(kpi(), { events: paid, ...november, value: '["no","body"]' })).toMatchObject({ slices: [{ value: ['no', 'body'], total: 0 }] });
  });

  test('stands beside the slices on its members, and beside other tuples of them', () => {
    const paid = [event('ann', 'Paid', at(1), { channel: 'ads', device: 'ios', plan: 'pro' })];
    const dimensions = [CHANNEL, DEVICE, dimension('plan')];
    const slices = [['plan', 'channel', 'device'], ['channel'], BOTH, ['plan', 'device']];
    const valueBy = (first: number) =>
      answered(kpi(), { events: paid, ...november, dimensions, slices: [slices[first] ?? [], ...slices.filter((_, index) => index !== first)] });
    expect(valueBy(0)).toMatchObject({ slices: [{ value: ['pro', 'ads', 'ios'], total: 1 }] });
    expect(valueBy(1)).toMatchObject({ slices: [{ value: 'ads', total: 1 }] });
    expect(valueBy(2)).toMatchObject({ slices: [{ value: ['ads', 'ios'], total: 1 }] });
    expect(valueBy(3)).toMatchObject({ slices: [{ value: ['pro', 'ios'], total: 1 }] });
  });

  test('keeps hostile texts apart: quotes, commas and brackets join no two combinations', () => {
    const paid = [
      event('ann', 'Paid', at(1), { channel: 'a","b', plan: 'c' }),
      event('ann', 'Paid', at(1), { channel: 'a', plan: 'b","c' }),
      event('ann', 'Paid', at(1), { channel: '["a"]', plan: '\ud800' }),
    ];
    const answer = answered(kpi(), { events: paid, ...november, dimensions: [CHANNEL, dimension('plan')], slices: [['channel', 'plan']] });
    expect(answer).toMatchObject({
      slices: [
        { value: ['["a"]', '\ud800'], total: 1 },
        { value: ['a', 'b","c'], total: 1 },
        { value: ['a","b', 'c'], total: 1 },
      ],
    });
  });
});

describe('the slice of a funnel attempt on several dimensions', () => {
  const events = [
    event('ann', 'A', '2026-11-01T10:00', seen('', '')),
    event('ann', 'B', '2026-11-01T10:10', seen('', 'web')),
    event('ann', 'C', '2026-11-01T10:20', seen('ads', '')),
  ];
  const valueBy = (attribution: 'entry' | 'first' | 'last' | { step: number }, of = events) => {
    const answer = answered(funnel({ attribution }), { events: of, ...november });
    return 'slices' in answer ? answer.slices?.map(({ value }) => value) : null;
  };

  test('is that of one event: the opening one, or the first or last that shows a value in some dimension', () => {
    expect(valueBy('entry')).toEqual([['', '$other']]);
    expect(valueBy('first')).toEqual([['', 'web']]);
    expect(valueBy('last')).toEqual([['ads', '$other']]);
    expect(valueBy({ step: 2 })).toEqual([['', 'web']]);
  });

  test('is what no value counts as in each dimension when the step is not reached, or no step shows one', () => {
    expect(valueBy({ step: 3 }, events.slice(0, 2))).toEqual([['', '$other']]);
    expect(valueBy('first', events.slice(0, 1))).toEqual([['', '$other']]);
  });
});

test('a dimension that overflows says $other within the combination, and each combination of what it keeps has room', () => {
  const dimensions = [{ ...CHANNEL, max: 2 }, DEVICE];
  const metric = { ...kpi(), slices: [BOTH] };
  const { set: plain, request } = questionOf(metric, { events: [], ...november });
  const engine = new Engine({ ...plain, dimensions, metrics: [metric] }, DEFAULT_SETTINGS);
  for (const device of ['ios', 'web', 'fridge']) {
    for (const channel of ['a', 'b', 'c', 'd']) {
      const one = event('ann', 'Paid', at(1), seen(channel, device));
      engine.send({ ...one, actorNumber: 0, recordMs: one.timeMs });
    }
  }
  const answer = engine.answer(metric, { ...request, slice: 'channel,device' });
  const totals = 'slices' in answer ? answer.slices?.map((slice) => [slice.value, 'total' in slice && slice.total]) : null;
  expect(totals).toEqual([
    [['$other', '$other'], 2],
    [['$other', 'ios'], 2],
    [['$other', 'web'], 2],
    [['a', '$other'], 1],
    [['a', 'ios'], 1],
    [['a', 'web'], 1],
    [['b', '$other'], 1],
    [['b', 'ios'], 1],
    [['b', 'web'], 1],
  ]);
  expect(engine.folds[0]?.state.dictionaries.map(({ overflow }) => overflow)).toEqual([true, false, false]);
});
