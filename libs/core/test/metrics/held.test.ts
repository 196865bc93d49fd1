/** Worked examples of values that actors hold (hold: first), of every kind: what the engine answers, the oracle does too. */
import { describe, expect, test } from 'vitest';
import type { Answer, AnswerRequest } from '../../src/answer.ts';
import type { Clause, Dimension, MetricDefinition, MetricSet } from '../../src/definition.ts';
import { recompute } from '../../src/recompute/recompute.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from '../fold/engine.ts';
import { activation, activity, dimension, event, funnel, kpi, questionOf, retention, select } from '../recompute/examples.ts';
import { answerOf } from './both.ts';

const CAME: Dimension = { ...dimension('came'), hold: 'first' };
const LISTED: Dimension = { ...dimension('came', ['ads', 'promo']), hold: 'first' };
const at = (day: number, hour = 10) => `2026-11-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00`;
const on = (from: number, to = from) => ({ from: at(from).slice(0, 10), to: at(to).slice(0, 10), slice: CAME });

describe('a value that actors hold', () => {
  const counted = (events: Parameters<typeof questionOf>[1]['events'], days = on(1, 3), slice = CAME) =>
    answerOf
      .kpiSlices(kpi({ measure: { measure: 'count', of: select('Paid') } }), { events, ...days, slice })
      .map(({ value, total }) => [value, total]);

  test('is the earliest that is not empty, and holds for all events of the actor, those that show another or none too', () => {
    const events = [
      event('ann', 'Came', at(1, 9), { came: 'ads' }),
      event('ann', 'Paid', at(1)),
      event('ann', 'Paid', at(2), { came: 'promo' }),
      event('ann', 'Paid', at(3), { came: '' }),
      event('bob', 'Paid', at(3), { came: 'promo' }),
    ];
    expect(counted(events)).toEqual([
      ['ads', 3],
      ['promo', 1],
    ]);
  });

  test('is shown by events of any name and type, whether or not a metric counts them', () => {
    const events = [event('ann', '$identify', at(1, 9), { came: 'ads' }), event('ann', 'Paid', at(1)), event('bob', 'Paid', at(1))];
    expect(counted(events)).toEqual([
      ['', 1],
      ['ads', 1],
    ]);
  });

  test('holds for what came before it in the same row, and not for rows that end before it', () => {
    const events = [
      event('ann', 'Paid', at(1)),
      event('ann', 'Paid', at(2, 9)),
      event('ann', 'Came', at(2), { came: 'ads' }),
      event('ann', 'Paid', at(3)),
    ];
    expect(counted(events)).toEqual([
      ['ads', 2],
      ['', 1],
    ]);
  });

  test('of a row’s very end comes too late for it', () => {
    const paid = event('ann', 'Paid', at(1));
    expect(counted([paid, event('ann', 'Came', '2026-11-02T00:00', { came: 'ads' })])).toEqual([['', 1]]);
    expect(counted([paid, event('ann', 'Came', '2026-11-01T23:59', { came: 'ads' })])).toEqual([['ads', 1]]);
  });

  test('at equal instants is that of the smaller hash of the messageId', () => {
    const shown = (came: string, tieHash: bigint) => event('ann', 'Came', at(1, 9), { came }, { tieHash });
    expect(counted([shown('promo', 7n), shown('ads', 5n), event('ann', 'Paid', at(1))])).toEqual([['ads', 1]]);
  });

  test('of a closed list is exact: an unlisted one is $other and holds, and so is none at all', () => {
    const events = [
      event('ann', 'Paid', at(1), { came: 'friend' }),
      event('ann', 'Paid', at(2), { came: 'ads' }),
      event('bob', 'Paid', at(2)),
      event('eve', 'Paid', at(2), { came: 'ads' }),
    ];
    expect(counted(events, on(1, 3), LISTED)).toEqual([
      ['$other', 3],
      ['ads', 1],
    ]);
  });

  test('moves sums of money with it, beyond 2^53 and below zero', () => {
    const measure = { measure: 'sum', of: select('Paid'), path: ['properties', 'amount'], decimals: 2 } as const;
    const events = [
      event('ann', 'Paid', at(1, 9), { amount: 90071992547409.94 }),
      event('ann', 'Paid', at(1, 8), { amount: -0.5 }),
      event('bob', 'Paid', at(1, 8), { amount: -3 }),
      event('ann', 'Came', at(1), { came: 'ads' }),
      event('ann', 'Came', at(1, 7), { came: 'promo' }),
    ];
    const slices = answerOf.kpiSlices(kpi({ measure }), { events, ...on(1) });
    expect(slices.map(({ value, total }) => [value, total])).toEqual([
      ['promo', '90071992547409.44'],
      ['', '-3.00'],
    ]);
  });

  test('of an event that fails the filter of the set is not seen, and clauses are about the event’s own property', () => {
    const clause: Clause = { path: ['properties', 'came'], condition: { test: 'in', values: ['promo'] } };
    const of = { name: 'Paid', anyOf: [{ event: 'Paid', where: [clause] }] };
    const events = [event('ann', 'Paid', at(1), { came: 'ads' }), event('ann', 'Paid', at(1, 11), { came: 'promo' })];
    const filtered = answerOf.kpiSlices(kpi({ measure: { measure: 'count', of: select('Paid') } }), { events, ...on(1), filter: [clause] });
    expect(filtered.map(({ value, total }) => [value, total])).toEqual([['promo', 1]]);
    const own = answerOf.kpiSlices(kpi({ measure: { measure: 'count', of } }), { events, ...on(1) });
    expect(own.map(({ value, total }) => [value, total])).toEqual([['ads', 1]]);
  });
});

