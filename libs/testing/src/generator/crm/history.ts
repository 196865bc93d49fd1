/** Some months of the sample CRM, in time order: trials, subscriptions, and the daily work of those who have one. */
import { createRandom, type Random } from '../random.ts';
import type { SampleEvent } from '../record.ts';
import { DAY_MS, HOUR_MS, timeOfDay, weekdayAt } from '../time-of-day.ts';
import { type Company, createCompany, type Seat, TRIAL_DAYS } from './companies.ts';
import { writeRecord } from './record.ts';
import { add, type CrmScene, type Draft, lookAround, work } from './visit.ts';

export interface CrmHistoryOptions {
  readonly seed: number;
  readonly companies: number;
  readonly days: number;
  /** About how many events; the same options always give the same number. */
  readonly events: number;
  /** Every event lies in [endMs − days, endMs). */
  readonly endMs: number;
}

/** The companies work in Berlin. */
const LOCAL = { offsetMs: HOUR_MS, hourWeights: [0, 0, 0, 0, 0, 1, 4, 20, 48, 56, 54, 50, 34, 46, 52, 50, 44, 30, 14, 8, 6, 4, 2, 1] };
const WEEKDAY_WEIGHTS = [0.06, 1.1, 1.15, 1.1, 1.05, 0.85, 0.08];
/** So many days before the end, and for so long, everybody has a holiday: a dip that is no churn. */
const HOLIDAY = { daysBeforeEnd: 52, days: 5, share: 0.15 };
const TRIAL_SEATS = 3;
/** People who look at the site and go, for each company that tries. */
const LOOKERS_PER_COMPANY = 7;
const PILOT_SESSIONS = 2000;

/** Seeded and deterministic: the same options give the same bytes. */
export function* crmHistory(options: CrmHistoryOptions): Generator<SampleEvent> {
  const drafts = draftHistory(options).sort((left, right) => left.timeMs - right.timeMs);
  const prefix = `crm-h${options.seed.toString(36)}-${options.endMs.toString(36)}-`;
  let count = 0;
  for (const draft of drafts) yield writeRecord(draft, prefix + String(count++).padStart(6, '0'), draft.timeMs, 'plain');
}

/** Somebody who only looks: no company's seat. */
export function createLooker(id: string, random: Random): Seat {
  const company = { ...createCompany(0, 0, 1), id: '', seats: [], plan: 'none' };
  const device = random.chance(0.5) ? 'desktop' : 'phone';
  return { id, isAnonymous: true, role: 'visitor', rhythm: 'none', device, appetite: 0, useCases: [], company };
}

function draftHistory(options: CrmHistoryOptions): Draft[] {
  const { seed, companies, days, events, endMs } = options;
  const startMs = endMs - days * DAY_MS;
  const drafts: Draft[] = [];
  const customers = Array.from({ length: companies }, (_, index) => createCompany(seed, index, days));
  const lookers = createRandom(seed, 3_000_000);
  for (const company of customers) {
    const random = createRandom(seed, 4_000_000 + company.index);
    decide({ random, pace: 1, drafts }, company, startMs);
    for (let number = 0; number < LOOKERS_PER_COMPANY && company.startDay >= 0; number++) {
      const looker = createLooker(`look-${String(company.index + 1).padStart(4, '0')}-${number + 1}`, lookers);
      lookAround({ random: lookers, pace: 1, drafts }, looker, timeOfDay(lookers, startMs + lookers.whole(0, days - 1) * DAY_MS, LOCAL));
    }
  }
  const seats = customers.flatMap((company) => company.seats);
  let wanted = 0;
  forEachDay(seats, { days, startMs }, (_seat, _day, expected) => {
    wanted += expected;
  });
  const rate = Math.max(0, events - drafts.length) / eventsPerWork(seed) / wanted;
  const random = createRandom(seed, 2_000_000);
  forEachDay(seats, { days, startMs }, (seat, dayMs, expected) => {
    const sessions = Math.floor(rate * expected) + (random.chance((rate * expected) % 1) ? 1 : 0);
    for (let left = sessions; left > 0; left--) work({ random, pace: 1, drafts }, seat, timeOfDay(random, dayMs, LOCAL));
  });
  return drafts.filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs);
}

/** What a company as a whole does: one of its people looks at the site, tries, pays, changes the plan, cancels. */
function decide(scene: CrmScene, company: Company, startMs: number): void {
  const { random } = scene;
  const person = company.seats.find(({ role }) => role !== 'admin') ?? company.seats[0];
  if (person === undefined) return;
  const at = (day: number): number => timeOfDay(random, startMs + day * DAY_MS, LOCAL);
  const { startDay, paysAfterDays, cancelDay, changeDay } = company;
  if (startDay >= 0) {
    const trialMs = at(startDay);
    lookAround(scene, person, trialMs - random.between(0.1, 90) * HOUR_MS);
    add(scene, person, 'Trial Started', trialMs);
    if (paysAfterDays !== null) add(scene, person, 'Subscription Started', at(startDay + paysAfterDays));
  }
  if (paysAfterDays === null) return;
  if (changeDay < cancelDay && company.changesTo !== company.firstPlan) add(scene, person, 'Plan Changed', at(changeDay));
  add(scene, person, 'Subscription Cancelled', at(cancelDay));
}

/** Calls with each day on which a person may work, and how much of it there is. */
function forEachDay(
  seats: readonly Seat[],
  { days, startMs }: { readonly days: number; readonly startMs: number },
  each: (seat: Seat, dayMs: number, expected: number) => void,
): void {
  for (const seat of seats) {
    const { startDay, paysAfterDays, cancelDay, seats: all } = seat.company;
    const isEarly = all.indexOf(seat) < TRIAL_SEATS;
    const firstDay = isEarly ? startDay + 1 : startDay + (paysAfterDays ?? TRIAL_DAYS) + 1;
    const endDay = paysAfterDays === null ? (isEarly ? startDay + TRIAL_DAYS : firstDay) : cancelDay;
    for (let day = Math.max(0, firstDay); day < Math.min(days, endDay); day++) {
      const dayMs = startMs + day * DAY_MS;
      const daysLeft = days - day;
      const isHoliday = daysLeft <= HOLIDAY.daysBeforeEnd && daysLeft > HOLIDAY.daysBeforeEnd - HOLIDAY.days;
      each(seat, dayMs, seat.appetite * (WEEKDAY_WEIGHTS[weekdayAt(dayMs, LOCAL)] ?? 1) * (isHoliday ? HOLIDAY.share : 1));
    }
  }
}

/** Mean number of events of a session of work. */
export function eventsPerWork(seed: number): number {
  const drafts: Draft[] = [];
  const random = createRandom(seed, 2);
  const [person] = createCompany(seed, 0, 1).seats;
  if (person === undefined) return 1;
  for (let session = 0; session < PILOT_SESSIONS; session++) work({ random, pace: 1, drafts }, person, 0);
  return drafts.length / PILOT_SESSIONS;
}
