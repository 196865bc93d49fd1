/** Whole months of the map constructor, and the current one as far as it has gone, in time order. */
import { createRandom, type Random } from '../random.ts';
import type { SampleEvent } from '../record.ts';
import { DAY_MS, HOUR_MS, timeOfDay } from '../time-of-day.ts';
import { createMaker, type Maker } from './people.ts';
import { type CohortPlan, cohortPlan } from './plan.ts';
import { writeRecord } from './record.ts';
import { type Draft, firstVisit, look, pay, session } from './visit.ts';

export interface MapHistoryOptions {
  readonly seed: number;
  /** So many people of the worked example are one person here: 50 gives about 40,000 events in six months. */
  readonly scale: number;
  /** Whole calendar months (UTC) before the month of `endMs`: as many cohorts, and that of the running month. */
  readonly months: number;
  /** Every event is earlier. */
  readonly endMs: number;
}

const LOCAL = { offsetMs: 0, hourWeights: [4, 2, 1, 1, 1, 2, 5, 10, 22, 34, 40, 42, 38, 36, 40, 42, 40, 38, 42, 46, 44, 36, 24, 12] };
/** What begins in a month ends in it. */
const LAST_ARRIVAL_MS = 6 * HOUR_MS;
const LAST_SESSION_MS = 2 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** People who look at the landing page and go, for each who registers. */
const LOOKERS_PER_NEWCOMER = 0.7;
/** Of a month's newcomers, beside those who will pay. */
const TRIAL_SHARE = 0.24;
/** Of a month's newcomers: those who come more than five times in the first week. */
const EAGER_SHARE = 0.06;

/** Seeded and deterministic: the same options give the same bytes. */
export function* mapHistory(options: MapHistoryOptions): Generator<SampleEvent> {
  const drafts = draftHistory(options).sort((left, right) => left.timeMs - right.timeMs);
  const prefix = `map-h${options.seed.toString(36)}-${options.endMs.toString(36)}-`;
  let count = 0;
  for (const draft of drafts) yield writeRecord(draft, prefix + String(count++).padStart(6, '0'), draft.timeMs, 'plain');
}

/** Epoch ms of the first instant of the month that lies `months` before that of `timeMs`; negative: after it. */
export function monthStartMs(timeMs: number, months: number): number {
  const date = new Date(timeMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1);
}

/** The person of a rank in a cohort: 0 stays longest. */
export function memberOf(
  cohort: { readonly index: number; readonly startMs: number; readonly newcomers: number },
  rank: number,
  seed: number,
): Maker {
  const joined = new Date(cohort.startMs).toISOString().slice(0, 7);
  return createMaker({
    seed,
    id: `maker-${joined}-${String(rank + 1).padStart(4, '0')}`,
    isAnonymous: false,
    joined,
    fickleness: rank / cohort.newcomers,
    cohort: cohort.index,
    stream: 1_000_000 + cohort.index * 100_000 + rank,
  });
}

function draftHistory({ seed, scale, months, endMs }: MapHistoryOptions): Draft[] {
  const drafts: Draft[] = [];
  for (let index = 0; index <= months; index++) {
    const plan = cohortPlan(index, scale);
    const startMs = monthStartMs(endMs, months - index);
    for (let rank = 0; rank < plan.newcomers; rank++) {
      const person = memberOf({ index, startMs, newcomers: plan.newcomers }, rank, seed);
      const random = createRandom(seed, 3_000_000 + index * 100_000 + rank);
      const scene = { random, pace: 1, drafts };
      firstMonth(scene, { person, plan, rank, startMs, endMs: monthStartMs(startMs, -1) });
      for (let age = 1; index + age <= months && rank < plan.staying(age); age++) {
        const month = { startMs: monthStartMs(startMs, -age), endMs: monthStartMs(startMs, -age - 1) };
        laterMonth(scene, { person, plan, rank, age, ...month });
      }
    }
    addLookers({ seed, index, startMs, drafts, count: Math.round(plan.newcomers * LOOKERS_PER_NEWCOMER) });
  }
  return drafts.filter(({ timeMs }) => timeMs < endMs);
}

interface PersonMonth {
  readonly person: Maker;
  readonly plan: CohortPlan;
  readonly rank: number;
  readonly startMs: number;
  readonly endMs: number;
}

interface Scene {
  readonly random: Random;
  readonly pace: number;
  readonly drafts: Draft[];
}

function firstMonth(scene: Scene, { person, plan, rank, startMs, endMs }: PersonMonth): void {
  const { random } = scene;
  const arrivalMs = timeWithin(random, startMs, endMs - LAST_ARRIVAL_MS);
  const isPayer = rank < plan.paying(0);
  firstVisit(scene, person, arrivalMs, isPayer || random.chance(TRIAL_SHARE));
  const isEager = rank < plan.newcomers * EAGER_SHARE;
  const lastMs = endMs - LAST_SESSION_MS;
  const sessions = isEager ? random.whole(5, 7) : random.weighted([55, 32, 13]);
  for (let left = sessions; left > 0; left--) {
    const untilMs = isEager ? Math.min(arrivalMs + WEEK_MS - LAST_SESSION_MS, lastMs) : lastMs;
    session(scene, person, timeWithin(random, arrivalMs + 3 * HOUR_MS, untilMs));
  }
  if (isPayer)
    pay(scene, person, random.between(arrivalMs + 3 * HOUR_MS, Math.min(arrivalMs + 12 * DAY_MS, endMs - HOUR_MS)), plan.amountCents(0, rank));
}

function laterMonth(scene: Scene, { person, plan, rank, age, startMs, endMs }: PersonMonth & { readonly age: number }): void {
  const { random } = scene;
  const lastMs = endMs - LAST_SESSION_MS;
  for (let left = random.whole(1, 3); left > 0; left--) session(scene, person, timeWithin(random, startMs, lastMs));
  if (rank < plan.paying(age)) pay(scene, person, random.between(startMs, lastMs), plan.amountCents(age, rank));
}

function addLookers({ seed, index, startMs, drafts, count }: { seed: number; index: number; startMs: number; drafts: Draft[]; count: number }): void {
  const random = createRandom(seed, 4_000_000 + index);
  const endMs = monthStartMs(startMs, -1) - HOUR_MS;
  for (let number = 0; number < count; number++) {
    const id = `look-${new Date(startMs).toISOString().slice(0, 7)}-${String(number + 1).padStart(4, '0')}`;
    const stream = 5_000_000 + index * 100_000 + number;
    const person = createMaker({ seed, id, isAnonymous: true, joined: '', fickleness: 1, cohort: index, stream });
    look({ random, pace: 1, drafts }, person, timeWithin(random, startMs, endMs));
  }
}

/** More by day than by night. */
function timeWithin(random: Random, fromMs: number, toMs: number): number {
  const dayMs = Math.floor(random.between(fromMs, toMs) / DAY_MS) * DAY_MS;
  return Math.min(Math.max(timeOfDay(random, dayMs, LOCAL), fromMs), toMs);
}
