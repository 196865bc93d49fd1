/** Worked examples of the options of retention, one per rule, each answered by the oracle and by the incremental engine. */
import { describe, expect, test } from 'vitest';
import type { RetentionCohort } from '../../src/answer.ts';
import type { RetentionDefinition } from '../../src/definition.ts';
import { type Asked, answerOf, dimension, event, retention, select } from '../recompute/examples.ts';
import { foldedAnswer } from './folded.ts';

const november = { from: '2026-11-01', to: '2026-11-01' };

/** The cohorts of the oracle, after the engine has answered the same. */
function cohorts(metric: RetentionDefinition, asked: Asked): RetentionCohort[] {
  const answer = answerOf.retention(metric, asked);
  expect(foldedAnswer(metric, asked)).toEqual(answer);
  return answer.cohorts;
}

/** Of each cohort its value (when sliced), size, retained by column, and retained by bracket. */
function counts(metric: RetentionDefinition, asked: Asked) {
  return cohorts(metric, asked).map(({ value, size, cells, brackets }) => [
    ...(value === null ? [] : [value]),
    size,
    cells.map(({ retained }) => retained),
    ...(brackets === undefined ? [] : [brackets.map(({ retained }) => retained)]),
  ]);
}

/** Starts at noon of the first of November and returns at each time. */
function started(...returns: string[]) {
  return [event('ann', 'Start', '2026-11-01T12:00'), ...returns.map((time) => event('ann', 'Return', time))];
}

