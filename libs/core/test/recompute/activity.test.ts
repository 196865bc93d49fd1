/** Worked examples of activity, one per figure; the incremental engine answers the same. */
import { describe, expect, test } from 'vitest';
import { answerOf } from '../metrics/both.ts';
import { type Asked, activity, dimension, event, select } from './examples.ts';

/** Each actor's active days of November 2026. */
function activeOn(days: Readonly<Record<string, readonly number[]>>, properties: Readonly<Record<string, unknown>> = {}) {
  return Object.entries(days).flatMap(([actor, own]) =>
    own.map((day) => event(actor, 'Seen', `2026-11-${String(day).padStart(2, '0')}T12:00`, properties)),
  );
}

function bucketOf(metric: ReturnType<typeof activity>, asked: Omit<Asked, 'from' | 'to'>, name = '2026-11-05') {
  return answerOf.activity(metric, { ...asked, from: name, to: name }).buckets[0];
}

const events = activeOn({ ann: [4, 5], bob: [3, 5], cem: [5], dan: [4], eve: [2], fay: [2, 3], gil: [6], hal: [1] });

describe('per bucket', () => {
  const bucket = bucketOf(activity(), { events });

  test('active: distinct actors', () => {
    expect(bucket?.active).toBe(3); // ann, bob, cem
    expect(bucketOf(activity(), { events: [...events, ...activeOn({ ann: [5] })] })?.active).toBe(3);
  });
  test('rolling N: distinct in the N buckets that end here', () => {
    expect(bucket?.rolling).toEqual({ '2': 4, '3': 5 }); // and dan; and fay
  });
  test('new: first ever', () => {
    expect(bucket?.new).toBe(1); // cem
  });
  test('returning: active one bucket before', () => {
    expect(bucket?.returning).toBe(1); // ann
  });
  test('resurrecting: active before, not one bucket before', () => {
    expect(bucket?.resurrecting).toBe(1); // bob
  });
  test('dormant: active one bucket before, not now', () => {
    expect(bucket?.dormant).toBe(1); // dan
  });
  test('churned: last active exactly churnAfter buckets ago', () => {
    expect(bucket?.churned).toBe(1); // eve; fay came back, hal has been away for longer
    expect(bucketOf(activity({ churnAfter: 1 }), { events })?.churned).toBe(1); // dan
  });
  test('ever: all who came up to here', () => {
    expect(bucket?.ever).toBe(7); // all but gil
  });
  test('stickiness: active ÷ rolling N, null over nobody', () => {
    expect(bucket?.stickiness).toEqual({ '2': 0.75, '3': 0.6 });
    expect(bucketOf(activity(), { events }, '2026-12-05')?.stickiness).toEqual({ '2': null, '3': null });
  });
  test('active = new + returning + resurrecting and dormant(i) = active(i−1) − returning(i), on every day', () => {
    const { buckets } = answerOf.activity(activity(), { events, from: '2026-10-31', to: '2026-11-10' });
    for (const [index, day] of buckets.entries()) {
      expect(day.new + day.returning + day.resurrecting).toBe(day.active);
      expect(day.dormant).toBe((buckets[index - 1]?.active ?? 0) - day.returning);
    }
  });
  test('complete: its end and lateness have passed', () => {
    const at = (watermark: string) => bucketOf(activity(), { events, watermark, latenessMs: 1_000 })?.complete;
    expect(at('2026-11-06T00:00:00.999Z')).toBe(false);
    expect(at('2026-11-06T00:00:01Z')).toBe(true);
  });
  test('only events that the selector passes count', () => {
    expect(bucketOf(activity({ event: select('Paid') }), { events })?.active).toBe(0);
  });
});

