/** Worked examples of retention, one per rule; the incremental engine answers the same. */
import { describe, expect, test } from 'vitest';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { answerOf } from '../metrics/both.ts';
import { type Asked, dimension, event, isIn, retention, select, where } from './examples.ts';

const november = { from: '2026-11-01', to: '2026-11-01' };

/** Sizes, retained and on-or-after of each cohort, in order. */
function cohortsOf(metric: ReturnType<typeof retention>, asked: Asked) {
  const answer = answerOf.retention(metric, asked);
  return answer.cohorts.map(({ cohort, value, size, cells }) => [
    value === null ? cohort : `${value} ${cohort}`,
    size,
    cells.map((cell) => cell.retained),
    cells.map((cell) => cell.onOrAfter),
  ]);
}

describe('cohorts', () => {
  const events = [
    event('ann', 'Start', '2026-11-01T08:00', { plan: 'free' }),
    event('ann', 'Start', '2026-11-01T09:00', { plan: 'pro' }),
    event('ann', 'Start', '2026-11-02', { plan: 'pro' }),
    event('ann', 'Return', '2026-11-03'),
    event('bob', 'Start', '2026-11-02', { plan: 'free' }),
  ];

  test('every: an actor joins the cohort of each bucket with a start, once', () => {
    expect(cohortsOf(retention(), { events, from: '2026-11-01', to: '2026-11-03' })).toEqual([
      ['2026-11-01', 1, [0, 1, 0], [1, 1, 0]],
      ['2026-11-02', 2, [1, 0, 0], [1, 0, 0]],
      ['2026-11-03', 0, [0, 0, 0], [0, 0, 0]],
    ]);
  });

  test('first_matching: the bucket of the earliest event that passes the start selector', () => {
    const metric = retention({ entry: 'first_matching', start: select('Start', isIn('plan', 'pro')), columns: [1] });
    const later = [...events, event('ann', 'Start', '2026-11-05', { plan: 'pro' })];
    expect(cohortsOf(metric, { events: later, from: '2026-11-01', to: '2026-11-05' })).toEqual([
      ['2026-11-01', 1, [0], [0]],
      ['2026-11-02', 0, [0], [0]],
      ['2026-11-03', 0, [0], [0]],
      ['2026-11-04', 0, [0], [0]],
      ['2026-11-05', 0, [0], [0]],
    ]);
  });

  test('first_matching looks over all history, before the range too', () => {
    expect(cohortsOf(retention({ entry: 'first_matching', columns: [1] }), { events, from: '2026-11-02', to: '2026-11-02' })).toEqual([
      ['2026-11-02', 1, [0], [0]], // bob; ann began on the first
    ]);
  });

  test('first_ever: no cohort when the earliest event of the name fails the where', () => {
    const metric = retention({ entry: 'first_ever', start: select('Start', isIn('plan', 'pro')), columns: [1] });
    expect(cohortsOf(metric, { events, from: '2026-11-01', to: '2026-11-02' })).toEqual([
      ['2026-11-01', 0, [0], [0]],
      ['2026-11-02', 0, [0], [0]],
    ]);
  });

  test('first_ever: of several names the earliest decides', () => {
    const start = { name: 'any start', anyOf: [{ event: 'Signed Up', where: [] }, ...select('Start', isIn('plan', 'pro')).anyOf] };
    const metric = retention({ entry: 'first_ever', start, columns: [1] });
    const timeline = [
      event('ann', 'Signed Up', '2026-11-01'),
      event('ann', 'Start', '2026-11-02', { plan: 'free' }),
      event('bob', 'Start', '2026-11-01', { plan: 'free' }),
      event('bob', 'Signed Up', '2026-11-02'),
    ];
    expect(cohortsOf(metric, { events: timeline, ...november })).toEqual([['2026-11-01', 1, [0], [0]]]);
  });

  test('first_ever: an event that fails the set’s filter is not seen', () => {
    const metric = retention({ entry: 'first_ever', start: select('Start', isIn('plan', 'pro')), columns: [1] });
    const timeline = [
      event('ann', 'Start', '2026-11-01T08:00', { plan: 'free' }),
      event('ann', 'Start', '2026-11-01T09:00', { plan: 'pro', app: 'cabinet' }),
    ];
    expect(cohortsOf(metric, { events: timeline, ...november, filter: [isIn('app', 'cabinet')] })).toEqual([['2026-11-01', 1, [0], [0]]]);
  });

  test('of starts at one instant the smaller hash is the first', () => {
    const metric = retention({ entry: 'first_ever', start: select('Start', isIn('plan', 'pro')), columns: [1] });
    const free = event('ann', 'Start', '2026-11-01', { plan: 'free' }, { tieHash: 0xffff_ffff_ffff_ffffn });
    const pro = event('ann', 'Start', '2026-11-01', { plan: 'pro' }, { tieHash: 0x7fff_ffff_ffff_ffffn });
    expect(cohortsOf(metric, { events: [free, pro], ...november })).toEqual([['2026-11-01', 1, [0], [0]]]);
  });

  test('a repeated messageId is ignored, the first in the given order counts', () => {
    const repeated = [
      event('ann', 'Start', '2026-11-01', {}, { id: 'same' }),
      event('bob', 'Start', '2026-11-01', {}, { id: 'same' }),
      event('ann', 'Return', '2026-11-02'),
    ];
    expect(cohortsOf(retention(), { events: repeated, ...november })).toEqual([['2026-11-01', 1, [1, 0, 0], [1, 0, 0]]]);
  });
});