describe('rolling', () => {
  const rolling = (options: Partial<RetentionDefinition> = {}) => retention({ entry: 'first_matching', interval: 'rolling', ...options });

  test('column k is from k times 24 hours after the entry instant, included, to the next, excluded', () => {
    const metric = rolling({ columns: [1, 2] });
    expect(counts(metric, { events: started('2026-11-02T11:59:59.999'), ...november })).toEqual([[1, [0, 0]]]);
    expect(counts(metric, { events: started('2026-11-02T12:00'), ...november })).toEqual([[1, [1, 0]]]);
    expect(counts(metric, { events: started('2026-11-03T11:59:59.999'), ...november })).toEqual([[1, [1, 0]]]);
    expect(counts(metric, { events: started('2026-11-03T12:00'), ...november })).toEqual([[1, [0, 1]]]);
    expect(counts(metric, { events: started('2026-11-04T12:00'), ...november })).toEqual([[1, [0, 0]]]);
  });

  test('a week is 7 times and a month 30 times 24 hours, in a zone that changes its clocks too', () => {
    const zone = { timezone: 'America/New_York', columns: [1] }; // clocks are set back on 2026-11-01
    const from = started('2026-11-02T12:00', '2026-11-08T11:59');
    expect(counts(rolling({ ...zone }), { events: from, ...november })).toEqual([[1, [1]]]);
    expect(counts(rolling({ ...zone, unit: 'week' }), { events: from, from: '2026-10-26', to: '2026-10-26' })).toEqual([[1, [0]]]);
    const later = [...from, event('ann', 'Return', '2026-11-08T12:00'), event('ann', 'Return', '2026-12-01T11:59')];
    expect(counts(rolling({ ...zone, unit: 'week' }), { events: later, from: '2026-10-26', to: '2026-10-26' })).toEqual([[1, [1]]]);
    expect(counts(rolling({ ...zone, unit: 'month' }), { events: later, ...november })).toEqual([[1, [0]]]);
    const last = [...later, event('ann', 'Return', '2026-12-01T12:00')];
    expect(counts(rolling({ ...zone, unit: 'month' }), { events: last, ...november })).toEqual([[1, [1]]]);
  });

  test('the cohort is the calendar bucket of the entry, and weeks follow weekStart', () => {
    const events = [event('ann', 'Start', '2026-10-31'), event('ann', 'Return', '2026-11-07')]; // Saturdays
    const metric = rolling({ unit: 'week', columns: [1] });
    expect(counts(metric, { events, from: '2026-10-26', to: '2026-10-26' })).toEqual([[1, [1]]]);
    expect(counts({ ...metric, weekStart: 'sunday' }, { events, from: '2026-10-25', to: '2026-10-25' })).toEqual([[1, [1]]]);
  });

  test('column 0 is the size: a return in the first span, at the entry instant or before it is in no column', () => {
    const events = started('2026-11-01T12:00', '2026-11-01T18:00', '2026-10-31T12:00');
    expect(counts(rolling({ columns: [1] }), { events, ...november })).toEqual([[1, [0]]]);
  });

  test('an earlier entry that arrives in time moves every column', () => {
    const metric = rolling({ columns: [1, 2], brackets: [[0, 0]] });
    const events = started('2026-11-01T15:00', '2026-11-02T13:00');
    expect(counts(metric, { events, ...november })).toEqual([[1, [1, 0], [1]]]);
    const moved = [...events, event('ann', 'Start', '2026-10-31T13:00')];
    expect(counts(metric, { events: moved, from: '2026-10-31', to: '2026-11-01' })).toEqual([
      [1, [1, 1], [0]],
      [0, [0, 0], [0]],
    ]);
  });

  test('on or after counts every span from k to the last column', () => {
    const [cohort] = cohorts(rolling({ columns: [1, 3, 7] }), { events: started('2026-11-06T12:00'), ...november });
    expect(cohort?.cells.map(({ retained, onOrAfter }) => [retained, onOrAfter])).toEqual([
      [0, 1],
      [0, 1],
      [0, 0],
    ]);
  });

  test('cell k is complete when its span is over for an entry at the very end of the bucket, and lateness has passed', () => {
    const metric = rolling({ columns: [1, 2], brackets: [[0, 1]] });
    const events = [event('ann', 'Start', '2026-11-01T23:59:59.999'), event('ann', 'Return', '2026-11-03T23:59:59.998')];
    const at = (watermark: string) => cohorts(metric, { events, ...november, latenessMs: 3_600_000, watermark })[0];
    const early = at('2026-11-04T00:59:59.999Z');
    expect(early?.cells.map(({ retained, complete }) => [retained, complete])).toEqual([
      [1, false],
      [0, false],
    ]);
    expect(early?.brackets?.[0]?.complete).toBe(false);
    const late = at('2026-11-04T01:00:00Z');
    expect(late?.cells.map(({ complete, closesAt }) => [complete, closesAt])).toEqual([
      [true, '2026-11-04T01:00:00.000Z'],
      [false, '2026-11-05T01:00:00.000Z'],
    ]);
    expect([late?.brackets?.[0]?.complete, late?.completeOnOrAfter]).toEqual([true, false]);
  });

  test('first_ever: an actor whose earliest event fails the where is in no cohort', () => {
    const start = select('Start', { path: ['properties', 'plan'], condition: { test: 'in', values: ['pro'] } });
    const events = [event('ann', 'Start', '2026-11-01', { plan: 'free' }), event('ann', 'Start', '2026-11-01T10:00', { plan: 'pro' })];
    expect(counts(rolling({ entry: 'first_ever', start, columns: [1] }), { events, ...november })).toEqual([[0, [0]]]);
  });
});

