/** When within a local day something happens. */
import type { Random } from './random.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export interface LocalDay {
  /** Local time less UTC, as if it never changed. */
  readonly offsetMs: number;
  /** How much happens in each of the 24 hours. */
  readonly hourWeights: readonly number[];
}

/** An instant of the local day in which `dayMs` falls that lies within the 24 hours from `dayMs`. */
export function timeOfDay(random: Random, dayMs: number, { offsetMs, hourWeights }: LocalDay): number {
  const hour = random.weighted(hourWeights);
  const localMidnightMs = Math.floor((dayMs + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
  const timeMs = localMidnightMs + hour * HOUR_MS + Math.floor(random.next() * HOUR_MS);
  return timeMs < dayMs ? timeMs + DAY_MS : timeMs;
}

/** 0 = Sunday. */
export function weekdayAt(timeMs: number, { offsetMs }: LocalDay): number {
  return (4 + Math.floor((timeMs + offsetMs) / DAY_MS)) % 7;
}