describe('cells', () => {
  const one = (...returns: string[]): TimelineEvent[] => [
    event('ann', 'Start', '2026-11-01T12:00'),
    ...returns.map((time) => event('ann', 'Return', time)),
  ];

  test('size is the actors in the cohort, whatever the return selector is; a return in the cohort’s bucket is no column', () => {
    expect(cohortsOf(retention(), { events: one('2026-11-01T13:00'), ...november })).toEqual([['2026-11-01', 1, [0, 0, 0], [0, 0, 0]]]);
  });

  test('retained k is the actors with a return in bucket i + k, the last column included', () => {
    const returned = (time: string) => cohortsOf(retention(), { events: one(time), ...november })[0]?.[2];
    expect(['2026-11-02', '2026-11-03T23:59:59.999', '2026-11-04T23:59:59.999', '2026-11-05'].map(returned)).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]);
  });

  test('only what the return selector passes brings an actor back', () => {
    const metric = retention({ return: select('Return', isIn('plan', 'pro')), columns: [1] });
    const back = (name: string, plan: string) => cohortsOf(metric, { events: [...one(), event('ann', name, '2026-11-02', { plan })], ...november });
    expect(back('Return', 'pro')).toEqual([['2026-11-01', 1, [1], [1]]]);
    expect(back('Return', 'free')).toEqual([['2026-11-01', 1, [0], [0]]]);
    expect(back('Other', 'pro')).toEqual([['2026-11-01', 1, [0], [0]]]);
  });

  test('with columns as a list, on-or-after counts every bucket from k to the last column', () => {
    const metric = retention({ columns: [1, 7, 30] });
    expect(cohortsOf(metric, { events: one('2026-11-21'), ...november })).toEqual([['2026-11-01', 1, [0, 0, 0], [1, 1, 0]]]);
    expect(cohortsOf(metric, { events: one('2026-12-01'), ...november })).toEqual([['2026-11-01', 1, [0, 0, 1], [1, 1, 1]]]);
    expect(cohortsOf(metric, { events: one('2026-12-02'), ...november })).toEqual([['2026-11-01', 1, [0, 0, 0], [0, 0, 0]]]);
  });

  test('buckets are local: a return just after local midnight is the next day', () => {
    const metric = retention({ timezone: 'Asia/Yerevan', columns: [1] });
    const events = [event('ann', 'Start', '2026-11-01T19:59'), event('ann', 'Return', '2026-11-01T20:00')];
    expect(cohortsOf(metric, { events, ...november })).toEqual([['2026-11-01', 1, [1], [1]]]);
  });

  test('weeks follow weekStart', () => {
    const events = [event('ann', 'Start', '2026-10-31'), event('ann', 'Return', '2026-11-01')]; // Saturday, Sunday
    const sunday = retention({ unit: 'week', weekStart: 'sunday', columns: [1] });
    expect(cohortsOf(sunday, { events, from: '2026-10-25', to: '2026-10-25' })).toEqual([['2026-10-25', 1, [1], [1]]]);
    const monday = retention({ unit: 'week', columns: [1] });
    expect(cohortsOf(monday, { events, from: '2026-10-26', to: '2026-10-26' })).toEqual([['2026-10-26', 1, [0], [0]]]);
  });

  test('a date that the zone skipped is a column that counts', () => {
    const metric = retention({ timezone: 'Pacific/Apia', columns: [1, 2] });
    const events = [event('ann', 'Start', '2011-12-30T09:00'), event('ann', 'Return', '2011-12-30T11:00')]; // local 29th and 31st
    expect(cohortsOf(metric, { events, from: '2011-12-29', to: '2011-12-29' })).toEqual([['2011-12-29', 1, [0, 1], [1, 1]]]);
  });

  test('cell k is complete when bucket i + k is over and lateness has passed; closesAt is that watermark', () => {
    const asked = { events: one(), ...november, latenessMs: 3_600_000 };
    const at = (watermark: string) => answerOf.retention(retention({ columns: [1, 2] }), { ...asked, watermark }).cohorts[0];
    expect(at('2026-11-03T00:59:59.999Z')?.cells.map((cell) => cell.complete)).toEqual([false, false]);
    expect(at('2026-11-03T01:00:00Z')?.cells.map((cell) => cell.complete)).toEqual([true, false]);
    expect(at('2026-11-03T01:00:00Z')?.cells.map((cell) => cell.closesAt)).toEqual(['2026-11-03T01:00:00.000Z', '2026-11-04T01:00:00.000Z']);
    expect(at('2026-11-04T00:59:59.999Z')?.completeOnOrAfter).toBe(false);
    expect(at('2026-11-04T01:00:00Z')?.completeOnOrAfter).toBe(true);
  });

  test('a rate is retained over size, and null over 0', () => {
    const events = [...one('2026-11-02'), event('bob', 'Start', '2026-11-01')];
    const { cohorts } = answerOf.retention(retention({ columns: [1] }), { events, from: '2026-10-31', to: '2026-11-01' });
    expect(cohorts.map(({ cells }) => cells[0]?.rate)).toEqual([null, 0.5]);
  });
});

