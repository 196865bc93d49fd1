/** A product's traffic as one endless stream, for measuring: Zipf's names, many people and one hot one, disorder of known kinds and counts. */
import { createRandom, type Random } from './random.ts';
import { decimal, pick, recordOf, type SampleEvent, trackNamed } from './record.ts';
import { DAY_MS, HOUR_MS } from './time-of-day.ts';

export interface StreamOptions {
  readonly seed: number;
  /** Exactly so many records, the disorder included. */
  readonly events: number;
  /** The hot one included. */
  readonly people: number;
  /** Days that the records are spread over evenly: the fewer, the more of a person's events fall into one bucket. */
  readonly days: number;
  /** The last record is earlier, epoch ms. */
  readonly endMs: number;
}

/**
 * The twenty names by rank, as a product's traffic has them: pages and buttons first, what people come for later, what is paid for last.
 * Twelve are those of the car dealer's set; the eight that are marked here no metric names.
 */
const NAMES = [
  'Page Viewed', // unnamed
  'Button Clicked', // unnamed
  'Cabinet Opened',
  'List Scrolled', // unnamed
  'Offer Shown',
  'Search Performed', // unnamed
  'Notification Shown', // unnamed
  'Slot Chosen',
  'Message Sent',
  'Document Opened', // unnamed
  'Chat Opened',
  'Price Viewed', // unnamed
  'Offer Opened',
  'Service Booked',
  'Profile Edited', // unnamed
  'Service Visited',
  'Video Report Sent',
  'Order Completed',
  'Video Report Viewed',
  'Work Approved',
] as const;
/** Zipf's law with exponent 1. */
const NAME_WEIGHTS = NAMES.map((_, rank) => 1 / (rank + 1));

const HOT_SHARE = 0.05;
const OUT_OF_ORDER_SHARE = 0.01;
const LATE_SHARE = 0.001;
const DUPLICATE_SHARE = 0.005;
/** Late is what is older than the service's lateness of seven days, with room for a partition that has been quiet for hours. */
const LATE_DAYS = { from: 7.5, to: 20 };
const HELD_BACK_HOURS = { from: 0.5, to: 12 };
/** Before so many records no event is late: until each partition has seen one, nothing is late there. */
const FIRST_LATE = 1_000;
/** A record that comes again is one of so many before it, and not a day old. */
const REPEATABLE = 512;

const SEGMENTS = ['private', 'family', 'fleet', 'vip'];
const DEVICES = ['android', 'ios', 'desktop', 'tablet', 'tv', 'other'];
const SOURCES = ['ads', 'organic', 'dealer', 'promo', 'email', 'partner', 'sms', 'social', 'referral', 'qr-code', 'radio', 'fair', 'push', 'print'];
const SOURCE_WEIGHTS = SOURCES.map((_, rank) => 1 / (rank + 1));
const APP_VERSIONS = ['4.2.1', '4.2.0', '4.1.7', '3.9.4'];
const OFFERS = ['winter-tyres', 'oil-change', 'brake-check', 'air-condition', 'extended-warranty', 'trade-in'];
const PURCHASES = ['none', 'one', 'repeat'];

/** Seeded and deterministic: the same options give the same bytes. Holds one byte per person and some hundred records. */
export function* eventStream(options: StreamOptions): Generator<SampleEvent> {
  const { seed, events, people, days, endMs } = options;
  const random = createRandom(seed, 9_000_000);
  const startMs = endMs - days * DAY_MS;
  const stepMs = (days * DAY_MS) / events;
  const orders = new Uint8Array(people);
  const recent: SampleEvent[] = [];
  for (let count = 0; count < events; count++) {
    const nowMs = startMs + Math.floor(count * stepMs);
    const again = random.chance(DUPLICATE_SHARE) ? recent[random.whole(0, REPEATABLE - 1)] : undefined;
    if (again !== undefined && nowMs - again.timeMs < DAY_MS) {
      yield { ...again, meta: 'duplicate' };
      continue;
    }
    const { timeMs, meta } = disorder(random, nowMs, count);
    const person = random.chance(HOT_SHARE) ? 0 : random.whole(1, Math.max(1, people - 1));
    const event = write({ random, options, person, orders, count, timeMs, meta });
    if (meta !== 'late') recent[count % REPEATABLE] = event;
    yield event;
  }
}

