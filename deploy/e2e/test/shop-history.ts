/** A generated history of a shop's customers, and how it is delivered: in another order within lateness, a part of it twice. */
import { type Random, seeded } from './seeded.ts';

export interface ShopEvent {
  /** The customer's id; also the record's key. */
  readonly key: string;
  /** The event as JSON. */
  readonly value: string;
  readonly timeMs: number;
}

export interface ShopOptions {
  readonly seed: number;
  readonly people: number;
  /** Per person, about. */
  readonly sessions: number;
  /** Every event lies in [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether one person may do several things at one instant. */
  readonly ties: boolean;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Below the lateness of seven days. */
const LONGEST_DELAY_MS = 6.9 * DAY_MS;

const NAMES = ['Opened', 'Viewed', 'Chosen', 'Booked', 'Refunded', 'Visited', '$page', '$identify'];
const WEIGHTS = [3, 4, 4, 4, 1, 2, 1, 0.5];
/** Round numbers, so that steps lie exactly at the ends of windows. */
const DELAYS_MIN = [0, 1, 2, 5, 10, 30, 60, 120, 180, 1_440];

/** Seeded: the same options give the same bytes. In the order of the people, not of time. */
export function shopHistory(options: ShopOptions): ShopEvent[] {
  const random = seeded(options.seed);
  const events: ShopEvent[] = [];
  for (let person = 0; person < options.people; person++) events.push(...lifeOf(`c${person}`, random, options));
  return events;
}

/** Every event once in an order of arrival in which nothing is late, and so many of them a second time. */
export function delivered(events: readonly ShopEvent[], options: { seed: number; twiceShare: number }): { records: ShopEvent[]; twice: number } {
  const random = seeded(options.seed);
  const arrivals = events.map((event) => ({ event, atMs: event.timeMs + random() * LONGEST_DELAY_MS }));
  const again = events.filter(() => random() < options.twiceShare).map((event) => ({ event, atMs: event.timeMs + random() * LONGEST_DELAY_MS }));
  const records = [...arrivals, ...again].sort((left, right) => left.atMs - right.atMs).map(({ event }) => event);
  return { records, twice: again.length };
}

/** An event as the shop sends it. */
export function shopEvent(key: string, name: string, timeMs: number, more: { id: string; properties?: object; context?: object }): ShopEvent {
  const { id, properties = {}, context = { app: { name: 'shop' } } } = more;
  const named = name.startsWith('$') ? { type: name.slice(1) } : { type: 'track', event: name };
  const value = JSON.stringify({ ...named, messageId: id, userId: key, timestamp: new Date(timeMs).toISOString(), properties, context });
  return { key, value, timeMs };
}

function lifeOf(key: string, random: Random, { sessions, fromMs, toMs, ties }: ShopOptions): ShopEvent[] {
  const events: ShopEvent[] = [];
  const taken = new Set<number>();
  const device = pick(random, ['ios', 'android', 'android', 'desktop', undefined]);
  const isLoyal = random() < 0.3;
  const emit = (name: string, wantedMs: number): void => {
    let timeMs = wantedMs;
    while (!ties && taken.has(timeMs)) timeMs += MINUTE_MS;
    taken.add(timeMs);
    if (timeMs >= toMs) return;
    events.push(
      shopEvent(key, name, timeMs, {
        id: `${key}-${events.length}`,
        properties: propertiesOf(name, random),
        context: { app: { name: random() < 0.97 ? 'shop' : 'backoffice' }, ...(device === undefined ? {} : { device: { type: device } }) },
      }),
    );
  };
  const joinedMs = fromMs + minutes(random() * 0.8 * (toMs - fromMs));
  if (random() < 0.7) emit('Signed Up', joinedMs);
  if (random() < 0.2) emit('Signed Up', joinedMs + minutes(random() * 9 * DAY_MS));
  const count = Math.round(sessions * (isLoyal ? 2 : 0.6) * (0.5 + random()));
  for (let session = 0; session < count; session++) {
    // Most come back soon after they joined, the loyal ones until the end.
    const spread = isLoyal ? random() : random() ** 3;
    let timeMs = joinedMs + minutes(spread * (toMs - joinedMs));
    emit('Opened', timeMs);
    while (random() < 0.75) {
      timeMs += (pick(random, DELAYS_MIN) ?? 0) * MINUTE_MS;
      emit(weighted(random), timeMs);
    }
  }
  return events;
}

function propertiesOf(name: string, random: Random): object {
  const channel = pick(random, ['app', 'app', 'app', 'web', 'web', 'call_centre', 'kiosk', undefined]);
  return {
    ...(channel === undefined ? {} : { channel }),
    ...(random() < 0.8 ? { vip: random() < 0.3 } : {}),
    ...(random() < 0.6 ? { floor: Math.floor(random() * 5) } : {}),
    ...(name === 'Signed Up' ? { plan: random() < 0.5 ? 'trial' : 'paid' } : {}),
    ...(name === 'Booked' ? amountOf(random) : {}),
  };
}

/** Up to three decimals, sometimes below zero, a text, or nothing. */
function amountOf(random: Random): object {
  const luck = random();
  const amount = Math.round(random() * 500_000) / 10 ** Math.floor(1 + random() * 3);
  if (luck < 0.04) return {};
  if (luck < 0.08) return { amount: String(amount) };
  return { amount: luck < 0.12 ? -amount : amount };
}

function minutes(lengthMs: number): number {
  return Math.floor(lengthMs / MINUTE_MS) * MINUTE_MS;
}

function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

function weighted(random: Random): string {
  let left = random() * WEIGHTS.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of WEIGHTS.entries()) {
    left -= weight;
    if (left < 0) return NAMES[index] ?? 'Opened';
  }
  return 'Opened';
}