describe('of each kind', () => {
  const ann = [
    event('ann', 'Start', at(1)),
    event('ann', 'Return', at(2)),
    event('ann', 'Came', at(3), { came: 'ads' }),
    event('ann', 'Return', at(4)),
  ];

  test('retention: a cohort has the values that are known when its last column ends', () => {
    const of = (columns: number[]) => answerOf.retention(retention({ columns }), { events: ann, ...on(1) });
    expect(of([1]).cohorts).toMatchObject([{ value: '', size: 1, cells: [{ retained: 1 }] }]);
    expect(of([1, 2, 3]).cohorts).toMatchObject([{ value: 'ads', size: 1, cells: [{ retained: 1 }, { retained: 0 }, { retained: 1 }] }]);
  });

  test('retention: sliceReturn same asks nothing of a return, for the actor has one value', () => {
    const answer = answerOf.retention(retention({ columns: [1, 2, 3], sliceReturn: 'same' }), { events: ann, ...on(1) });
    expect(answer.cohorts).toMatchObject([{ value: 'ads', cells: [{ retained: 1 }, { retained: 0 }, { retained: 1 }] }]);
  });

  test('funnel: a bucket has the values that are known when its window ends; people are distinct over any range, without sliceRanges', () => {
    const events = [...ann, event('ann', 'Start', at(4, 11)), event('ann', 'Return', at(5))];
    const metric = funnel({ steps: [select('Start'), select('Return')], windowMs: 3 * 86_400_000, sliceRanges: false });
    const { slices } = answerOf.funnel(metric, { events, ...on(1, 4) });
    expect(slices?.map(({ value, steps }) => [value, steps?.map(({ uniques, entries }) => [uniques, entries])])).toEqual([
      [
        'ads',
        [
          [1, 2],
          [1, 2],
        ],
      ],
    ]);
  });

  test('activation: within ever the value may come at any time, with the time it took', () => {
    const metric = activation({ entry: 'first_matching', withinMs: null, conditions: [{ select: select('Return'), atLeast: 1 }] });
    const { cohorts } = answerOf.activation(metric, { events: ann, ...on(1) });
    expect(cohorts).toMatchObject([{ value: 'ads', size: 1, activated: 1, time: { n: 1, mean: 86_400 } }]);
  });

  test('activity: who is known from a later bucket on leaves none for the value, and is new only once', () => {
    const events = [1, 2, 3].map((day) => event('ann', 'Seen', at(day), day < 2 ? {} : { came: 'ads' }));
    const slices = answerOf.activitySlices(activity({ churnAfter: 1, rolling: [2] }), { events, ...on(1, 3) });
    const figures = slices.map(({ value, uniques, buckets }) => [
      value,
      uniques,
      buckets.map((each) => [each.active, each.new, each.returning, each.resurrecting, each.dormant, each.churned, each.ever]),
    ]);
    expect(figures).toEqual([
      [
        'ads',
        1,
        [
          [0, 0, 0, 0, 0, 0, 0],
          [1, 0, 0, 1, 0, 0, 0],
          [1, 0, 1, 0, 0, 0, 0],
        ],
      ],
      [
        '',
        1,
        [
          [1, 1, 0, 0, 0, 0, 1],
          [0, 0, 0, 0, 1, 1, 1],
          [0, 0, 0, 0, 0, 0, 1],
        ],
      ],
    ]);
  });

  test('a slice on several held dimensions has a value of each, whenever it came', () => {
    const device: Dimension = { ...dimension('device'), hold: 'first' };
    const metric: MetricDefinition = { ...kpi({ measure: { measure: 'count', of: select('Paid') } }), slices: [['came', 'device']] };
    const events = [
      event('ann', 'Paid', at(1), { device: 'ios' }),
      event('ann', 'Paid', at(2), { came: 'ads', device: 'web' }),
      event('ann', 'Paid', at(3)),
    ];
    const { set: plain, request: total, clock } = questionOf(metric, { events, from: at(1).slice(0, 10), to: at(3).slice(0, 10) });
    const set: MetricSet = { ...plain, dimensions: [CAME, device], metrics: [metric] };
    const request: AnswerRequest = { ...total, slice: 'came,device' };
    const engine = new Engine(set, { ...DEFAULT_SETTINGS, latenessMs: clock.latenessMs });
    for (const each of events) engine.send({ ...each, actorNumber: 0, recordMs: each.timeMs });
    for (const { state } of engine.folds) state.clockMs = clock.watermarkMs;
    const answer: Answer = engine.answer(metric, request);
    expect(answer).toEqual(recompute(set, metric, events, request, clock));
    expect(answer).toMatchObject({
      slices: [
        { value: ['ads', 'ios'], total: 2 },
        { value: ['', 'ios'], total: 1 },
      ],
    });
  });
});