function disorder(random: Random, nowMs: number, count: number): Pick<SampleEvent, 'timeMs' | 'meta'> {
  const luck = random.next();
  if (luck < LATE_SHARE)
    return count < FIRST_LATE
      ? { timeMs: nowMs, meta: 'plain' }
      : { timeMs: Math.floor(nowMs - random.between(LATE_DAYS.from, LATE_DAYS.to) * DAY_MS), meta: 'late' };
  if (luck < LATE_SHARE + OUT_OF_ORDER_SHARE)
    return { timeMs: Math.floor(nowMs - random.between(HELD_BACK_HOURS.from, HELD_BACK_HOURS.to) * HOUR_MS), meta: 'outOfOrder' };
  return { timeMs: nowMs, meta: 'plain' };
}

interface Draft {
  readonly random: Random;
  readonly options: StreamOptions;
  /** 0 is the hot one. */
  readonly person: number;
  /** By person; moves on as orders complete. */
  readonly orders: Uint8Array;
  readonly count: number;
  readonly timeMs: number;
  readonly meta: SampleEvent['meta'];
}

function write({ random, options: { seed }, person, orders, count, timeMs, meta }: Draft): SampleEvent {
  const traits = traitsOf(seed, person);
  const name = NAMES[random.weighted(NAME_WEIGHTS)] ?? NAMES[0];
  const channel = name === 'Service Booked' && random.chance(0.3) ? 'call_centre' : traits.channel;
  const bought = orders[person] ?? 0;
  if (name === 'Order Completed' && bought < PURCHASES.length - 1) orders[person] = bought + 1;
  const properties = `"channel":"${channel}","segment":"${traits.segment}","purchases":"${PURCHASES[bought]}"${extras(name, random)}`;
  return recordOf({
    actor: { id: `customer-${String(person).padStart(7, '0')}`, isAnonymous: false },
    naming: trackNamed(name),
    messageId: `${seed.toString(16).padStart(8, '0')}-5eed-4000-8000-${count.toString(16).padStart(12, '0')}`,
    timeMs,
    meta,
    properties,
    context: traits.context,
  });
}

function extras(name: string, random: Random): string {
  const detail = random.whole(0, 9_999);
  if (name === 'Order Completed' || name === 'Work Approved') return `,"amount":${decimal(300_000 + detail * 173)},"currency":"AMD"`;
  if (name === 'Offer Shown' || name === 'Offer Opened') return `,"offer":"${pick(OFFERS, detail)}","position":${(detail % 3) + 1}`;
  if (name === 'Slot Chosen' || name === 'Service Booked') return `,"workshop":"north-${detail % 4}","daysAhead":${(detail % 14) + 1}`;
  return `,"path":"/cabinet/${detail % 40}"`;
}

/** A person's are the same whenever they are asked for, so that nobody has to be remembered. */
function traitsOf(seed: number, person: number): { readonly channel: string; readonly segment: string; readonly context: string } {
  const random = createRandom(seed, 10_000_000 + person);
  const device = DEVICES[random.weighted([47, 30, 18, 3, 1, 1])] ?? 'other';
  const source = SOURCES[random.weighted(SOURCE_WEIGHTS)] ?? 'organic';
  const channel = device === 'desktop' || random.chance(0.18) ? 'web' : 'app';
  const segment = SEGMENTS[random.weighted([58, 24, 12, 6])] ?? 'private';
  const version = APP_VERSIONS[random.weighted([52, 27, 15, 6])] ?? '4.2.1';
  const context = `"app":{"name":"cabinet","version":"${version}"},"device":{"type":"${device}"},"campaign":{"source":"${source}"}`;
  return { channel, segment, context };
}
