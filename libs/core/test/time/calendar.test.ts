/** Worked examples of buckets of local time, one per rule. */
import { describe, expect, test } from 'vitest';
import type { Unit, WeekStart } from '../../src/definition.ts';
import { createCalendar } from '../../src/time/calendar.ts';
import { isoInstant } from '../../src/time/civil.ts';
import { transitionsDigestInput } from '../../src/time/zone.ts';

const HOUR_MS = 3_600_000;

function calendar(zone: string, unit: Unit, weekStart: WeekStart = 'monday') {
  return createCalendar({ zone, unit, weekStart });
}

/** The bucket's stretch in UTC, and its length in hours. */
function stretch(zone: string, unit: Unit, name: string, weekStart: WeekStart = 'monday') {
  const { parse, startMs, endMs } = calendar(zone, unit, weekStart);
  const bucket = parse(name);
  if (bucket === null) throw new Error(`${name} names no ${unit} of ${zone}`);
  return { start: isoInstant(startMs(bucket)), hours: (endMs(bucket) - startMs(bucket)) / HOUR_MS };
}

function nameAt(zone: string, unit: Unit, instant: string, weekStart: WeekStart = 'monday') {
  const { name, bucketOf } = calendar(zone, unit, weekStart);
  return name(bucketOf(Date.parse(instant)));
}

describe('a day is the local calendar day', () => {
  test.each([
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000Z', 25],
    ['America/New_York', '2026-03-08', '2026-03-08T05:00:00.000Z', 23],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z', 25],
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00.000Z', 24.5],
    ['Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30:00.000Z', 23.5],
    ['Asia/Kolkata', '2026-11-02', '2026-11-01T18:30:00.000Z', 24],
    ['Asia/Yerevan', '2026-11-02', '2026-11-01T20:00:00.000Z', 24],
    ['Asia/Yerevan', '2011-03-27', '2011-03-26T20:00:00.000Z', 23],
    ['UTC', '2026-11-02', '2026-11-02T00:00:00.000Z', 24],
  ])('%s %s begins at %s and has %d hours', (zone, name, start, hours) => {
    expect(stretch(zone, 'day', name)).toEqual({ start, hours });
  });

  test('a day that begins at 01:00 because clocks were set forward at midnight (São Paulo)', () => {
    expect(stretch('America/Sao_Paulo', 'day', '2018-11-04')).toEqual({ start: '2018-11-04T03:00:00.000Z', hours: 23 });
  });

  test('the hour before midnight that is repeated belongs to the day that has not ended (São Paulo)', () => {
    expect(stretch('America/Sao_Paulo', 'day', '2019-02-16')).toEqual({ start: '2019-02-16T02:00:00.000Z', hours: 25 });
    expect(nameAt('America/Sao_Paulo', 'day', '2019-02-17T02:30:00Z')).toBe('2019-02-16');
  });

  test('minutes repeated after midnight belong to the day that has begun (St. John’s, set back from 00:01 to 23:01)', () => {
    expect(stretch('America/St_Johns', 'day', '2010-11-07')).toEqual({ start: '2010-11-07T02:30:00.000Z', hours: 25 });
    expect(nameAt('America/St_Johns', 'day', '2010-11-07T02:31:00Z')).toBe('2010-11-07'); // local 23:01 of the 6th
  });

  test('a date that a zone skipped is an empty bucket that counts (Apia, 2011-12-30)', () => {
    expect(stretch('Pacific/Apia', 'day', '2011-12-30')).toEqual({ start: '2011-12-30T10:00:00.000Z', hours: 0 });
    expect(stretch('Pacific/Apia', 'day', '2011-12-31')).toEqual({ start: '2011-12-30T10:00:00.000Z', hours: 24 });
    expect(nameAt('Pacific/Apia', 'day', '2011-12-30T09:59:59.999Z')).toBe('2011-12-29');
    expect(nameAt('Pacific/Apia', 'day', '2011-12-30T10:00:00Z')).toBe('2011-12-31');
    const { parse } = calendar('Pacific/Apia', 'day');
    expect(Number(parse('2011-12-31')) - Number(parse('2011-12-29'))).toBe(2);
  });
});

