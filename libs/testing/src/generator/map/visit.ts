/** What people do in the map constructor: the first visit, a session at the map, a look at the landing page. */
import { type Scene, waitMs } from '../scene.ts';
import type { Maker } from './people.ts';

export type EventName =
  | 'Landing Visited'
  | 'Signed Up'
  | 'Invite Accepted'
  | 'Session Started'
  | 'Tutorial Finished'
  | 'Trial Started'
  | 'Payment Made'
  | 'Layer Added'
  | 'Place Added'
  | 'Map Published'
  | 'Level Reached'
  | 'Invite Sent'
  | 'Survey Answered'
  | 'page';

/** An event before it has an id and bytes. `amountCents` −1: no amount; `detail` picks among pages, layers and scores. */
export interface Draft {
  readonly timeMs: number;
  readonly person: Maker;
  readonly name: EventName;
  readonly amountCents: number;
  readonly detail: number;
}

type MapScene = Scene<Draft>;

/** Lands, registers, begins the first session, and perhaps a trial. Takes less than two hours. */
export function firstVisit(scene: MapScene, person: Maker, startMs: number, isTrial: boolean): void {
  const { random } = scene;
  let now = startMs;
  add(scene, person, 'Landing Visited', now);
  now += waitMs(scene, 0.5, 8);
  add(scene, person, 'Signed Up', now);
  if (person.isInvited) add(scene, person, 'Invite Accepted', now);
  now += waitMs(scene, 0.1, 2);
  add(scene, person, 'Session Started', now);
  if (random.chance(0.62)) {
    now += waitMs(scene, 4, 25);
    add(scene, person, 'Tutorial Finished', now);
  }
  work(scene, person, now);
  if (isTrial) add(scene, person, 'Trial Started', now + waitMs(scene, 15, 40));
}

/** A session at the map. Takes less than an hour. */
export function session(scene: MapScene, person: Maker, startMs: number): void {
  add(scene, person, 'Session Started', startMs);
  work(scene, person, startMs);
}

export function pay(scene: MapScene, person: Maker, timeMs: number, amountCents: number): void {
  add(scene, person, 'Payment Made', timeMs, amountCents);
}

/** Looks at the landing page and goes. */
export function look(scene: MapScene, person: Maker, startMs: number): void {
  add(scene, person, 'Landing Visited', startMs);
  if (scene.random.chance(0.35)) add(scene, person, 'page', startMs + waitMs(scene, 0.2, 3));
}

function work(scene: MapScene, person: Maker, startMs: number): void {
  const { random } = scene;
  let now = startMs;
  for (let step = random.whole(1, 2); step > 0; step--) {
    now += waitMs(scene, 0.3, 5);
    add(scene, person, random.chance(0.4) ? 'Layer Added' : 'Place Added', now);
  }
  if (random.chance(0.3)) add(scene, person, 'Map Published', now + waitMs(scene, 0.5, 5));
  if (random.chance(0.4)) add(scene, person, 'Level Reached', now + waitMs(scene, 5, 6));
  if (random.chance(0.09)) add(scene, person, 'Invite Sent', now + waitMs(scene, 0.2, 4));
  if (random.chance(0.05)) add(scene, person, 'Survey Answered', now + waitMs(scene, 1, 8));
}

function add(scene: MapScene, person: Maker, name: EventName, timeMs: number, amountCents = -1): void {
  scene.drafts.push({ timeMs: Math.floor(timeMs), person, name, amountCents, detail: scene.random.whole(0, 999) });
}
