/** The time of an event: ISO 8601 with a zone, or a JSON number of epoch milliseconds. */

export const DAY_MS = 86_400_000;
/** 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: an instant outside is no time. */
const FIRST_TIME_MS = -62_135_596_800_000;
const LAST_TIME_MS = 253_402_300_799_999;

const ISO = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/;

/** Epoch milliseconds of a parsed `timestamp`, or NaN when it is none. */
export function timeOf(value: unknown): number {
  if (typeof value === 'string') return timeOfText(value);
  if (typeof value !== 'number') return Number.NaN;
  // Adding 0 turns −0 into 0.
  return within(Math.floor(value) + 0);
}

/** Epoch milliseconds of an ISO 8601 text, or NaN. Fractions are cut to milliseconds; second 60 is the next minute's 00. */
function timeOfText(text: string): number {
  const found = ISO.exec(text);
  if (found === null) return Number.NaN;
  const [, year, month, day, hour, minute, second = '0', fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = found;
  const dayNumber = dayNumberOf(Number(year), Number(month), Number(day));
  const timeOfDayMs = timeOfDayMsOf(Number(hour), Number(minute), Number(second));
  const zoneMs = zoneMsOf(sign === '-', Number(zoneHour), Number(zoneMinute));
  return within(dayNumber * DAY_MS + timeOfDayMs + Number(fraction.slice(0, 3).padEnd(3, '0')) - zoneMs);
}

/** Days since 1970-01-01 of a date of the years 1–9999, or NaN when the calendar has no such day. */
export function dayNumberOf(year: number, month: number, day: number): number {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  // Years from March, so that the leap day is the last; eras of 400 years have 146,097 days.
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** Milliseconds since midnight, or NaN when the clock has no such time. */
export function timeOfDayMsOf(hour: number, minute: number, second: number): number {
  return hour <= 23 && minute <= 59 && second <= 60 ? (hour * 3600 + minute * 60 + second) * 1000 : Number.NaN;
}

/** Milliseconds east of UTC, or NaN when there is no such offset. */
export function zoneMsOf(west: boolean, hours: number, minutes: number): number {
  if (hours > 23 || minutes > 59) return Number.NaN;
  const eastMs = (hours * 60 + minutes) * 60_000;
  return west ? -eastMs : eastMs;
}

/** The same time, or NaN when it lies outside the years 1–9999. */
export function within(timeMs: number): number {
  return timeMs >= FIRST_TIME_MS && timeMs <= LAST_TIME_MS ? timeMs : Number.NaN;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
