/** What people do in the sample CRM: look at the site, try, pay, work. */
import { type Scene, waitMs } from '../scene.ts';
import type { Seat } from './companies.ts';

/** The five things that the CRM is for; who does more of them stays longer. */
export const USE_CASE_EVENTS = ['Contact Added', 'Deal Moved', 'Task Completed', 'Email Sent', 'Report Opened'] as const;

export type EventName =
  | (typeof USE_CASE_EVENTS)[number]
  | 'Site Visited'
  | 'Trial Started'
  | 'Subscription Started'
  | 'Plan Changed'
  | 'Subscription Cancelled'
  | 'Signed In'
  | 'Automation Run'
  | 'page';

/** An event before it has an id and bytes. `detail` picks among pages. */
export interface Draft {
  readonly timeMs: number;
  readonly person: Seat;
  readonly name: EventName;
  readonly detail: number;
}

export type CrmScene = Scene<Draft>;

/** Signs in and works at what this person does in the CRM. */
export function work(scene: CrmScene, person: Seat, startMs: number): void {
  const { random } = scene;
  let now = startMs;
  add(scene, person, 'Signed In', now);
  for (let step = random.whole(2, 6); step > 0; step--) {
    now += waitMs(scene, 0.5, 14);
    const useCase = person.useCases[random.whole(0, person.useCases.length - 1)] ?? 0;
    add(scene, person, USE_CASE_EVENTS[useCase] ?? 'Contact Added', now);
  }
  // The more somebody does, the likelier is the newest feature.
  if (person.role !== 'admin' && random.chance(0.04 * person.useCases.length)) add(scene, person, 'Automation Run', now + waitMs(scene, 0.5, 3));
}

export function lookAround(scene: CrmScene, person: Seat, startMs: number): void {
  let now = startMs;
  add(scene, person, 'Site Visited', now);
  for (let page = scene.random.whole(0, 2); page > 0; page--) {
    now += waitMs(scene, 0.2, 4);
    add(scene, person, 'page', now);
  }
}

export function add({ random, drafts }: CrmScene, person: Seat, name: EventName, timeMs: number): void {
  drafts.push({ timeMs: Math.floor(timeMs), person, name, detail: random.whole(0, 999) });
}
