/** Arithmetic of the proleptic Gregorian calendar on day numbers (1970-01-01 is 0), without any `Date`. */

export interface CivilDate {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly day: number;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const DAYS_PER_ERA = 146_097; // 400 years

/** The day number of a civil date. Months and days outside their range carry over linearly for days only; pass month 1..12. */
export function daysFromCivil(year: number, month: number, day: number): number {
  // Years that begin in March put the leap day last, so that day-of-year is a linear function of the month.
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - 719_468;
}

/** The civil date of a day number. */
export function civilFromDays(dayNumber: number): CivilDate {
  const month0 = monthOfDay(dayNumber);
  const year = 1970 + Math.floor(month0 / 12);
  const month = month0 - (year - 1970) * 12 + 1;
  return { year, month, day: dayNumber - daysFromCivil(year, month, 1) + 1 };
}

/** The month number of a day number: (year − 1970) × 12 + (month − 1). Allocates nothing. */
export function monthOfDay(dayNumber: number): number {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153); // 0 = March
  // March is month 2 of the civil year in which the shifted year begins; January and February run over into the next one by themselves.
  return (era * 400 + yearOfEra - 1970) * 12 + marchMonth + 2;
}

/** The day number of the first day of a month number. */
export function firstDayOfMonth(month: number): number {
  const yearsSince1970 = Math.floor(month / 12);
  return daysFromCivil(1970 + yearsSince1970, month - yearsSince1970 * 12 + 1, 1);
}

/** `2026-11-02`; years outside 0..9999 in the expanded form of ISO 8601, `+012026-11-02`. */
export function dateName(dayNumber: number): string {
  const { year, month, day } = civilFromDays(dayNumber);
  return `${yearName(year)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** The day number that a date's name denotes, or null when the text is no date. `dateName(parseDateName(text)) === text`. */
export function parseDateName(text: string): number | null {
  const match = /^(\d{4}|[+-]\d{6})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return null;
  const month = Number(match[2]);
  if (month < 1 || month > 12) return null;
  const dayNumber = daysFromCivil(Number(match[1]), month, Number(match[3]));
  return dateName(dayNumber) === text ? dayNumber : null;
}

/** An instant as `2026-11-21T18:00:04.120Z`, exactly like `toISOString` and for every finite number (fractions of a millisecond are cut). */
export function isoInstant(timeMs: number): string {
  const wholeMs = Math.floor(timeMs);
  const dayNumber = Math.floor(wholeMs / DAY_MS);
  const ofDayMs = wholeMs - dayNumber * DAY_MS;
  const time = [Math.floor(ofDayMs / HOUR_MS), Math.floor(ofDayMs / 60_000) % 60, Math.floor(ofDayMs / 1_000) % 60];
  return `${dateName(dayNumber)}T${time.map((part) => pad(part, 2)).join(':')}.${pad(ofDayMs % 1_000, 3)}Z`;
}

export function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function yearName(year: number): string {
  if (year >= 0 && year <= 9999) return pad(year, 4);
  return (year < 0 ? '-' : '+') + pad(Math.abs(year), 6);
}
