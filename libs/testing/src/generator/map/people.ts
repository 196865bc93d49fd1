/** The makers of maps, and those who only look at the landing page. */
import { createRandom } from '../random.ts';

export interface Maker {
  readonly id: string;
  readonly isAnonymous: boolean;
  /** The month of registration, such as 2026-05; empty for those who only look. */
  readonly joined: string;
  /** How they came; only the first events carry it. */
  readonly source: string;
  readonly device: string;
  readonly appVersion: string;
  readonly isInvited: boolean;
  /** free, trial or pro; moves on as events are written. */
  plan: string;
  level: number;
}

const SOURCES = ['standard', 'promo', 'moved'] as const;
const DEVICES = ['desktop', 'tablet', 'phone'] as const;
const APP_VERSIONS = ['2.9.0', '2.8.4', '2.7.1'] as const;
const INVITED_SHARE = 0.07;

export interface MakerTraits {
  readonly seed: number;
  readonly id: string;
  readonly isAnonymous: boolean;
  readonly joined: string;
  /** 0 = stays longest of its month, 1 = leaves first. */
  readonly fickleness: number;
  /** Index of the month's cohort: the later, the more come by a promotion. */
  readonly cohort: number;
  /** Separates this person's randomness from all others'. */
  readonly stream: number;
}

export function createMaker({ seed, id, isAnonymous, joined, fickleness, cohort, stream }: MakerTraits): Maker {
  const random = createRandom(seed, stream);
  return {
    id,
    isAnonymous,
    joined,
    source: SOURCES[random.weighted([50, 12 + 40 * fickleness + 9 * cohort, 26 * (1 - fickleness)])] ?? 'standard',
    device: DEVICES[random.weighted([64, 14, 22])] ?? 'desktop',
    appVersion: APP_VERSIONS[random.weighted([60, 30, 10])] ?? '2.9.0',
    isInvited: random.chance(INVITED_SHARE),
    plan: 'free',
    level: 0,
  };
}
