/** Calendars of metrics, one per (zone, unit, week start): shared, because a bucket is looked up for every register at every event. */
import type { MetricBase, Unit } from '../definition.ts';
import type { CalendarSource } from '../metrics/kind.ts';
import { type Calendar, createCalendar } from '../time/calendar.ts';

/** A power of two. */
const REMEMBERED_STARTS = 64;

export function createCalendars(): CalendarSource {
  const known = new Map<string, Calendar>();
  return {
    calendar(metric: MetricBase, unit: Unit = metric.unit): Calendar {
      const key = `${metric.timezone}|${unit}|${metric.weekStart}`;
      const calendar = known.get(key) ?? remembering(createCalendar({ zone: metric.timezone, unit, weekStart: metric.weekStart }));
      known.set(key, calendar);
      return calendar;
    },
  };
}

/** The same calendar, with the bucket of the instant before and the latest starts at hand: most events fall into the bucket of the event before. */
function remembering(calendar: Calendar): Calendar {
  let bucket = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  let untilMs = Number.NEGATIVE_INFINITY;
  // Doubles, so that a bucket of any size, or an infinite one, is told apart.
  const buckets = new Float64Array(REMEMBERED_STARTS).fill(Number.NaN);
  const starts = new Float64Array(REMEMBERED_STARTS);
  const startMs = (of: number): number => {
    const at = of & (REMEMBERED_STARTS - 1);
    if (buckets[at] !== of) {
      buckets[at] = of;
      starts[at] = calendar.startMs(of);
    }
    return starts[at] as number;
  };
  return {
    ...calendar,
    bucketOf: (timeMs) => {
      if (timeMs >= fromMs && timeMs < untilMs) return bucket;
      bucket = calendar.bucketOf(timeMs);
      fromMs = startMs(bucket);
      untilMs = startMs(bucket + 1);
      return bucket;
    },
    startMs,
    endMs: (of) => startMs(of + 1),
  };
}
