/** Sixty days of the sample dealer's cabinet, in time order: what a fresh installation is filled with. */
import { createRandom } from '../random.ts';
import type { SampleEvent } from '../record.ts';
import { DAY_MS, HOUR_MS, timeOfDay } from '../time-of-day.ts';
import { createPerson, type Person } from './people.ts';
import { writeRecord } from './record.ts';
import { cabinetSession, type Draft, enact } from './visit.ts';

export interface HistoryOptions {
  readonly seed: number;
  /** How many people; 5,000 in the demonstration. */
  readonly people: number;
  readonly days: number;
  /** About how many events; the same options always give the same number. */
  readonly events: number;
  /** Every event lies in [endMs − days, endMs). */
  readonly endMs: number;
}

/** The dealer lives in Yerevan. */
const LOCAL = {
  offsetMs: 4 * HOUR_MS,
  hourWeights: [2, 1, 1, 1, 1, 2, 5, 14, 30, 42, 45, 42, 38, 36, 38, 40, 42, 46, 50, 52, 46, 34, 18, 7],
};
/** From Thursday, the first day of the epoch: busy before the weekend, quiet on Sunday. */
const WEEKDAY_WEIGHTS = [1.08, 1.18, 0.92, 0.55, 1.12, 1.06, 1.04];
const PILOT_SESSIONS = 3000;

/** Seeded and deterministic: the same options give the same bytes. All events are drafted first (about 100 bytes each), written as they are taken. */
export function* cabinetHistory(options: HistoryOptions): Generator<SampleEvent> {
  const drafts = draftHistory(options).sort((left, right) => left.timeMs - right.timeMs);
  const prefix = `h${options.seed.toString(36)}-${options.endMs.toString(36)}-`;
  let count = 0;
  for (const draft of drafts) yield writeRecord(draft, prefix + String(count++).padStart(7, '0'), draft.timeMs, 'plain');
}

interface Life {
  readonly person: Person;
  /** Index of the first day with the person, and the age in days that it has then. */
  readonly firstDay: number;
  readonly ageAtFirst: number;
}

function draftHistory({ seed, people, days, events, endMs }: HistoryOptions): Draft[] {
  const startMs = endMs - days * DAY_MS;
  const lives = Array.from({ length: people }, (_, index) => lifeOf(createPerson(seed, index), days));
  const rate = sessionRate(lives, { seed, days, events, startMs });
  const drafts: Draft[] = [];
  for (const life of lives) {
    const random = createRandom(seed, 2_000_000 + life.person.index);
    for (let day = life.firstDay; day < days; day++) {
      const dayMs = startMs + day * DAY_MS;
      const isArrival = day === life.firstDay && life.ageAtFirst === 0;
      const expected = rate * appetite(life, day, dayMs);
      const sessions = Math.floor(expected) + (random.chance(expected % 1) ? 1 : 0);
      if (isArrival) cabinetSession({ random, pace: 1, drafts }, life.person, timeOfDay(random, dayMs, LOCAL));
      for (let session = isArrival ? 1 : 0; session < sessions; session++)
        enact({ random, pace: 1, drafts }, life.person, timeOfDay(random, dayMs, LOCAL));
    }
  }
  return drafts.filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs);
}

function lifeOf(person: Person, days: number): Life {
  if (person.arrival >= 0) return { person, firstDay: Math.min(days - 1, Math.floor(person.arrival * days)), ageAtFirst: 0 };
  return { person, firstDay: 0, ageAtFirst: 1 + Math.floor(-person.arrival * 90) };
}

/** How much a person wants to come on a day: fresh interest fades with a half-life of about eight days to a steady quarter. */
function appetite({ person, firstDay, ageAtFirst }: Life, day: number, dayMs: number): number {
  const age = ageAtFirst + day - firstDay;
  const weekday = Math.floor((dayMs + LOCAL.offsetMs) / DAY_MS) % 7;
  return person.loyalty * (0.25 + 0.75 * Math.exp(-age / 12)) * (WEEKDAY_WEIGHTS[weekday] ?? 1);
}

/** Sessions per unit of appetite, so that the whole comes to about `events`; a pilot run measures how many events a session has. */
function sessionRate(
  lives: readonly Life[],
  { seed, days, events, startMs }: Pick<HistoryOptions, 'seed' | 'days' | 'events'> & { startMs: number },
): number {
  const [first] = lives;
  if (first === undefined) return 0;
  const pilot: Draft[] = [];
  const random = createRandom(seed, 1);
  for (let session = 0; session < PILOT_SESSIONS; session++) enact({ random, pace: 1, drafts: pilot }, first.person, startMs);
  let wanted = 0;
  for (const life of lives) for (let day = life.firstDay; day < days; day++) wanted += appetite(life, day, startMs + day * DAY_MS);
  return (events * PILOT_SESSIONS) / pilot.length / wanted;
}
