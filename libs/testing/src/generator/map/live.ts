/** The map constructor going on in real time: only the running month's cohort grows, so that what the months before tell stays as it was. */
import { LIVE_PACE, type LiveRate, type LiveSource, liveSource } from '../live.ts';
import { createRandom, type Random } from '../random.ts';
import { type MapHistoryOptions, memberOf, monthStartMs } from './history.ts';
import { createMaker, type Maker } from './people.ts';
import { cohortPlan } from './plan.ts';
import { writeRecord } from './record.ts';
import { type Draft, firstVisit, look, pay, session } from './visit.ts';

export interface MapLiveOptions extends LiveRate, Pick<MapHistoryOptions, 'scale' | 'months'> {
  /** The end of the history with the same seed. */
  readonly historyEndMs: number;
}

const PILOT_SESSIONS = 2000;
const PRICE_CENTS = 490;

interface Crowd {
  readonly options: MapLiveOptions;
  /** Those whom the plan has active in this month. */
  monthMs: number;
  active: Maker[];
  newcomers: number;
}

export function mapLive(options: MapLiveOptions): LiveSource {
  return liveSource<Draft>(options, {
    idPrefix: 'map-l',
    eventsPerSession: eventsPerSession(options),
    session: sessionsOf(options),
    write: writeRecord,
  });
}

function sessionsOf(options: MapLiveOptions): (random: Random, startMs: number) => Draft[] {
  const crowd: Crowd = { options, monthMs: Number.NEGATIVE_INFINITY, active: [], newcomers: 0 };
  return (random, startMs) => {
    const monthMs = monthStartMs(startMs, 0);
    if (monthMs !== crowd.monthMs) Object.assign(crowd, { monthMs, active: activeIn(options, monthMs) });
    const drafts: Draft[] = [];
    const scene = { random, pace: LIVE_PACE, drafts };
    const kind = random.weighted([20, 2, 78]);
    const known = crowd.active[random.whole(0, crowd.active.length - 1)];
    if (kind === 0) look(scene, newcomer(crowd, { joined: '', isAnonymous: true }), startMs);
    else if (kind === 1 || known === undefined) arrive(scene, crowd, startMs);
    else {
      session(scene, known, startMs);
      if (isOfThisMonth(known, monthMs) && random.chance(0.01)) pay(scene, known, startMs, PRICE_CENTS);
    }
    return drafts;
  };
}

function arrive(scene: { random: Random; pace: number; drafts: Draft[] }, crowd: Crowd, startMs: number): void {
  const person = newcomer(crowd, { joined: new Date(crowd.monthMs).toISOString().slice(0, 7), isAnonymous: false });
  crowd.active.push(person);
  firstVisit(scene, person, startMs, scene.random.chance(0.3));
}

function newcomer(crowd: Crowd, traits: { readonly joined: string; readonly isAnonymous: boolean }): Maker {
  const { seed, startMs, months } = crowd.options;
  const number = crowd.newcomers++;
  const id = `${traits.isAnonymous ? 'look' : 'maker'}-${Math.floor(startMs / 1000).toString(36)}-${String(number + 1).padStart(5, '0')}`;
  return createMaker({ seed, id, fickleness: 1, cohort: months, stream: 7_000_000 + number, ...traits });
}

function isOfThisMonth({ joined }: Maker, monthMs: number): boolean {
  return joined === new Date(monthMs).toISOString().slice(0, 7);
}

function activeIn({ seed, scale, months, historyEndMs }: MapLiveOptions, monthMs: number): Maker[] {
  const active: Maker[] = [];
  for (let index = 0; index <= months; index++) {
    const startMs = monthStartMs(historyEndMs, months - index);
    const age = monthsBetween(startMs, monthMs);
    if (age < 0) continue;
    const plan = cohortPlan(index, scale);
    for (let rank = 0; rank < plan.staying(age); rank++) {
      const person = memberOf({ index, startMs, newcomers: plan.newcomers }, rank, seed);
      if (rank < plan.paying(age)) person.plan = 'pro';
      active.push(person);
    }
  }
  return active;
}

function monthsBetween(fromMs: number, toMs: number): number {
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  return 12 * (to.getUTCFullYear() - from.getUTCFullYear()) + to.getUTCMonth() - from.getUTCMonth();
}

function eventsPerSession(options: MapLiveOptions): number {
  const random = createRandom(options.seed, 2);
  const next = sessionsOf(options);
  let drafts = 0;
  for (let count = 0; count < PILOT_SESSIONS; count++) drafts += next(random, options.startMs).length;
  return drafts / PILOT_SESSIONS;
}
