/** The usual forms of a timestamp, read from bytes: `2026-11-21T18:00:04.120Z` and `…+03:00`. */
import type { ValueText } from './decode-text.ts';
import { DAY_MS, dayNumberOf, timeOfDayMsOf, within, zoneMsOf } from './time.ts';

/** A whole number of no more digits is exact in a double. */
const EXACT_DIGITS = 15;

/** Reads times from bytes and remembers the last date's day, since neighbours in a log share it. */
export class TimeReader {
  /** One element, the last time read, in epoch milliseconds: a result in an array is never boxed. */
  readonly timeMs = new Float64Array(1);
  #date = 0;
  #dayNumber = Number.NaN;

  /** False when the text between two positions is no time, or not in one of the usual forms. */
  read({ bytes }: ValueText, start: number, end: number): boolean {
    // The shortest is `2026-11-21T18:00:04Z`.
    if (end - start < 20 || bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || bytes[start + 10] !== 0x54) return false;
    if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return false;
    const century = twoDigits(bytes, start);
    const year = twoDigits(bytes, start + 2);
    const month = twoDigits(bytes, start + 5);
    const day = twoDigits(bytes, start + 8);
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    // Negative when one of them is.
    if ((century | year | month | day | hour | minute | second) < 0) return false;
    const fractionEnd = bytes[start + 19] === 0x2e ? afterDigits(bytes, start + 20, end) : start + 19;
    if (fractionEnd === start + 20) return false;
    const zoneMs = zoneMsAt(bytes, fractionEnd, end);
    const dayMs = this.#dayOf(century * 100 + year, month, day) * DAY_MS;
    const timeMs = within(dayMs + timeOfDayMsOf(hour, minute, second) + fractionMsAt(bytes, start + 20, fractionEnd) - zoneMs);
    this.timeMs[0] = timeMs;
    return !Number.isNaN(timeMs);
  }

  /** The same for a JSON number: false unless it is whole, not negative and of at most 15 digits. */
  readNumber({ bytes }: ValueText, start: number, end: number): boolean {
    if (end - start > EXACT_DIGITS) return false;
    let number = 0;
    for (let at = start; at < end; at += 1) {
      const digit = digitAt(bytes, at);
      if (digit < 0) return false;
      number = number * 10 + digit;
    }
    const timeMs = within(number);
    this.timeMs[0] = timeMs;
    return !Number.isNaN(timeMs);
  }

  #dayOf(year: number, month: number, day: number): number {
    const date = year * 10_000 + month * 100 + day;
    if (date !== this.#date) {
      this.#date = date;
      this.#dayNumber = dayNumberOf(year, month, day);
    }
    return this.#dayNumber;
  }
}

function fractionMsAt(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start) return 0;
  let ms = digitAt(bytes, start) * 100;
  if (end > start + 1) ms += digitAt(bytes, start + 1) * 10;
  if (end > start + 2) ms += digitAt(bytes, start + 2);
  return ms;
}

/** `Z` or `±hh:mm` up to the end, in milliseconds east of UTC; else NaN. */
function zoneMsAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 === end && bytes[at] === 0x5a) return 0;
  const west = bytes[at] === 0x2d;
  if (at + 6 !== end || (!west && bytes[at] !== 0x2b) || bytes[at + 3] !== 0x3a) return Number.NaN;
  const hours = twoDigits(bytes, at + 1);
  const minutes = twoDigits(bytes, at + 4);
  return (hours | minutes) < 0 ? Number.NaN : zoneMsOf(west, hours, minutes);
}

function afterDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && digitAt(bytes, at) >= 0) at += 1;
  return at;
}

/** A number of two digits, or negative. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = digitAt(bytes, at);
  const ones = digitAt(bytes, at + 1);
  return (tens | ones) < 0 ? -1 : tens * 10 + ones;
}

/** A digit, or negative. */
function digitAt(bytes: Uint8Array, at: number): number {
  const digit = (bytes[at] ?? 0) - 0x30;
  return digit <= 9 ? digit : -1;
}