describe('a week starts at weekStart', () => {
  test.each([
    ['monday', '2026-11-01T12:00:00Z', '2026-10-26'],
    ['sunday', '2026-11-01T12:00:00Z', '2026-11-01'],
    ['monday', '2026-11-02T12:00:00Z', '2026-11-02'],
    ['sunday', '2026-11-02T12:00:00Z', '2026-11-01'],
    ['monday', '2027-01-01T00:00:00Z', '2026-12-28'],
    ['sunday', '2027-01-01T00:00:00Z', '2026-12-27'],
    ['monday', '1969-12-28T23:59:59Z', '1969-12-22'],
    ['sunday', '0001-01-01T00:00:00Z', '0000-12-31'],
  ] as const)('week from %s: %s is in the week %s', (weekStart, instant, name) => {
    expect(nameAt('UTC', 'week', instant, weekStart)).toBe(name);
  });

  test('a week is seven local days, also over a change of clocks and over a skipped date', () => {
    expect(stretch('Europe/Berlin', 'week', '2026-10-19')).toEqual({ start: '2026-10-18T22:00:00.000Z', hours: 169 });
    expect(stretch('Pacific/Apia', 'week', '2011-12-26')).toEqual({ start: '2011-12-26T10:00:00.000Z', hours: 144 });
  });
});

describe('a month is the calendar month', () => {
  test.each([
    ['2025-02-01', 28],
    ['2024-02-01', 29],
    ['2026-11-01', 30],
    ['2026-12-01', 31],
    ['1900-02-01', 28],
    ['2000-02-01', 29],
  ])('%s has %d days', (name, days) => {
    expect(stretch('UTC', 'month', name)).toEqual({ start: `${name}T00:00:00.000Z`, hours: days * 24 });
  });

  test('months are numbered from January 1970 on', () => {
    const { parse, name } = calendar('Asia/Yerevan', 'month');
    expect(parse('1970-01-01')).toBe(0);
    expect(parse('1969-12-01')).toBe(-1);
    expect(parse('2026-11-01')).toBe(56 * 12 + 10);
    expect(name(parse('2026-12-01') ?? 0)).toBe('2026-12-01');
    expect(nameAt('Asia/Yerevan', 'month', '2026-10-31T20:00:00Z')).toBe('2026-11-01');
  });
});

