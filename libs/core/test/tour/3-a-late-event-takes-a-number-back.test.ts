/** Tour, 3 of 4: an event that comes late, but in time, makes a number smaller; one that comes too late changes nothing. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { createCalendar } from '../../src/time/calendar.ts';
import { Engine } from '../fold/engine.ts';
import { event, questionOf, retention, select } from '../recompute/examples.ts';

/** "Of those who first open the app on a day, how many come back the next day?" A week of lateness. */
const opened = select('App Opened');
const metric = retention({ start: opened, return: opened, unit: 'day', columns: [1], entry: 'first_matching' });
const { set } = questionOf(metric, { events: [], from: '2026-11-01', to: '2026-11-01' });
const days = createCalendar({ zone: 'UTC', unit: 'day', weekStart: 'monday' });
const engine = new Engine(set, DEFAULT_SETTINGS);

function arrives(time: string): void {
  engine.send({ ...event('ann', 'App Opened', time), actorNumber: 0, recordMs: Date.parse('2026-11-30') });
}

/** By cohort [size, retained after a day], of the cohorts that are not empty. */
function cohorts(): Record<string, number[]> {
  const cells = engine.rows().map(({ row }) => [days.name(row.bucket), [...row.cells].slice(0, 2)] as const);
  return Object.fromEntries(cells.filter(([, row]) => row.some((cell) => cell !== 0)));
}

describe('a late event takes a number back', () => {
  test('on time: Ann first came on the third and again on the fourth, so the third retains one of one', () => {
    arrives('2026-11-03T08:00');
    arrives('2026-11-04T08:00');
    expect(cohorts()).toEqual({ '2026-11-03': [1, 1] });
  });

  test('an event of the first arrives: she came two days earlier, and the third loses both its size and its return', () => {
    arrives('2026-11-01T22:00');
    expect(cohorts()).toEqual({ '2026-11-01': [1, 0] });
  });

  test('an event of the second arrives too: now the first retains her, as if all had come in order', () => {
    arrives('2026-11-02T07:00');
    expect(cohorts()).toEqual({ '2026-11-01': [1, 1] });
  });

  test('eight days behind the partition’s clock is late: counted as such, and no figure moves', () => {
    arrives('2026-10-27T08:00');
    expect(cohorts()).toEqual({ '2026-11-01': [1, 1] });
    expect(engine.folds[0]?.state.counters.toRecord()).toMatchObject({ applied: 4, late: 1 });
  });
});
