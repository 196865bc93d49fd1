/** The sample cabinet going on in real time. */
import { LIVE_PACE, type LiveRate, type LiveSource, liveSource } from '../live.ts';
import { createRandom, type Random } from '../random.ts';
import { createPerson, type Person } from './people.ts';
import { writeRecord } from './record.ts';
import { type Draft, enact } from './visit.ts';

export interface LiveOptions extends LiveRate {
  /** The people of the history with the same seed; newcomers are numbered after them. */
  readonly people: number;
}

const NEWCOMER_SHARE = 0.04;
const PILOT_SESSIONS = 2000;

interface Crowd {
  readonly seed: number;
  readonly known: Map<number, Person>;
  people: number;
}

export function cabinetLive(options: LiveOptions): LiveSource {
  const crowd: Crowd = { seed: options.seed, known: new Map(), people: options.people };
  return liveSource<Draft>(options, {
    idPrefix: 'l',
    eventsPerSession: eventsPerSession(options.seed),
    session(random, startMs) {
      const drafts: Draft[] = [];
      const person = visitor(crowd, random);
      enact({ random, pace: LIVE_PACE, drafts }, person, startMs);
      return drafts;
    },
    write: writeRecord,
  });
}

/** Mostly the people of the history; now and then someone new, who may come again. */
function visitor(crowd: Crowd, random: Random): Person {
  if (crowd.people > 0 && !random.chance(NEWCOMER_SHARE)) return personAt(crowd, random.whole(0, crowd.people - 1));
  crowd.people++;
  return personAt(crowd, crowd.people - 1);
}

function personAt({ seed, known }: Crowd, index: number): Person {
  const person = known.get(index) ?? createPerson(seed, index);
  known.set(index, person);
  return person;
}

function eventsPerSession(seed: number): number {
  const drafts: Draft[] = [];
  const random = createRandom(seed, 2);
  const person = createPerson(seed, 0);
  for (let session = 0; session < PILOT_SESSIONS; session++) enact({ random, pace: LIVE_PACE, drafts }, person, 0);
  return drafts.length / PILOT_SESSIONS;
}
