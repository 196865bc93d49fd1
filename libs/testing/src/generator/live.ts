/** The sample cabinet going on in real time, with the disorder of real traffic: out of order, repeated and late events. */
import { createPerson, type Person } from './people.ts';
import { createRandom, type Random } from './random.ts';
import { type SampleEvent, writeRecord } from './record.ts';
import { type Draft, enact } from './visit.ts';

export interface LiveOptions {
  readonly seed: number;
  /** The people of the history with the same seed; newcomers are numbered after them. */
  readonly people: number;
  /** Mean rate, the disorder included. */
  readonly eventsPerSecond: number;
  readonly startMs: number;
}

/** Everything that has happened since the last call, in the order of delivery. Poll it as often as you like: the stream is the same. */
export type LiveSource = (nowMs: number) => SampleEvent[];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A story of half an hour is told in about one minute. */
const LIVE_PACE = 0.04;
const NEWCOMER_SHARE = 0.04;
const OUT_OF_ORDER_SHARE = 0.02;
const DUPLICATE_SHARE = 0.01;
const LATE_SHARE = 0.002;
const PILOT_SESSIONS = 2000;
/** After a longer pause (a sleeping laptop) what lies before is skipped: it would come as one flood. */
const LONGEST_GAP_MS = HOUR_MS;

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly draft?: Draft;
  /** A finished record that is sent once more. */
  readonly again?: SampleEvent;
}

interface State {
  readonly options: LiveOptions;
  readonly random: Random;
  readonly known: Map<number, Person>;
  readonly queue: Delivery[];
  newcomers: number;
  order: number;
  count: number;
  nextSessionMs: number;
}

export function cabinetLive(options: LiveOptions): LiveSource {
  const random = createRandom(options.seed, 3_000_000 + Math.floor(options.startMs / 1000));
  const state: State = { options, random, known: new Map(), queue: [], newcomers: 0, order: 0, count: 0, nextSessionMs: options.startMs };
  const meanGapMs = (1000 * eventsPerSession(options.seed)) / (options.eventsPerSecond / (1 + DUPLICATE_SHARE));
  let calledMs = options.startMs;
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

function startSession(state: State, meanGapMs: number): void {
  const { random } = state;
  const drafts: Draft[] = [];
  enact({ random, pace: LIVE_PACE, drafts }, visitor(state), state.nextSessionMs);
  for (const draft of drafts) enqueue(state.queue, { atMs: draft.timeMs, order: state.order++, draft });
  state.nextSessionMs += -Math.log(1 - random.next()) * meanGapMs;
}

/** Mostly the people of the history; now and then someone new, who may come again. */
function visitor(state: State): Person {
  const { options, random, known } = state;
  if (options.people + state.newcomers === 0 || random.chance(NEWCOMER_SHARE)) state.newcomers++;
  else return personAt(random.whole(0, options.people + state.newcomers - 1), known, options.seed);
  return personAt(options.people + state.newcomers - 1, known, options.seed);
}

function personAt(index: number, known: Map<number, Person>, seed: number): Person {
  const person = known.get(index) ?? createPerson(seed, index);
  known.set(index, person);
  return person;
}

function deliver(state: State, events: SampleEvent[]): void {
  const delivery = dequeue(state.queue);
  if (delivery?.again !== undefined) events.push(delivery.again);
  if (delivery?.draft === undefined) return;
  const { random } = state;
  const luck = random.next();
  const { timeMs, meta } = disorder(random, luck, delivery.atMs);
  const id = `l${state.options.seed.toString(36)}-${state.options.startMs.toString(36)}-${String(state.count++).padStart(7, '0')}`;
  const event = writeRecord(delivery.draft, id, timeMs, meta);
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

function skipTo(state: State, timeMs: number): void {
  state.nextSessionMs = Math.max(state.nextSessionMs, timeMs);
  while ((state.queue[0]?.atMs ?? Number.POSITIVE_INFINITY) < timeMs) dequeue(state.queue);
}

function eventsPerSession(seed: number): number {
  const drafts: Draft[] = [];
  const random = createRandom(seed, 2);
  const person = createPerson(seed, 0);
  for (let session = 0; session < PILOT_SESSIONS; session++) enact({ random, pace: LIVE_PACE, drafts }, person, 0);
  return drafts.length / PILOT_SESSIONS;
}

/** A binary heap by time, then by order of drafting. */
function enqueue(heap: Delivery[], delivery: Delivery): void {
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

function dequeue(heap: Delivery[]): Delivery | undefined {
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

function isBefore(left: Delivery, right: Delivery): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
