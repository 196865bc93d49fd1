/** Time formats of CSV cells. */
import { describe, expect, it } from 'vitest';
import { timeReader } from '../../src/events/time-format.ts';

function read(format: string, text: string): string | null {
  const reader = timeReader(format);
  if (typeof reader !== 'function') throw new Error(reader.problem);
  const timeMs = reader(text);
  return Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString();
}

it.each([
  ['iso', '2026-11-02', '2026-11-02T00:00:00.000Z'],
  ['iso', '2026-11-02 10:30', '2026-11-02T10:30:00.000Z'],
  ['iso', '2026-11-02T10:30:15.1239', '2026-11-02T10:30:15.123Z'],
  ['iso', '2026-11-02T10:30:15+04:00', '2026-11-02T06:30:15.000Z'],
  ['iso', '2026-11-02T10:30:15 -0130', '2026-11-02T12:00:15.000Z'],
  ['ISO', '2026-11-02T10:30:60Z', '2026-11-02T10:31:00.000Z'],
  ['epoch', '878515200', '1997-11-03T00:00:00.000Z'],
  ['epoch', '878515200.25', '1997-11-03T00:00:00.250Z'],
  ['epochms', '878515200250', '1997-11-03T00:00:00.250Z'],
  ['yyyymmdd', '19970101', '1997-01-01T00:00:00.000Z'],
  ['%d.%m.%Y %H:%M', '2.11.2026 7:05', '2026-11-02T07:05:00.000Z'],
  ['%d/%b/%Y:%T %z', '10/Oct/2000:13:55:36 -0700', '2000-10-10T20:55:36.000Z'],
  ['%m/%d/%y %I:%M %p', '12/31/99 12:15 AM', '1999-12-31T00:15:00.000Z'],
  ['%m/%d/%y %I:%M %p', '12/31/26 01:15 pm', '2026-12-31T13:15:00.000Z'],
  ['%F %T.%f', '2026-11-02 01:02:03.5', '2026-11-02T01:02:03.500Z'],
  ['(%Y) 100%% %m-%d', '(2026) 100% 11-02', '2026-11-02T00:00:00.000Z'],
])('%s reads %s as %s', (format, text, expected) => {
  expect(read(format, text)).toBe(expected);
});

it.each([
  ['iso', '2026-02-30'],
  ['iso', '02.11.2026'],
  ['iso', '2026-11-02T24:00Z'],
  ['iso', '2026-11-02T10:00+04:75'],
  ['epoch', ''],
  ['epoch', '1e3'],
  ['epochms', 'now'],
  ['yyyymmdd', '1997011'],
  ['yyyymmdd', '19971301'],
  ['%d.%m.%Y', '31.04.2026'],
  ['%d.%m.%Y', '1.4.2026 '],
  ['%Y-%m-%d %I %p', '2026-11-02 13 PM'],
  ['%Y-%b-%d', '2026-Abc-02'],
])('%s refuses %j', (format, text) => {
  expect(read(format, text)).toBeNull();
});

describe('a format that is none', () => {
  it.each([
    ['yyyy-mm-dd', 'expected a time format (iso, epoch, epochms, yyyymmdd, or a pattern such as %d.%m.%Y %H:%M), got "yyyy-mm-dd"'],
    ['%Y-%m', 'the pattern must name a whole date: %Y, %m and %d (or %y, %b)'],
    ['%Y-%m-%d %q', '%q is not known: the pattern may use %Y %y %m %b %d %H %I %p %M %S %f %z %% %F %T'],
    ['%Y-%m-%d %Y', '%Y stands twice in the pattern'],
  ])('%s says what was expected', (format, problem) => {
    expect(timeReader(format)).toEqual({ problem });
  });
});
