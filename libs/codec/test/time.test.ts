/** Times against JavaScript's own calendar, and the fast reader against the plain one. */
import { expect, test } from 'vitest';
import { ValueText } from '../src/decode-text.ts';
import { dayNumberOf, timeOf } from '../src/time.ts';
import { TimeReader } from '../src/time-bytes.ts';

test('every day of the years 1 to 9999 has the number that Date gives it', () => {
  const date = new Date('0001-01-01T00:00:00Z');
  let wrong = 0;
  for (let day = date.getTime() / 86_400_000; day < 2_932_897; day += 1) {
    date.setTime(day * 86_400_000);
    if (dayNumberOf(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()) !== day) wrong += 1;
  }
  expect(wrong).toBe(0);
});

test.each([
  ['2026-11-21T18:00:04.120Z', '2026-11-21T18:00:04.120Z'],
  ['2026-11-21T18:00:04.1209Z', '2026-11-21T18:00:04.120Z'],
  ['1969-12-31T23:59:59.9999Z', '1969-12-31T23:59:59.999Z'],
  ['2026-11-21T18:00Z', '2026-11-21T18:00:00.000Z'],
  ['2026-11-21t18:00:04z', '2026-11-21T18:00:04.000Z'],
  ['2026-11-21T18:00:04+03:00', '2026-11-21T15:00:04.000Z'],
  ['2026-11-21T18:00:04-0330', '2026-11-21T21:30:04.000Z'],
  ['2026-11-21T18:00:04+14', '2026-11-21T04:00:04.000Z'],
  ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
])('%s is %s', (text, instant) => {
  expect(timeOf(text)).toBe(Date.parse(instant));
});

test('a number is rounded towards minus infinity, and never minus zero', () => {
  expect(timeOf(1.9)).toBe(1);
  expect(timeOf(-1.1)).toBe(-2);
  expect(Object.is(timeOf(-0), 0)).toBe(true);
});

test.each([
  '2026-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-11-21T24:00:00Z',
  '2026-11-21T18:60:00Z',
  '2026-11-21T18:00:61Z',
  '9999-12-31T23:59:60Z',
  '2026-11-21T18:00:04+24:00',
  '2026-11-21T18.5Z',
  '2026-11-21T18:00:04.Z',
  '2026-11-21T18:00:04',
  '',
])('%s is no time', (text) => {
  expect(timeOf(text)).toBeNaN();
  expect(readFast(text)).toBeNaN();
});

test('the fast reader gives the time of the plain one, or leaves it to it', () => {
  for (const date of ['2026-11-21', '2026-11-22', '2026-13-01', '2024-02-29', '0001-01-01']) {
    for (const clock of ['18:00:04', '23:59:60', '18:00:0x']) {
      for (const fraction of ['', '.1', '.12', '.123', '.9999', '.']) {
        for (const zone of ['Z', '+03:00', '-11:59', '+3:00', '+03:00x']) {
          const text = `${date}T${clock}${fraction}${zone}`;
          expect(readFast(text)).toBe(timeOf(text));
        }
      }
    }
  }
});

const reader = new TimeReader();
const text = new ValueText();

function readFast(time: string): number {
  text.openCopy(Buffer.from(time));
  return reader.read(text, 0, time.length) ? (reader.timeMs[0] ?? 0) : Number.NaN;
}