describe('overall', () => {
  test('is pooled over the cohorts whose cell is complete, empty ones counted', () => {
    const events = [
      ...['a', 'b', 'c'].map((actor) => event(actor, 'Start', '2026-11-01')),
      event('d', 'Start', '2026-11-02'),
      event('a', 'Return', '2026-11-02'),
      event('d', 'Return', '2026-11-03'),
      event('e', 'Start', '2026-11-04'), // its cells are open
      event('e', 'Return', '2026-11-05'),
    ];
    const asked = { events, from: '2026-11-01', to: '2026-11-04', watermark: '2026-11-05T12:00:00Z' };
    const { overall } = answerOf.retention(retention({ columns: [1, 2] }), asked);
    expect(overall.map(({ k, retained, of, rate, cohorts }) => [k, retained, of, rate, cohorts])).toEqual([
      [1, 2, 4, 0.5, 3],
      [2, 0, 4, 0, 2],
    ]);
  });

  test('has the Wilson interval at 95 %', () => {
    const events = Array.from({ length: 10 }, (_, index) => event(`u${index}`, 'Start', '2026-11-01'));
    events.push(...[0, 1, 2].map((index) => event(`u${index}`, 'Return', '2026-11-02')));
    const [k1, k2] = answerOf.retention(retention({ columns: [1, 2] }), { events, ...november }).overall;
    expect(k1?.low).toBeCloseTo(0.107791, 6);
    expect(k1?.high).toBeCloseTo(0.603222, 6);
    expect(k2?.low).toBe(0);
    expect(k2?.high).toBeCloseTo(0.277533, 6);
  });

  test('over nobody is null', () => {
    const { overall } = answerOf.retention(retention({ columns: [1] }), { events: [], ...november });
    expect(overall).toEqual([{ value: null, k: 1, retained: 0, of: 0, rate: null, low: null, high: null, cohorts: 1 }]);
  });
});

