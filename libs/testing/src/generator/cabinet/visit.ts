/** What people do once they come: the scripts of a cabinet session, a call to the call centre and a visit to the workshop. */
import type { Random } from '../random.ts';
import { type Scene, waitMs } from '../scene.ts';
import type { Person } from './people.ts';

export const EVENT_NAMES = [
  'Cabinet Opened',
  'Slot Chosen',
  'Service Booked',
  'Service Visited',
  'Video Report Sent',
  'Video Report Viewed',
  'Work Approved',
  'Chat Opened',
  'Message Sent',
  'Offer Shown',
  'Offer Opened',
  'Order Completed',
  'page',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** An event before it has an id and bytes. `amountCents` −1: no amount; `detail` picks among offers, pages or slots. */
export interface Draft {
  readonly timeMs: number;
  readonly person: Person;
  readonly name: EventName;
  readonly channel: string;
  readonly amountCents: number;
  readonly detail: number;
}

const DAY_MS = 86_400_000;

type CabinetScene = Scene<Draft>;

/** A session in the cabinet, a booking by phone, or (from a booking made before) a visit to the workshop. */
export function enact(scene: CabinetScene, person: Person, startMs: number): void {
  const kind = scene.random.weighted([88, 6, 6]);
  if (kind === 0) cabinetSession(scene, person, startMs);
  else if (kind === 1) book(scene, person, startMs, 'call_centre');
  else workshop(scene, person, startMs);
}

/** Opens the cabinet, looks around, and perhaps books, chats or opens an offer. */
export function cabinetSession(scene: CabinetScene, person: Person, startMs: number): void {
  const { random } = scene;
  let now = startMs;
  add(scene, person, 'Cabinet Opened', now);
  for (let page = random.whole(0, 3); page > 0; page--) {
    now += waitMs(scene, 0.1, 2);
    add(scene, person, 'page', now);
  }
  if (random.chance(0.42)) offers(scene, person, now + waitMs(scene, 0.05, 1));
  const errand = random.weighted([40, 17, 43]);
  if (errand === 0) booking(scene, person, now);
  else if (errand === 1) chat(scene, person, now);
}

function booking(scene: CabinetScene, person: Person, startMs: number): void {
  const { random } = scene;
  let now = startMs;
  // Some look for a slot again and again, the others once; half of them give up.
  for (let attempt = random.weighted([24, 50, 17, 9]); attempt > 0; attempt--) {
    now += waitMs(scene, 0.3, 4);
    add(scene, person, 'Slot Chosen', now);
    if (random.chance(0.38)) {
      book(scene, person, now + waitMs(scene, 0.3, 5), person.channel);
      return;
    }
    if (random.chance(0.12)) now += waitMs(scene, 60, 30 * 60);
  }
}

function chat(scene: CabinetScene, person: Person, startMs: number): void {
  const { random } = scene;
  let now = startMs + waitMs(scene, 0.2, 3);
  add(scene, person, 'Chat Opened', now);
  if (!random.chance(0.72)) return;
  for (let message = random.whole(1, 4); message > 0; message--) {
    now += waitMs(scene, 0.2, 6);
    add(scene, person, 'Message Sent', now);
  }
  if (random.chance(0.24)) book(scene, person, now + waitMs(scene, 1, 40), person.channel);
}

function offers(scene: CabinetScene, person: Person, startMs: number): void {
  const { random } = scene;
  let now = startMs;
  for (let offer = random.whole(1, 3); offer > 0; offer--) {
    add(scene, person, 'Offer Shown', now);
    if (random.chance(person.source === 'promo' ? 0.24 : 0.14)) add(scene, person, 'Offer Opened', now + waitMs(scene, 0.05, 0.6));
    now += waitMs(scene, 0.1, 1);
  }
}

function book(scene: CabinetScene, person: Person, timeMs: number, channel: string): void {
  scene.drafts.push({ timeMs: Math.floor(timeMs), person, name: 'Service Booked', channel, amountCents: -1, detail: scene.random.whole(0, 999) });
  // At a live pace the appointment days ahead would come at once: there, visits are scenes of their own.
  if (scene.pace === 1 && scene.random.chance(0.84)) workshop(scene, person, timeMs + scene.random.between(1, 9) * DAY_MS);
}

/** The car is in; a video report is sent, perhaps watched, perhaps the work approved; the order completes. */
function workshop(scene: CabinetScene, person: Person, startMs: number): void {
  const { random } = scene;
  add(scene, person, 'Service Visited', startMs);
  let now = startMs + waitMs(scene, 60, 180);
  if (random.chance(0.74)) {
    add(scene, person, 'Video Report Sent', now);
    if (random.chance(0.66)) {
      now += waitMs(scene, 3, random.chance(0.7) ? 90 : 20 * 60);
      add(scene, person, 'Video Report Viewed', now);
      if (random.chance(0.58)) {
        now += waitMs(scene, 1, 60);
        add(scene, person, 'Work Approved', now, amount(random, 9_000));
      }
    }
  }
  if (random.chance(0.9)) add(scene, person, 'Order Completed', now + waitMs(scene, 60, 300), amount(random, 14_000));
}

function add(scene: CabinetScene, person: Person, name: EventName, timeMs: number, amountCents = -1): void {
  scene.drafts.push({ timeMs: Math.floor(timeMs), person, name, channel: person.channel, amountCents, detail: scene.random.whole(0, 999) });
}

/** Long-tailed amounts around a middle one, to the cent. */
function amount(random: Random, middle: number): number {
  return Math.round(middle * Math.exp(0.6 * random.bell()) * 100);
}
