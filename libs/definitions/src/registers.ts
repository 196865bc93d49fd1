/** How many bytes an actor's registers can take at most, by the shapes of `design.md` §1: an honest bound, not a measurement. */
import type { Unit } from '@tidemark/core';

const UNIT_HOURS: Readonly<Record<Unit, number>> = { hour: 1, day: 24, week: 168, month: 744 };
/** Buckets stay open for this long after their horizon: the default lateness. */
const LATENESS_HOURS = 7 * 24;
/** The latest instants that a `Times` register keeps of one actor and selector, 24 bytes each: time, messageId, captured value. */
const MAX_TIMES = 4096;
const TIMES_ENTRY_BYTES = 24;

/** Buckets that may be open at once when each has to wait for `horizon` buckets more and for late events. */
export function openBuckets(unit: Unit, horizon: number): number {
  return horizon + 1 + Math.ceil(LATENESS_HOURS / UNIT_HOURS[unit]) + 1;
}

/** A `Days` register: 4 bytes of first bucket, 4 of slot, and a bit for each open bucket, in words of 4 bytes. */
export function daysBytes(unit: Unit, horizon: number): number {
  return 8 + 4 * Math.ceil(openBuckets(unit, horizon) / 32);
}

/** A `Times` register, full. */
export function timesBytes(): number {
  return MAX_TIMES * TIMES_ENTRY_BYTES;
}
