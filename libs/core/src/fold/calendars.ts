/** Calendars of metrics, one per (zone, unit, week start): shared, because a bucket is looked up for every register at every event. */
import type { MetricBase, Unit } from '../definition.ts';
import type { CalendarSource } from '../metrics/kind.ts';
import { type Calendar, createCalendar } from '../time/calendar.ts';

export function createCalendars(): CalendarSource {
  const known = new Map<string, Calendar>();
  return {
    calendar(metric: MetricBase, unit: Unit = metric.unit): Calendar {
      const key = `${metric.timezone}|${unit}|${metric.weekStart}`;
      const calendar = known.get(key) ?? createCalendar({ zone: metric.timezone, unit, weekStart: metric.weekStart });
      known.set(key, calendar);
      return calendar;
    },
  };
}
