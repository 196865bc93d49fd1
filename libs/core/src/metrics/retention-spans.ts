/** How far the columns of a cohort reach: whole buckets after the entry's, or with `rolling` whole units from the entry instant. */
import type { RetentionDefinition, Unit } from '../definition.ts';
import type { Calendar } from '../time/calendar.ts';

const DAY_MS = 86_400_000;

/** 24 hours, 7 days or 30 days: a column of `rolling` is absolute, no calendar stretches it. */
export function rollingUnitMs(unit: Unit): number {
  return { hour: DAY_MS / 24, day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS }[unit];
}

/**
 * The instant at which column k of a cohort is over for each of its actors, lateness apart. With `rolling` the last entry of the cohort is at most
 * at the end of its bucket, and its column k ends k + 1 units later; by then no entry of the bucket can move any more either.
 */
export function columnEndMs(metric: RetentionDefinition, calendar: Calendar, cohort: number, k: number): number {
  return metric.interval === 'rolling' ? calendar.endMs(cohort) + (k + 1) * rollingUnitMs(metric.unit) : calendar.endMs(cohort + k);
}
