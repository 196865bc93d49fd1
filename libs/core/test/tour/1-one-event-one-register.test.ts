/** Tour, 1 of 4: an event comes in, one register remembers it, and asking the register again changes nothing. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { NO_BUCKET } from '../../src/state/bucket-sets.ts';
import { createCalendar } from '../../src/time/calendar.ts';
import { Engine } from '../fold/engine.ts';
import { activity, event, questionOf, select } from '../recompute/examples.ts';

/** "On which days did each person open the app?" Nothing more is asked of this partition. */
const metric = activity({ event: select('App Opened'), unit: 'day' });
const days = createCalendar({ zone: 'UTC', unit: 'day', weekStart: 'monday' });
const day = (name: string) => days.parse(name) ?? NO_BUCKET;
/** A record: the event, the actor's number, and the instant at which the log took it in. */
const record = (name: string, time: string) => ({ ...event('ann', name, time), actorNumber: 0, recordMs: Date.parse(`${time}Z`) });

describe('one event, one register', () => {
  const engine = new Engine(questionOf(metric, { events: [], from: '2026-11-01', to: '2026-11-01' }).set, DEFAULT_SETTINGS);
  const [fold] = engine.folds;
  const register = fold?.state.bucketSets[0]?.store;
  const annsDays = () => ['2026-11-01', '2026-11-02', '2026-11-03'].filter((name) => register?.has(0, day(name)));

  test('before the first event the register has no row: people who never came take no memory', () => {
    expect([fold?.state.bucketSets.length, register?.size]).toEqual([1, 0]);
  });

  test('Ann opens the app on the first: her row holds one bit, that of the day', () => {
    engine.send(record('App Opened', '2026-11-01T08:00'));
    expect([register?.size, annsDays()]).toEqual([1, ['2026-11-01']]);
  });

  test('she opens it again at noon: the day is in the set already, and no register changes', () => {
    engine.send(record('App Opened', '2026-11-01T12:00'));
    expect([register?.size, annsDays()]).toEqual([1, ['2026-11-01']]);
  });

  test('an event of another name is counted as applied and touches nothing', () => {
    engine.send(record('App Closed', '2026-11-02T12:10'));
    expect([fold?.state.counters.toRecord().applied, annsDays()]).toEqual([3, ['2026-11-01']]);
  });

  test('she comes back on the third: the register knows which day was before it, which is all that activity needs', () => {
    engine.send(record('App Opened', '2026-11-03T09:00'));
    expect(annsDays()).toEqual(['2026-11-01', '2026-11-03']);
    expect(register?.previous(0, day('2026-11-03'))).toBe(day('2026-11-01'));
    expect(register?.previous(0, day('2026-11-01'))).toBe(NO_BUCKET);
  });
});
