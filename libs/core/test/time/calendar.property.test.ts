/** Calendars against Temporal as the oracle, over random zones and instants. */
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import type { Unit } from '../../src/definition.ts';
import { createCalendar } from '../../src/time/calendar.ts';
import { isoInstant } from '../../src/time/civil.ts';
import { zoneTable } from '../../src/time/zone.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Yerevan',
  'Pacific/Apia',
  'America/Caracas',
  'Africa/Casablanca',
  'Asia/Pyongyang',
];
const zoneOf = fc.constantFrom(...zones);
const unitOf = fc.constantFrom<Unit>('hour', 'day', 'week', 'month');
const weekStartOf = fc.constantFrom('monday' as const, 'sunday' as const);
const instantOf = fc.oneof(
  fc.integer({ min: 0, max: Date.parse('2099-12-31') }),
  // around the transitions, where mistakes are
  fc.tuple(zoneOf, fc.nat(), fc.integer({ min: -90_000_000, max: 90_000_000 })).map(([zone, pick, distanceMs]) => {
    const { startMs, offsetMs } = zoneTable(zone);
    const startOfOneMs = startMs[1 + (pick % Math.max(offsetMs.length - 1, 1))] ?? 0;
    return (Number.isFinite(startOfOneMs) ? Math.max(startOfOneMs, 100_000_000) : 1.7e12) + distanceMs;
  }),
);

describe('calendar', () => {
  test('a bucket contains its instants, begins where the one before ends, and parses from its name', () => {
    const everyYear = fc.oneof(instantOf, fc.integer({ min: Date.parse('0001-01-01'), max: Date.parse('9999-12-31') }));
    fc.assert(
      fc.property(zoneOf, unitOf, weekStartOf, everyYear, (zone, unit, weekStart, timeMs) => {
        const { bucketOf, startMs, endMs, name, parse } = createCalendar({ zone, unit, weekStart });
        const bucket = bucketOf(timeMs);
        expect(startMs(bucket)).toBeLessThanOrEqual(timeMs);
        expect(endMs(bucket)).toBeGreaterThan(timeMs);
        expect(bucketOf(startMs(bucket))).toBe(bucket);
        expect(bucketOf(startMs(bucket) - 1)).toBeLessThan(bucket);
        for (const near of [bucket - 1, bucket, bucket + 1]) expect(parse(name(near))).toBe(near);
      }),
      { numRuns: 2_000 },
    );
  });

  test('buckets are monotone in time', () => {
    fc.assert(
      fc.property(zoneOf, unitOf, instantOf, fc.nat({ max: 200_000_000 }), (zone, unit, timeMs, laterMs) => {
        const { bucketOf } = createCalendar({ zone, unit, weekStart: 'monday' });
        expect(bucketOf(timeMs + laterMs)).toBeGreaterThanOrEqual(bucketOf(timeMs));
      }),
      { numRuns: 1_000 },
    );
  });

  test('names agree with Temporal’s local date, week, month, hour and offset', () => {
    fc.assert(
      fc.property(zoneOf, instantOf, (zone, timeMs) => {
        const local = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
        const date = local.toPlainDate();
        const nameIn = (unit: Unit, weekStart: 'monday' | 'sunday' = 'monday') => {
          const { name, bucketOf } = createCalendar({ zone, unit, weekStart });
          return name(bucketOf(timeMs));
        };
        expect(nameIn('day')).toBe(date.toString());
        expect(nameIn('month')).toBe(date.with({ day: 1 }).toString());
        expect(nameIn('week')).toBe(date.subtract({ days: date.dayOfWeek - 1 }).toString());
        expect(nameIn('week', 'sunday')).toBe(date.subtract({ days: date.dayOfWeek % 7 }).toString());
        expect(nameIn('hour').slice(0, 13)).toBe(local.toPlainDateTime().toString().slice(0, 13));
        expect(nameIn('hour').slice(13)).toBe(local.offset);
      }),
      { numRuns: 1_500 },
    );
  });

  test('a day begins where Temporal’s begins', () => {
    fc.assert(
      fc.property(zoneOf, instantOf, (zone, timeMs) => {
        const { startMs, bucketOf } = createCalendar({ zone, unit: 'day', weekStart: 'monday' });
        const local = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
        expect(startMs(bucketOf(timeMs))).toBe(local.startOfDay().epochMilliseconds);
      }),
      { numRuns: 500 },
    );
  });

  test('instants are written as toISOString writes them', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (timeMs) => {
        expect(isoInstant(timeMs)).toBe(new Date(timeMs).toISOString());
      }),
    );
  });
});
