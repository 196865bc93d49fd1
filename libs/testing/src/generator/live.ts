/** A sample world going on in real time, with the disorder of real traffic: out of order, repeated and late events. */
import { createRandom, type Random } from './random.ts';
import type { SampleEvent } from './record.ts';

/** Everything that has happened since the last call, in the order of delivery. Poll it as often as you like: the stream is the same. */
export type LiveSource = (nowMs: number) => SampleEvent[];

export interface LiveRate {
  readonly seed: number;
  /** Mean rate, the disorder included. */
  readonly eventsPerSecond: number;
  readonly startMs: number;
}

/** What a world adds: whose session comes next, what happens in it, and how an event is written. */
export interface LiveWorld<Draft extends { readonly timeMs: number }> {
  /** How message ids begin; no two worlds of one log share it. */
  readonly idPrefix: string;
  /** Mean number of drafts of a session. */
  readonly eventsPerSession: number;
  session(random: Random, startMs: number): readonly Draft[];
  write(draft: Draft, messageId: string, timeMs: number, meta: SampleEvent['meta']): SampleEvent;
}

/** A story of half an hour is told in about one minute. */
export const LIVE_PACE = 0.04;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const OUT_OF_ORDER_SHARE = 0.02;
const DUPLICATE_SHARE = 0.01;
const LATE_SHARE = 0.002;
/** After a longer pause (a sleeping laptop) what lies before is skipped: it would come as one flood. */
const LONGEST_GAP_MS = HOUR_MS;

interface Delivery<Draft> {
  readonly atMs: number;
  readonly order: number;
  readonly draft?: Draft;
  /** A finished record that is sent once more. */
  readonly again?: SampleEvent;
}

interface State<Draft extends { readonly timeMs: number }> {
  readonly rate: LiveRate;
  readonly world: LiveWorld<Draft>;
  readonly random: Random;
  readonly queue: Delivery<Draft>[];
  order: number;
  count: number;
  nextSessionMs: number;
}

export function liveSource<Draft extends { readonly timeMs: number }>(rate: LiveRate, world: LiveWorld<Draft>): LiveSource {
  const random = createRandom(rate.seed, 3_000_000 + Math.floor(rate.startMs / 1000));
  const state: State<Draft> = { rate, world, random, queue: [], order: 0, count: 0, nextSessionMs: rate.startMs };
  const meanGapMs = (1000 * world.eventsPerSession) / (rate.eventsPerSecond / (1 + DUPLICATE_SHARE));
  let calledMs = rate.startMs;
  return (nowMs) => {
    if (nowMs - calledMs > LONGEST_GAP_MS) skipTo(state, nowMs - LONGEST_GAP_MS);
    calledMs = Math.max(calledMs, nowMs);
    const events: SampleEvent[] = [];
    for (;;) {
      const dueMs = state.queue[0]?.atMs ?? Number.POSITIVE_INFINITY;
      if (Math.min(dueMs, state.nextSessionMs) > nowMs) return events;
      if (state.nextSessionMs <= dueMs) startSession(state, meanGapMs);
      else deliver(state, events);
    }
  };
}

function startSession<Draft extends { readonly timeMs: number }>(state: State<Draft>, meanGapMs: number): void {
  const { random, world } = state;
  for (const draft of world.session(random, state.nextSessionMs)) enqueue(state.queue, { atMs: draft.timeMs, order: state.order++, draft });
  state.nextSessionMs += -Math.log(1 - random.next()) * meanGapMs;
}

function deliver<Draft extends { readonly timeMs: number }>(state: State<Draft>, events: SampleEvent[]): void {
  const delivery = dequeue(state.queue);
  if (delivery?.again !== undefined) events.push(delivery.again);
  if (delivery?.draft === undefined) return;
  const { random, rate, world } = state;
  const luck = random.next();
  const { timeMs, meta } = disorder(random, luck, delivery.atMs);
  const id = `${world.idPrefix}${rate.seed.toString(36)}-${rate.startMs.toString(36)}-${String(state.count++).padStart(7, '0')}`;
  const event = world.write(delivery.draft, id, timeMs, meta);
  events.push(event);
  if (random.chance(DUPLICATE_SHARE))
    enqueue(state.queue, { atMs: delivery.atMs + random.between(0, MINUTE_MS), order: state.order++, again: { ...event, meta: 'duplicate' } });
}

/** Some events were held back on a phone without a network for minutes or hours, a few for more than the lateness of seven days. */
function disorder(random: Random, luck: number, atMs: number): Pick<SampleEvent, 'timeMs' | 'meta'> {
  if (luck < LATE_SHARE) return { timeMs: Math.floor(atMs - random.between(7.2, 20) * DAY_MS), meta: 'late' };
  if (luck < LATE_SHARE + OUT_OF_ORDER_SHARE)
    return { timeMs: Math.floor(atMs - Math.exp(random.between(Math.log(2 * MINUTE_MS), Math.log(5 * HOUR_MS)))), meta: 'outOfOrder' };
  return { timeMs: Math.floor(atMs), meta: 'plain' };
}

function skipTo<Draft extends { readonly timeMs: number }>(state: State<Draft>, timeMs: number): void {
  state.nextSessionMs = Math.max(state.nextSessionMs, timeMs);
  while ((state.queue[0]?.atMs ?? Number.POSITIVE_INFINITY) < timeMs) dequeue(state.queue);
}

/** A binary heap by time, then by order of drafting. */
function enqueue<Draft>(heap: Delivery<Draft>[], delivery: Delivery<Draft>): void {
  let index = heap.push(delivery) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isBefore(above, delivery)) break;
    heap[index] = above;
    heap[parent] = delivery;
    index = parent;
  }
}

function dequeue<Draft>(heap: Delivery<Draft>[]): Delivery<Draft> | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    const isRight = left !== undefined && right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (child === undefined || isBefore(last, child)) break;
    heap[index] = child;
    index = 2 * index + (isRight ? 2 : 1);
  }
  heap[index] = last;
  return first;
}

function isBefore(left: Delivery<unknown>, right: Delivery<unknown>): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