describe('an hour is named by its local hour and offset', () => {
  test.each([
    ['Asia/Yerevan', '2026-11-01T11:15:00Z', '2026-11-01T15+04:00'],
    ['UTC', '2026-11-01T11:15:00Z', '2026-11-01T11+00:00'],
    ['Asia/Kolkata', '2026-11-01T11:29:59Z', '2026-11-01T16+05:30'],
    ['Asia/Kolkata', '2026-11-01T11:30:00Z', '2026-11-01T17+05:30'],
    ['Asia/Kathmandu', '2026-11-01T11:15:00Z', '2026-11-01T17+05:45'],
    ['America/New_York', '2026-07-01T03:00:00Z', '2026-06-30T23-04:00'],
    ['Africa/Monrovia', '1971-01-01T00:44:30Z', '1971-01-01T00-00:44:30'],
    ['UTC', '0001-01-01T00:00:00Z', '0001-01-01T00+00:00'],
    ['UTC', '9999-12-31T23:59:59Z', '9999-12-31T23+00:00'],
  ])('%s: %s is in the hour %s', (zone, instant, name) => {
    expect(nameAt(zone, 'hour', instant)).toBe(name);
  });

  test('a repeated hour is two buckets (Berlin)', () => {
    expect(stretch('Europe/Berlin', 'hour', '2026-10-25T02+02:00')).toEqual({ start: '2026-10-25T00:00:00.000Z', hours: 1 });
    expect(stretch('Europe/Berlin', 'hour', '2026-10-25T02+01:00')).toEqual({ start: '2026-10-25T01:00:00.000Z', hours: 1 });
  });

  test('an hour that was skipped is no bucket (Berlin)', () => {
    const { parse, name } = calendar('Europe/Berlin', 'hour');
    expect(parse('2026-03-29T02+01:00')).toBeNull();
    expect(name(Number(parse('2026-03-29T01+01:00')) + 1)).toBe('2026-03-29T03+02:00');
  });

  test('where offsets are whole hours, hours are numbered as in UTC', () => {
    const instantMs = Date.parse('2026-10-25T00:30:00Z');
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Apia']) {
      const { bucketOf, startMs } = calendar(zone, 'hour');
      expect(bucketOf(instantMs)).toBe(Math.floor(instantMs / HOUR_MS));
      expect(startMs(bucketOf(instantMs))).toBe(instantMs - HOUR_MS / 2);
    }
  });

  test('a change by half an hour cuts the hour in two (Lord Howe)', () => {
    const { parse, name } = calendar('Australia/Lord_Howe', 'hour');
    const autumn = Number(parse('2026-04-05T01+11:00'));
    expect([0, 1, 2].map((step) => name(autumn + step))).toEqual(['2026-04-05T01+11:00', '2026-04-05T01+10:30', '2026-04-05T02+10:30']);
    expect(stretch('Australia/Lord_Howe', 'hour', '2026-04-05T01+10:30')).toEqual({ start: '2026-04-04T15:00:00.000Z', hours: 0.5 });
    expect(stretch('Australia/Lord_Howe', 'hour', '2026-10-04T02+11:00')).toEqual({ start: '2026-10-03T15:30:00.000Z', hours: 0.5 });
    expect(stretch('Australia/Lord_Howe', 'hour', '2026-10-04T03+11:00')).toEqual({ start: '2026-10-03T16:00:00.000Z', hours: 1 });
  });
});

describe('names', () => {
  test.each([
    ['day', '2026-02-30'],
    ['day', '2026-2-03'],
    ['day', '2026-11-01T15+04:00'],
    ['day', 'now'],
    ['week', '2026-11-03'],
    ['month', '2026-11-02'],
    ['month', '2026-13-01'],
    ['hour', '2026-11-01'],
    ['hour', '2026-11-01T15+03:00'],
    ['hour', '2026-11-01T24+04:00'],
    ['hour', '2026-11-01T15+04'],
  ] as const)('as a %s, "%s" names nothing', (unit, text) => {
    expect(calendar('Asia/Yerevan', unit).parse(text)).toBeNull();
  });
});

describe('zones', () => {
  test('an unknown zone is a RangeError that names it', () => {
    expect(() => calendar('Europe/Yerevan', 'day')).toThrow(new RangeError('unknown time zone "Europe/Yerevan"'));
  });

  test('before 1970 the first offset holds, after 2100 the last', () => {
    expect(nameAt('Europe/Berlin', 'day', '1945-07-01T22:30:00Z')).toBe('1945-07-01'); // was summer time in fact
    expect(nameAt('Europe/Berlin', 'day', '2101-07-01T22:30:00Z')).toBe('2101-07-01');
    expect(nameAt('Europe/Berlin', 'day', '2099-07-01T22:30:00Z')).toBe('2099-07-02');
  });

  test('the digest input lists the transitions', () => {
    expect(transitionsDigestInput('UTC')).toBe('UTC\n-Infinity 0');
    const apia = transitionsDigestInput('Pacific/Apia').split('\n');
    expect(apia.slice(0, 2)).toEqual(['Pacific/Apia', '-Infinity -39600000']);
    expect(apia).toContain(`${Date.parse('2011-12-30T10:00:00Z')} ${14 * HOUR_MS}`);
  });

  test('instants are written as toISOString writes them', () => {
    for (const text of ['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '2024-02-29T12:34:56.789Z', '9999-12-31T23:59:59.999Z']) {
      expect(isoInstant(Date.parse(text))).toBe(text);
    }
    expect(isoInstant(Date.parse('+010000-01-01T00:00:00.000Z'))).toBe('+010000-01-01T00:00:00.000Z');
  });
});
