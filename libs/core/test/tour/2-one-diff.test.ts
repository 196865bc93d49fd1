/** Tour, 2 of 4: a day comes into a register, and a few cells change by one; nothing is counted anew. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { createCalendar } from '../../src/time/calendar.ts';
import { Engine } from '../fold/engine.ts';
import { event, questionOf, retention, select } from '../recompute/examples.ts';

/** "Of those who open the app on a day, how many come back one, two, three days later?" */
const opened = select('App Opened');
const metric = retention({ start: opened, return: opened, unit: 'day', columns: [1, 2, 3], entry: 'every' });
const days = createCalendar({ zone: 'UTC', unit: 'day', weekStart: 'monday' });
const engine = new Engine(questionOf(metric, { events: [], from: '2026-11-01', to: '2026-11-01' }).set, DEFAULT_SETTINGS);

/** Ann opens the app; answers which cells changed, as cohort: difference. A row is size, retained 1 to 3, last seen by 1 to 3. */
function opens(time: string): Record<string, number[]> {
  const before = cells();
  engine.send({ ...event('ann', 'App Opened', time), actorNumber: 0, recordMs: Date.parse(`${time}Z`) });
  const changed = Object.entries(cells()).map(
    ([cohort, row]) => [cohort, row.map((cell, column) => cell - (before[cohort]?.[column] ?? 0))] as const,
  );
  return Object.fromEntries(changed.filter(([, row]) => row.some((cell) => cell !== 0)));
}

function cells(): Record<string, number[]> {
  return Object.fromEntries(engine.rows().map(({ row }) => [days.name(row.bucket), [...row.cells]]));
}

describe('one diff', () => {
  test('the first of November: Ann joins that day’s cohort, one cell changes', () => {
    expect(opens('2026-11-01T08:00')).toEqual({ '2026-11-01': [1, 0, 0, 0, 0, 0, 0] });
  });

  test('the same day again: no difference at all', () => {
    expect(opens('2026-11-01T20:00')).toEqual({});
  });

  test('the third: she joins a second cohort, and the first one retains her at two days', () => {
    expect(opens('2026-11-03T08:00')).toEqual({
      '2026-11-01': [0, 0, 1, 0, 0, 1, 0],
      '2026-11-03': [1, 0, 0, 0, 0, 0, 0],
    });
  });

  test('the fourth: three cohorts change, and where she was last seen at two days she is now at three', () => {
    expect(opens('2026-11-04T08:00')).toEqual({
      '2026-11-01': [0, 0, 0, 1, 0, -1, 1],
      '2026-11-03': [0, 1, 0, 0, 1, 0, 0],
      '2026-11-04': [1, 0, 0, 0, 0, 0, 0],
    });
  });

  test('the cells are the sum of all differences', () => {
    expect(cells()['2026-11-01']).toEqual([1, 0, 1, 1, 0, 0, 1]);
  });
});
