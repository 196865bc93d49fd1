/** Tour, 4 of 4: distinct people over any range, from cells that say how long ago each person came before. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { createCalendar } from '../../src/time/calendar.ts';
import { Engine } from '../fold/engine.ts';
import { activity, event, questionOf, select } from '../recompute/examples.ts';

/** Three people and five days; a lookback of four days, so that a row is gap 1, 2, 3, 4, longer ago, never before. */
const metric = activity({ event: select('App Opened'), unit: 'day', rolling: [2], lookback: 4, churnAfter: 3 });
const visits: Readonly<Record<string, readonly string[]>> = { ann: ['01', '02', '05'], bob: ['02', '04'], eve: ['05'] };

const { set } = questionOf(metric, { events: [], from: '2026-11-01', to: '2026-11-01' });
const days = createCalendar({ zone: 'UTC', unit: 'day', weekStart: 'monday' });
const engine = new Engine(set, DEFAULT_SETTINGS);
for (const [index, [person, dates]] of Object.entries(visits).entries()) {
  for (const date of dates) {
    const seen = event(person, 'App Opened', `2026-11-${date}T10:00`);
    engine.send({ ...seen, actorNumber: index, recordMs: seen.timeMs });
  }
}

const rows = engine.rows().filter(({ row }) => row.table.shape.name === 'total');
const gaps = new Map(rows.map(({ row }) => [days.name(row.bucket).slice(-2), [...row.cells]]));

/** Who came in the range and not yet earlier in it: gaps that reach beyond its first day. */
function distinct(from: number, to: number): number {
  let people = 0;
  for (let date = from; date <= to; date++) {
    const row = gaps.get(String(date).padStart(2, '0')) ?? [];
    people += row.slice(date - from).reduce((sum, cell) => sum + cell, 0);
  }
  return people;
}

describe('any range from gap cells', () => {
  test('each day counts its people by the distance to their day before', () => {
    expect(Object.fromEntries(gaps)).toEqual({
      '01': [0, 0, 0, 0, 0, 1], // Ann is new
      '02': [1, 0, 0, 0, 0, 1], // Ann came yesterday, Bob is new
      '04': [0, 1, 0, 0, 0, 0], // Bob came two days ago
      '05': [0, 0, 1, 0, 0, 1], // Ann came three days ago, Eve is new
    });
  });

  test('a person counts on the first day in the range: where the gap points outside it', () => {
    expect([distinct(1, 1), distinct(1, 2), distinct(2, 4), distinct(3, 5), distinct(4, 5)]).toEqual([1, 2, 2, 3, 3]);
  });

  test('the answer says the same for every range up to the lookback, and no guess beyond it', () => {
    const uniques = (from: string, to: string) => Reflect.get(engine.answer(metric, questionOf(metric, { events: [], from, to }).request), 'uniques');
    expect([uniques('2026-11-02', '2026-11-04'), uniques('2026-11-02', '2026-11-05')]).toEqual([2, 3]);
    expect(uniques('2026-11-01', '2026-11-05')).toBeNull();
  });
});
