/** The customers of the sample dealer: who they are, how they came, how often they come back. */
import { createRandom } from '../random.ts';

export interface Person {
  readonly index: number;
  /** userId, or anonymousId when `isAnonymous`; also the record's key. */
  readonly id: string;
  readonly isAnonymous: boolean;
  readonly source: string;
  readonly segment: string;
  readonly device: string;
  readonly appVersion: string;
  /** `app` or `web`: where this person opens the cabinet. */
  readonly channel: string;
  /** How much more often than others this person comes: about 0.3 to 2.5. */
  readonly loyalty: number;
  /** Part of the window at which the person first comes; negative: already a customer when the window opens. */
  readonly arrival: number;
  /** Orders so far; moves on as orders complete. */
  orders: number;
}

const SOURCES = ['ads', 'organic', 'promo', 'dealer'] as const;
const SOURCE_WEIGHTS = [34, 31, 14, 21];
/** Those who came by a promotion come back least, the dealer's own most. */
const SOURCE_LOYALTY = [0.85, 1.1, 0.6, 1.25];
const SEGMENTS = ['private', 'family', 'fleet', 'vip'] as const;
const SEGMENT_WEIGHTS = [58, 24, 12, 6];
const SEGMENT_LOYALTY = [0.95, 1, 1.15, 1.4];
const DEVICES = ['android', 'ios', 'desktop'] as const;
const DEVICE_WEIGHTS = [47, 31, 22];
const APP_VERSIONS = ['4.2.1', '4.2.0', '4.1.7', '3.9.4'] as const;
const ANONYMOUS_SHARE = 0.06;
const KNOWN_BEFORE_SHARE = 0.45;

/** The same seed and index give the same person, whatever the size of the population. */
export function createPerson(seed: number, index: number): Person {
  const random = createRandom(seed, index + 1000);
  const isAnonymous = random.chance(ANONYMOUS_SHARE);
  const source = random.weighted(SOURCE_WEIGHTS);
  const segment = random.weighted(SEGMENT_WEIGHTS);
  const device = DEVICES[random.weighted(DEVICE_WEIGHTS)] ?? 'android';
  const isKnown = random.chance(KNOWN_BEFORE_SHARE);
  const spread = 0.3 + 1.3 * random.next() ** 2;
  return {
    index,
    id: isAnonymous ? `anon-${createHex(random.next())}${createHex(random.next())}` : `customer-${String(index + 1).padStart(6, '0')}`,
    isAnonymous,
    source: SOURCES[source] ?? 'organic',
    segment: SEGMENTS[segment] ?? 'private',
    device,
    appVersion: APP_VERSIONS[random.weighted([52, 27, 15, 6])] ?? '4.2.1',
    channel: device === 'desktop' || random.chance(0.18) ? 'web' : 'app',
    loyalty: spread * (SOURCE_LOYALTY[source] ?? 1) * (SEGMENT_LOYALTY[segment] ?? 1),
    arrival: isKnown ? -4 * random.next() : random.next(),
    orders: isKnown ? random.weighted([30, 30, 40]) : 0,
  };
}

function createHex(uniform: number): string {
  return Math.floor(uniform * 4294967296)
    .toString(16)
    .padStart(8, '0');
}
