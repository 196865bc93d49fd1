/** Worked examples of ends and beginnings: the last millisecond of a window, the last column, and what registers may not forget yet. */
import { describe, expect, test } from 'vitest';
import type { MetricDefinition } from '../../src/definition.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from '../fold/engine.ts';
import { event, funnel, questionOf, retention, select } from '../recompute/examples.ts';
import { answerOf } from './both.ts';

const HOUR_MS = 3_600_000;
const november = { from: '2026-11-01', to: '2026-11-01' };

test('a funnel’s window ends with its last millisecond', () => {
  const reached = (time: string) => {
    const events = [event('ann', 'A', '2026-11-01T10:00'), event('ann', 'B', time)];
    return answerOf.funnel(funnel(), { events, ...november }).steps?.map(({ entries }) => entries);
  };
  expect(reached('2026-11-01T11:00:00.000')).toEqual([1, 1, 0]);
  expect(reached('2026-11-01T11:00:00.001')).toEqual([1, 0, 0]);
});

test('the last column of a cohort counts, the bucket after it does not', () => {
  for (const entry of ['every', 'first_ever', 'first_matching'] as const) {
    const cellsOf = (returned: string) => {
      const events = [event('ann', 'Start', '2026-11-01T12:00'), event('ann', 'Return', returned)];
      return answerOf.retention(retention({ entry, columns: [1, 2, 3] }), { events, ...november }).cohorts[0]?.cells.map((cell) => cell.onOrAfter);
    };
    expect(cellsOf('2026-11-04T23:59:59.999')).toEqual([1, 1, 1]);
    expect(cellsOf('2026-11-05T00:00')).toEqual([0, 0, 0]);
  }
});

/** Sends one actor's events in the order of writing, with a lateness of a day. */
function sent(metric: MetricDefinition, written: readonly (readonly [name: string, time: string])[]) {
  const { set, request } = questionOf(metric, { events: [], ...november });
  const engine = new Engine(set, { ...DEFAULT_SETTINGS, latenessMs: 24 * HOUR_MS });
  for (const [name, time] of written) {
    const one = event('ann', name, time);
    engine.send({ ...one, actorNumber: 0, recordMs: one.timeMs });
  }
  return engine.answer(metric, request);
}

describe('what is still open is remembered', () => {
  test('an attempt of the oldest open bucket is remembered until the lateness after its window', () => {
    const metric = funnel({ steps: [select('A'), select('B')], windowMs: 12 * HOUR_MS });
    const answer = sent(metric, [
      ['A', '2026-11-01T00:10'],
      ['A', '2026-11-02T12:05'], // 36 hours and 5 minutes after midnight: the window and the lateness of the first are just not over
      ['B', '2026-11-01T12:09'],
    ]);
    expect(answer).toMatchObject({
      steps: [
        { entries: 1, uniques: 1 },
        { entries: 1, uniques: 1 },
      ],
    });
  });

  test('the returns of the oldest open bucket are remembered until the lateness after it', () => {
    const metric = retention({ start: select('Start'), return: select('Return'), columns: [1], minReturns: 2 });
    const answer = sent(metric, [
      ['Start', '2026-11-01T12:00'],
      ['Return', '2026-11-02T00:10'],
      ['Return', '2026-11-03T12:00'],
      ['Return', '2026-11-02T12:00'], // the second of its day, on time by the last millisecond of the lateness
    ]);
    expect(answer).toMatchObject({ cohorts: [{ size: 1, cells: [{ retained: 1 }] }] });
  });
});