describe('per range', () => {
  test('uniques: distinct actors, null beyond lookback', () => {
    const metric = activity({ lookback: 3 });
    expect(answerOf.activity(metric, { events, from: '2026-11-03', to: '2026-11-05' })).toMatchObject({ uniques: 5, uniquesLimit: 3 });
    expect(answerOf.activity(metric, { events, from: '2026-11-02', to: '2026-11-05' })).toMatchObject({ uniques: null, uniquesLimit: 3 });
  });

  test('stickiness: actors active on exactly n days of each calendar week and month that shares a day with the range', () => {
    const days = activeOn({ ann: [2, 3, 8], bob: [1, 9], cem: [30] });
    const asked = { events: days, from: '2026-11-04', to: '2026-11-09', watermark: '2026-11-09T00:00:00Z' };
    const { week, month } = answerOf.activity(activity(), asked).stickiness;
    expect(week).toHaveLength(14);
    expect(week.filter((cell) => cell.actors > 0 || cell.n === 7)).toEqual([
      { period: '2026-11-02', n: 3, actors: 1, complete: true }, // ann, once before the range
      { period: '2026-11-02', n: 7, actors: 0, complete: true },
      { period: '2026-11-09', n: 1, actors: 1, complete: false }, // bob
      { period: '2026-11-09', n: 7, actors: 0, complete: false },
    ]);
    expect(month).toHaveLength(30);
    expect(month.slice(0, 4).map(({ period, n, actors, complete }) => [period, n, actors, complete])).toEqual([
      ['2026-11-01', 1, 1, false], // cem
      ['2026-11-01', 2, 1, false], // bob
      ['2026-11-01', 3, 1, false], // ann
      ['2026-11-01', 4, 0, false],
    ]);
  });

  test('stickiness: weeks follow weekStart', () => {
    const days = activeOn({ ann: [1, 2] }); // Sunday, Monday
    const asked = { events: days, from: '2026-11-01', to: '2026-11-02' };
    const some = (weekStart: 'monday' | 'sunday') =>
      answerOf.activity(activity({ weekStart }), asked).stickiness.week.filter((cell) => cell.actors > 0);
    expect(some('sunday').map(({ period, n }) => [period, n])).toEqual([['2026-11-01', 2]]);
    expect(some('monday').map(({ period, n }) => [period, n])).toEqual([
      ['2026-10-26', 1],
      ['2026-11-02', 1],
    ]);
  });

  test('stickiness: units other than day have none', () => {
    expect(answerOf.activity(activity({ unit: 'week' }), { events, from: '2026-11-02', to: '2026-11-02' }).stickiness).toEqual({
      week: [],
      month: [],
    });
  });

  test('hours of a repeated local hour are two buckets', () => {
    const metric = activity({ unit: 'hour', timezone: 'Europe/Berlin', rolling: [2] });
    const twice = [event('ann', 'Seen', '2026-10-25T00:30'), event('ann', 'Seen', '2026-10-25T01:30')];
    const { buckets } = answerOf.activity(metric, { events: twice, from: '2026-10-25T02+02:00', to: '2026-10-25T02+01:00' });
    expect(buckets.map((one) => [one.bucket, one.new, one.returning])).toEqual([
      ['2026-10-25T02+02:00', 1, 0],
      ['2026-10-25T02+01:00', 0, 1],
    ]);
  });
});

describe('slices', () => {
  const device = dimension('device');
  const sliced = [
    ...activeOn({ ann: [4, 5], bob: [5] }, { device: 'ios' }),
    ...activeOn({ ann: [5] }, { device: 'web' }),
    ...activeOn({ cem: [5] }),
    ...activeOn({ dan: [1] }, { device: 'tv' }),
  ];

  test('each (actor, value) is an actor of its own', () => {
    const rows = answerOf.activitySlices(activity(), { events: sliced, from: '2026-11-05', to: '2026-11-05', slice: device });
    expect(rows.map(({ value, uniques, buckets }) => [value, uniques, buckets[0]?.value, buckets[0]?.active, buckets[0]?.new])).toEqual([
      ['ios', 2, 'ios', 2, 1],
      ['', 1, '', 1, 1],
      ['web', 1, 'web', 1, 1], // ann is new to the web
    ]);
  });

  test('$rest adds integers up and takes ratios of the sums', () => {
    const rows = answerOf.activitySlices(activity(), { events: sliced, from: '2026-11-04', to: '2026-11-05', slice: device, limit: 0 });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ value: '$rest', uniques: 4 });
    expect(rows[0]?.buckets[1]).toMatchObject({ active: 4, rolling: { '2': 4 }, ever: 4, stickiness: { '2': 1 } });
  });

  test('one value, known or not', () => {
    const asked = { events: sliced, from: '2026-11-01', to: '2026-11-01', slice: device };
    expect(answerOf.activitySlices(activity(), { ...asked, value: 'tv' })[0]).toMatchObject({ value: 'tv', uniques: 1 });
    expect(answerOf.activitySlices(activity(), { ...asked, value: 'car' })[0]).toMatchObject({ value: 'car', uniques: 0 });
  });
});