test('what actors have added is forgotten when its rows are closed, or when their value cannot change any more', () => {
  const HOUR_MS = 3_600_000;
  const metric: MetricDefinition = { ...kpi({ unit: 'hour', measure: { measure: 'count', of: select('Paid') } }), slices: [['came']] };
  const { set: plain } = questionOf(kpi(), { events: [], from: '2026-11-01', to: '2026-11-01' });
  const engine = new Engine({ ...plain, dimensions: [CAME], metrics: [metric] }, { ...DEFAULT_SETTINGS, latenessMs: 2 * HOUR_MS });
  const [held] = engine.folds.map(({ state }) => state.held);
  const first = event('0', 'Paid', at(1)).timeMs;
  let most = 0;
  for (let index = 0; index < 20_000; index++) {
    const timeMs = first + index * 60_000;
    // Every other actor never shows a value.
    const one = event(String(index % 50), 'Paid', at(1), index % 2 === 0 ? { came: 'ads' } : {});
    engine.send({ ...one, timeMs, recordMs: timeMs, actorNumber: index % 50 });
    most = Math.max(most, held?.ledger.size ?? 0);
  }
  expect(most).toBeLessThanOrEqual(1024);
  let live = 0;
  for (let entry = 0; entry < (held?.ledger.size ?? 0); entry++) if (held?.isLive(entry)) live++;
  // 25 actors without a value, in the hour at hand and those of the lateness.
  expect(live).toBeGreaterThan(25);
  expect(live).toBeLessThanOrEqual(25 * 4);
});
