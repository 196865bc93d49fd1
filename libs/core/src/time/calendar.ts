/** Buckets of local time: instants to numbered buckets and back, in one IANA zone. */
import type { Unit, WeekStart } from '../definition.ts';

/**
 * Numbered buckets of one unit. Numbers are consecutive integers in time order (a date that a zone skipped has its number and is empty),
 * so ranges and gaps are subtractions. Equal for equal (zone, unit, weekStart) and time-zone data.
 */
export interface Calendar {
  readonly zone: string;
  readonly unit: Unit;
  readonly weekStart: WeekStart;
  /** The bucket that contains an instant. Hot: no allocation. */
  bucketOf(timeMs: number): number;
  /** First instant of a bucket, epoch ms. */
  startMs(bucket: number): number;
  /** First instant after a bucket: `startMs(bucket + 1)`. */
  endMs(bucket: number): number;
  /** `2026-11-02`; hours `2026-11-01T15+04:00`. */
  name(bucket: number): string;
  /** The bucket named, or null when the text names none (a date inside a week or month names the bucket that contains it only if it is its first date). */
  parse(name: string): number | null;
}