describe('slices', () => {
  const plan = dimension('plan');
  const events = [
    event('ann', 'Start', '2026-11-01T08:00', { plan: 'free' }),
    event('ann', 'Start', '2026-11-01T09:00', { plan: 'pro' }),
    event('ann', 'Return', '2026-11-02', { plan: 'else' }),
    event('bob', 'Start', '2026-11-02', { plan: 'pro' }),
    event('cem', 'Start', '2026-11-02'),
  ];
  const range = { events, from: '2026-11-01', to: '2026-11-02', slice: plan };

  test('every: an actor joins under each value shown at a start in the bucket, and any return counts', () => {
    expect(cohortsOf(retention({ columns: [1] }), range)).toEqual([
      ['pro 2026-11-01', 1, [1], [1]],
      ['pro 2026-11-02', 1, [0], [0]],
      [' 2026-11-01', 0, [0], [0]],
      [' 2026-11-02', 1, [0], [0]],
      ['free 2026-11-01', 1, [1], [1]],
      ['free 2026-11-02', 0, [0], [0]],
    ]);
  });

  test('first_*: the value at the entry event', () => {
    for (const entry of ['first_ever', 'first_matching'] as const) {
      expect(cohortsOf(retention({ columns: [1], entry }), { ...range, ...november })).toEqual([['free 2026-11-01', 1, [1], [1]]]);
    }
  });

  test('first_*: the entry is the earliest of all, not the earliest with the value', () => {
    expect(cohortsOf(retention({ columns: [1], entry: 'first_matching' }), { ...range, ...november, value: 'pro' })).toEqual([
      ['pro 2026-11-01', 0, [0], [0]],
    ]);
  });

  test('values beyond the limit are added up in $rest', () => {
    expect(cohortsOf(retention({ columns: [1] }), { ...range, limit: 1 })).toEqual([
      ['pro 2026-11-01', 1, [1], [1]],
      ['pro 2026-11-02', 1, [0], [0]],
      ['$rest 2026-11-01', 1, [1], [1]],
      ['$rest 2026-11-02', 1, [0], [0]],
    ]);
    const { overall } = answerOf.retention(retention({ columns: [1] }), { ...range, limit: 1 });
    expect(overall.map(({ value, retained, of, rate }) => [value, retained, of, rate])).toEqual([
      ['pro', 1, 2, 0.5],
      ['$rest', 1, 2, 0.5],
    ]);
  });

  test('one value: its cohorts alone, zeros when nobody showed it', () => {
    expect(cohortsOf(retention({ columns: [1] }), { ...range, ...november, value: 'gold' })).toEqual([['gold 2026-11-01', 0, [0], [0]]]);
  });

  test('a closed list has $other', () => {
    expect(cohortsOf(retention({ columns: [1] }), { ...range, slice: dimension('plan', ['pro']), from: '2026-11-02' })).toEqual([
      ['$other 2026-11-02', 1, [0], [0]],
      ['pro 2026-11-02', 1, [0], [0]],
    ]);
  });

  test('a slice that the set does not define is an error', () => {
    const metric = retention({ return: select('Return', where('plan', { test: 'exists', exists: true })) });
    expect(() => answerOf.retention(metric, { ...range, to: '2026-10-01' })).toThrow(RangeError);
  });
});