describe('brackets', () => {
  test('count actors returned in some bucket of i + a … i + b, both included, each once', () => {
    const metric = retention({
      columns: [7],
      brackets: [
        [2, 4],
        [5, 7],
      ],
    });
    const at = (...days: string[]) => counts(metric, { events: started(...days.map((day) => `2026-11-${day}`)), ...november });
    expect(at('02')).toEqual([[1, [0], [0, 0]]]);
    expect(at('03')).toEqual([[1, [0], [1, 0]]]);
    expect(at('05')).toEqual([[1, [0], [1, 0]]]);
    expect(at('04', '03', '05')).toEqual([[1, [0], [1, 0]]]);
    expect(at('06', '08')).toEqual([[1, [1], [0, 1]]]);
    expect(at('09')).toEqual([[1, [0], [0, 0]]]);
  });

  test('from 0: in the bucket of the entry itself by an event at a later instant than the start', () => {
    const entries = ['every', 'first_ever', 'first_matching'] as const;
    for (const entry of entries) {
      const metric = retention({
        entry,
        columns: [1],
        brackets: [
          [0, 0],
          [0, 1],
        ],
      });
      const at = (...times: string[]) => counts(metric, { events: started(...times), ...november });
      expect(at('2026-11-01T11:00')).toEqual([[1, [0], [0, 0]]]);
      expect(at('2026-11-01T12:00')).toEqual([[1, [0], [0, 0]]]);
      expect(at('2026-11-01T12:00:00.001')).toEqual([[1, [0], [1, 1]]]);
      expect(at('2026-11-02T00:00')).toEqual([[1, [1], [0, 1]]]);
      expect(at('2026-11-01T13:00', '2026-11-02T00:00')).toEqual([[1, [1], [1, 1]]]);
    }
  });

  test('from 0: the start is never its own return, the next start in the bucket is', () => {
    const metric = retention({ return: select('Start'), columns: [1], brackets: [[0, 1]] });
    const first = event('ann', 'Start', '2026-11-01T12:00');
    expect(counts(metric, { events: [first], ...november })).toEqual([[1, [0], [0]]]);
    expect(counts(metric, { events: [first, event('ann', 'Start', '2026-11-01T13:00')], ...november })).toEqual([[1, [0], [1]]]);
  });

  test('from 0, every: later than the first start in the bucket, in a slice than the first with the value', () => {
    const metric = retention({ columns: [1], brackets: [[0, 0]] });
    const events = [
      event('ann', 'Start', '2026-11-01T08:00', { plan: 'free' }),
      event('ann', 'Return', '2026-11-01T09:00', { plan: 'pro' }),
      event('ann', 'Start', '2026-11-01T10:00', { plan: 'pro' }),
    ];
    expect(counts(metric, { events, ...november })).toEqual([[1, [0], [1]]]);
    expect(counts(metric, { events, ...november, slice: dimension('plan') })).toEqual([
      ['free', 1, [0], [1]],
      ['pro', 1, [0], [0]],
    ]);
  });

  test('of rolling count the spans from the entry instant', () => {
    const metric = retention({
      entry: 'first_matching',
      interval: 'rolling',
      columns: [3],
      brackets: [
        [0, 0],
        [1, 2],
      ],
    });
    const at = (time: string) => counts(metric, { events: started(time), ...november });
    expect(at('2026-11-01T12:00')).toEqual([[1, [0], [0, 0]]]);
    expect(at('2026-11-02T11:00')).toEqual([[1, [0], [1, 0]]]);
    expect(at('2026-11-02T12:00')).toEqual([[1, [0], [0, 1]]]);
    expect(at('2026-11-04T11:59')).toEqual([[1, [0], [0, 1]]]);
    expect(at('2026-11-04T12:00')).toEqual([[1, [1], [0, 0]]]);
  });

  test('a bracket is complete when bucket i + b is over and lateness has passed', () => {
    const metric = retention({
      columns: [5],
      brackets: [
        [0, 0],
        [1, 2],
      ],
    });
    const at = (watermark: string) =>
      cohorts(metric, { events: started(), ...november, latenessMs: 3_600_000, watermark })[0]?.brackets?.map(({ complete }) => complete);
    expect(at('2026-11-02T00:59:59.999Z')).toEqual([false, false]);
    expect(at('2026-11-02T01:00:00Z')).toEqual([true, false]);
    expect(at('2026-11-04T00:59:59.999Z')).toEqual([true, false]);
    expect(at('2026-11-04T01:00:00Z')).toEqual([true, true]);
  });

  test('have the rate of the size, and are left out of metrics without', () => {
    const events = [...started('2026-11-03'), event('bob', 'Start', '2026-11-01')];
    const [cohort] = cohorts(retention({ brackets: [[2, 3]] }), { events, ...november });
    expect(cohort?.brackets).toEqual([{ from: 2, to: 3, retained: 1, rate: 0.5, complete: true }]);
    expect(cohorts(retention(), { events, ...november })[0]).not.toHaveProperty('brackets');
  });
});

