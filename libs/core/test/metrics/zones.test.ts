/** Worked examples of metrics on the days on which clocks change, on year ends, and in zones with odd offsets; the engine and the oracle say the same. */
import { describe, expect, test } from 'vitest';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { type Asked, activation, activity, event, funnel, kpi, retention, select } from '../recompute/examples.ts';
import { answerOf } from './both.ts';

/** Each at an instant in UTC. */
function paidAt(...times: string[]): TimelineEvent[] {
  return times.map((time) => event('ann', 'Paid', time));
}

/** [bucket, count] of each bucket. */
function countsOf(metric: ReturnType<typeof kpi>, asked: Asked) {
  return answerOf.kpi(metric, asked).buckets.map(({ bucket, value }) => [bucket, value]);
}

describe('days', () => {
  test('a day has 25 hours when clocks go back and 23 when they go forward (Berlin)', () => {
    const metric = kpi({ timezone: 'Europe/Berlin' });
    const autumn = paidAt('2026-10-24T21:59:59.999', '2026-10-24T22:00', '2026-10-25T22:59:59.999', '2026-10-25T23:00');
    expect(countsOf(metric, { events: autumn, from: '2026-10-24', to: '2026-10-26' })).toEqual([
      ['2026-10-24', 1],
      ['2026-10-25', 2],
      ['2026-10-26', 1],
    ]);
    const spring = paidAt('2026-03-28T22:59:59.999', '2026-03-28T23:00', '2026-03-29T21:59:59.999', '2026-03-29T22:00');
    expect(countsOf(metric, { events: spring, from: '2026-03-28', to: '2026-03-30' })).toEqual([
      ['2026-03-28', 1],
      ['2026-03-29', 2],
      ['2026-03-30', 1],
    ]);
  });

  test('a local day begins at half past where the offset says so (Kolkata)', () => {
    const events = paidAt('2026-11-01T18:29:59.999', '2026-11-01T18:30');
    expect(countsOf(kpi({ timezone: 'Asia/Kolkata' }), { events, from: '2026-11-01', to: '2026-11-02' })).toEqual([
      ['2026-11-01', 1],
      ['2026-11-02', 1],
    ]);
  });

  test('a date that a zone skipped is an empty bucket that counts (Apia)', () => {
    const metric = activity({ timezone: 'Pacific/Apia', event: select('Paid'), rolling: [2], churnAfter: 2 });
    const events = paidAt('2011-12-30T09:00', '2011-12-30T11:00'); // local 29th and 31st
    const { buckets } = answerOf.activity(metric, { events, from: '2011-12-29', to: '2011-12-31' });
    expect(buckets.map((day) => [day.bucket, day.active, day.returning, day.resurrecting, day.dormant])).toEqual([
      ['2011-12-29', 1, 0, 0, 0],
      ['2011-12-30', 0, 0, 0, 1],
      ['2011-12-31', 1, 0, 1, 0],
    ]);
  });

  test('a repeated hour is two hours of a range (New York)', () => {
    const metric = kpi({ timezone: 'America/New_York', unit: 'hour' });
    const events = paidAt('2026-11-01T05:30', '2026-11-01T06:30');
    expect(countsOf(metric, { events, from: '2026-11-01T00-04:00', to: '2026-11-01T02-05:00' })).toEqual([
      ['2026-11-01T00-04:00', 0],
      ['2026-11-01T01-04:00', 1],
      ['2026-11-01T01-05:00', 1],
      ['2026-11-01T02-05:00', 0],
    ]);
  });
});

describe('weeks and months', () => {
  test('are named by their first local date, also over the year’s end, from Monday or Sunday', () => {
    const events = paidAt('2026-12-31T12:00', '2027-01-01T12:00', '2027-01-03T12:00'); // Thursday, Friday, Sunday
    const of = (options: Parameters<typeof kpi>[0], from: string, to: string) => countsOf(kpi(options), { events, from, to });
    expect(of({ unit: 'week' }, '2026-12-28', '2027-01-04')).toEqual([
      ['2026-12-28', 3],
      ['2027-01-04', 0],
    ]);
    expect(of({ unit: 'week', weekStart: 'sunday' }, '2026-12-27', '2027-01-03')).toEqual([
      ['2026-12-27', 2],
      ['2027-01-03', 1],
    ]);
    expect(of({ unit: 'month' }, '2026-12-01', '2027-01-01')).toEqual([
      ['2026-12-01', 1],
      ['2027-01-01', 2],
    ]);
  });

  test('a month is the calendar month: a return on the last of February is in the column after January', () => {
    const metric = retention({ unit: 'month', columns: [1, 2] });
    const cells = (returned: string) => {
      const events = [event('ann', 'Start', '2028-01-31T23:59:59.999'), event('ann', 'Return', returned)];
      return answerOf.retention(metric, { events, from: '2028-01-01', to: '2028-01-01' }).cohorts[0]?.cells.map(({ retained }) => retained);
    };
    expect(cells('2028-02-01T00:00')).toEqual([1, 0]);
    expect(cells('2028-02-29T23:59:59.999')).toEqual([1, 0]);
    expect(cells('2028-03-01T00:00')).toEqual([0, 1]);
  });
});

describe('windows', () => {
  test('of a day last 24 hours, though the local day has 25 (Berlin)', () => {
    const metric = funnel({ timezone: 'Europe/Berlin', steps: [select('A'), select('B')], windowMs: 24 * 3_600_000 });
    const reached = (time: string) => {
      // Local 00:30 of a day of 25 hours; 24 hours later it is 23:30 of the same day.
      const events = [event('ann', 'A', '2026-10-24T22:30'), event('ann', 'B', time)];
      return answerOf.funnel(metric, { events, from: '2026-10-25', to: '2026-10-25' }).steps?.[1]?.entries;
    };
    expect(reached('2026-10-25T22:30')).toBe(1);
    expect(reached('2026-10-25T22:30:00.001')).toBe(0);
  });

  test('of an activation too: only its buckets are local', () => {
    const metric = activation({
      timezone: 'Europe/Berlin',
      withinMs: 24 * 3_600_000,
      conditions: [{ select: select('B'), atLeast: 1 }],
    });
    const cohort = (time: string) => {
      const events = [event('ann', 'Start', '2026-10-24T22:30'), event('ann', 'B', time)];
      const [first] = answerOf.activation(metric, { events, from: '2026-10-25', to: '2026-10-25' }).cohorts;
      return [first?.cohort, first?.activated];
    };
    expect(cohort('2026-10-25T22:30')).toEqual(['2026-10-25', 1]);
    expect(cohort('2026-10-25T22:30:00.001')).toEqual(['2026-10-25', 0]);
  });
});

test('a range takes in the whole of its first and of its last bucket, and nothing else', () => {
  const events = paidAt('2026-11-01T23:59:59.999', '2026-11-02T00:00', '2026-11-03T23:59:59.999', '2026-11-04T00:00');
  expect(answerOf.kpi(kpi(), { events, from: '2026-11-02', to: '2026-11-03' }).total).toBe(2);
});