describe('minReturns', () => {
  test('a bucket counts as returned when it alone has at least so many return events', () => {
    const metric = retention({ columns: [1, 2], minReturns: 2, brackets: [[1, 2]] });
    const at = (...times: string[]) => counts(metric, { events: started(...times), ...november });
    expect(at('2026-11-02T08:00', '2026-11-03T08:00')).toEqual([[1, [0, 0], [0]]]);
    expect(at('2026-11-03T08:00', '2026-11-03T09:00')).toEqual([[1, [0, 1], [1]]]);
    expect(at('2026-11-02T08:00', '2026-11-02T08:00', '2026-11-03T07:00')).toEqual([[1, [1, 0], [1]]]);
  });

  test('a repeated messageId is one return', () => {
    const repeated = ['2026-11-02', '2026-11-02'].map((time) => event('ann', 'Return', time, {}, { id: 'once' }));
    expect(counts(retention({ columns: [1], minReturns: 2 }), { events: [...started(), ...repeated], ...november })).toEqual([[1, [0]]]);
  });

  test('on or after needs one bucket with so many', () => {
    const metric = retention({ columns: [1, 3], minReturns: 2 });
    const [cohort] = cohorts(metric, { events: started('2026-11-02', '2026-11-03T08:00', '2026-11-03T09:00', '2026-11-04'), ...november });
    expect(cohort?.cells.map(({ onOrAfter }) => onOrAfter)).toEqual([1, 0]);
  });

  test('in the bucket of the entry, so many later than the start', () => {
    for (const entry of ['every', 'first_matching'] as const) {
      const metric = retention({ entry, columns: [1], minReturns: 2, brackets: [[0, 0]] });
      const before = started('2026-11-01T11:00', '2026-11-01T13:00');
      expect(counts(metric, { events: before, ...november })).toEqual([[1, [0], [0]]]);
      expect(counts(metric, { events: [...before, event('ann', 'Return', '2026-11-01T14:00')], ...november })).toEqual([[1, [0], [1]]]);
    }
  });

  test('of rolling, so many in one span from the entry instant, however far apart', () => {
    const metric = retention({ entry: 'first_matching', interval: 'rolling', unit: 'month', columns: [1, 2], minReturns: 2 });
    expect(counts(metric, { events: started('2026-12-01T12:00', '2026-12-31T11:59'), ...november })).toEqual([[1, [1, 0]]]);
    expect(counts(metric, { events: started('2026-12-01T12:00', '2026-12-31T12:00'), ...november })).toEqual([[1, [0, 0]]]);
    const three = { ...metric, minReturns: 3 };
    expect(counts(three, { events: started('2026-12-01T12:00', '2026-12-15', '2026-12-31T11:59'), ...november })).toEqual([[1, [1, 0]]]);
  });
});

describe('sliceReturn', () => {
  const plan = dimension('plan');
  const events = [
    event('ann', 'Start', '2026-11-01T08:00', { plan: 'free' }),
    event('ann', 'Start', '2026-11-01T09:00', { plan: 'pro' }),
    event('ann', 'Return', '2026-11-01T10:00', { plan: 'free' }),
    event('ann', 'Return', '2026-11-02T08:00', { plan: 'pro' }),
    event('ann', 'Return', '2026-11-03T08:00', { plan: 'free' }),
    event('ann', 'Return', '2026-11-03T09:00', { plan: 'pro' }),
    event('ann', 'Return', '2026-11-03T10:00', { plan: 'pro' }),
  ];

  test('any: in a slice every return counts; same: only returns that show its value', () => {
    const metric = retention({ columns: [1, 2], brackets: [[0, 0]] });
    expect(counts(metric, { events, ...november, slice: plan })).toEqual([
      ['free', 1, [1, 1], [1]],
      ['pro', 1, [1, 1], [1]],
    ]);
    expect(counts({ ...metric, sliceReturn: 'same' }, { events, ...november, slice: plan })).toEqual([
      ['free', 1, [0, 1], [1]],
      ['pro', 1, [1, 1], [0]],
    ]);
  });

  test('same: the total counts every return', () => {
    expect(counts(retention({ columns: [1, 2], sliceReturn: 'same' }), { events, ...november })).toEqual([[1, [1, 1]]]);
  });

  test('same with minReturns: so many that show the value', () => {
    const metric = retention({ columns: [1, 2], sliceReturn: 'same', minReturns: 2 });
    expect(counts(metric, { events, ...november, slice: plan })).toEqual([
      ['free', 1, [0, 0]],
      ['pro', 1, [0, 1]],
    ]);
  });
});
