/** Buckets of local time: instants to numbered buckets and back, in one IANA zone. */
import type { Unit, WeekStart } from '../definition.ts';
import { DAY_MS, dateName, firstDayOfMonth, HOUR_MS, monthOfDay, pad, parseDateName } from './civil.ts';
import { segmentAt, type ZoneTable, zoneTable } from './zone.ts';

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

/** What a unit adds to the others: instant → bucket → first instant → name. */
type Buckets = Pick<Calendar, 'bucketOf' | 'startMs' | 'name' | 'parse'>;

/**
 * The calendar of a zone and unit. Throws a RangeError that names an unknown zone.
 *
 * - Offsets: transitions of the years 1970 up to 2100; earlier instants have the offset of 1970-01-01T00:00Z, later ones the last.
 * - Numbers: day = days since 1970-01-01; week 0 contains 1970-01-01; month = (year − 1970) × 12 + month − 1; hour = hours since 1970-01-01T00:00Z
 *   where offsets are whole hours.
 * - A day begins with the first instant whose local date is that date or a later one. So days are whole stretches of time: when clocks are set back
 *   over midnight (St. John's until 2011, at 00:01), the repeated minutes belong to the day that has begun; a date that was skipped is empty.
 * - An hour begins at each local :00, and also at a transition that changes the minutes of the offset (Lord Howe), which cuts the hour in two.
 *   Its name is the local hour and the offset at its start.
 */
export function createCalendar(options: { zone: string; unit: Unit; weekStart: WeekStart }): Calendar {
  const { zone, unit, weekStart } = options;
  const table = zoneTable(zone);
  const buckets = unit === 'hour' ? hours(table) : dated(unit, weekStart, table);
  return { zone, unit, weekStart, ...buckets, endMs: (bucket) => buckets.startMs(bucket + 1) };
}

function dated(unit: 'day' | 'week' | 'month', weekStart: WeekStart, table: ZoneTable): Buckets {
  const { dayOf, dayStartMs } = days(table);
  if (unit === 'day') return { bucketOf: dayOf, startMs: dayStartMs, name: dateName, parse: parseDateName };
  // 1970-01-01 was a Thursday: three days into its week from Monday, four from Sunday.
  const daysIntoWeek = weekStart === 'monday' ? 3 : 4;
  const bucketOfDay = unit === 'week' ? (day: number) => Math.floor((day + daysIntoWeek) / 7) : monthOfDay;
  const firstDay = unit === 'week' ? (week: number) => week * 7 - daysIntoWeek : firstDayOfMonth;
  return {
    bucketOf: (timeMs) => bucketOfDay(dayOf(timeMs)),
    startMs: (bucket) => dayStartMs(firstDay(bucket)),
    name: (bucket) => dateName(firstDay(bucket)),
    parse: (name) => {
      const day = parseDateName(name);
      if (day === null) return null;
      const bucket = bucketOfDay(day);
      return firstDay(bucket) === day ? bucket : null;
    },
  };
}

/** Local days as whole stretches of time: the largest local date up to an instant, which differs from its date only after a step back over midnight. */
function days({ startMs: starts, offsetMs: offsets }: ZoneTable) {
  const count = offsets.length;
  const largestBefore = new Float64Array(count + 1).fill(-Infinity);
  for (let index = 0; index < count; index++) {
    const lastDay = Math.floor((at(starts, index + 1) - 1 + at(offsets, index)) / DAY_MS);
    largestBefore[index + 1] = Math.max(at(largestBefore, index), lastDay);
  }
  let last = 0;
  const dayOf = (timeMs: number): number => {
    last = segmentAt(starts, timeMs, last);
    const day = Math.floor((timeMs + at(offsets, last)) / DAY_MS);
    const begun = at(largestBefore, last);
    return Math.max(day, begun);
  };
  const dayStartMs = (day: number): number => {
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (at(largestBefore, middle + 1) >= day) high = middle;
      else low = middle + 1;
    }
    return Math.max(at(starts, low), day * DAY_MS - at(offsets, low));
  };
  return { dayOf, dayStartMs };
}

/** Hours on a grid of local :00, with one stretch for each run of offsets that differ by whole hours. */
function hours(table: ZoneTable): Buckets {
  const { starts, shifts, bases, firsts } = hourStretches(table);
  let last = 0;
  const bucketOf = (timeMs: number): number => {
    last = segmentAt(starts, timeMs, last);
    return at(bases, last) + Math.floor((timeMs + at(shifts, last)) / HOUR_MS);
  };
  const startMs = (bucket: number): number => {
    const index = segmentAt(firsts, bucket, 0);
    return Math.max(at(starts, index), (bucket - at(bases, index)) * HOUR_MS - at(shifts, index));
  };
  const name = (bucket: number): string => {
    const start = startMs(bucket);
    const offset = at(table.offsetMs, segmentAt(table.startMs, start, 0));
    const localHour = Math.floor((start + offset) / HOUR_MS);
    const day = Math.floor(localHour / 24);
    return `${dateName(day)}T${pad(localHour - day * 24, 2)}${offsetName(offset)}`;
  };
  const parse = (text: string): number | null => {
    const match = /^(.+)T(\d{2})([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text);
    const day = match ? parseDateName(match[1] ?? '') : null;
    if (!match || day === null) return null;
    const size = Number(match[4]) * HOUR_MS + Number(match[5]) * 60_000 + Number(match[6] ?? 0) * 1_000;
    const sharpMs = day * DAY_MS + Number(match[2]) * HOUR_MS - (match[3] === '-' ? -size : size);
    // An hour that a transition cut begins after its :00; whatever is written in another way than `name` writes it names nothing.
    for (let bucket = bucketOf(sharpMs); bucket <= bucketOf(sharpMs + HOUR_MS - 1); bucket++) if (name(bucket) === text) return bucket;
    return null;
  };
  return { bucketOf, startMs, name, parse };
}

/** In stretch i, from `starts[i]`: bucket = `bases[i]` + ⌊(t + `shifts[i]`) / hour⌋, the first one being `firsts[i]`. */
function hourStretches({ startMs, offsetMs }: ZoneTable) {
  const starts: number[] = [];
  const shifts: number[] = [];
  const bases: number[] = [];
  const firsts: number[] = [];
  for (const [index, offset] of offsetMs.entries()) {
    const shift = offset - Math.floor(offset / HOUR_MS) * HOUR_MS;
    const before = shifts.at(-1);
    if (before === shift) continue;
    const start = at(startMs, index);
    // Whether or not the transition fell on a full hour of the old grid, the new stretch begins with the next number.
    const first = before === undefined ? -Infinity : (bases.at(-1) ?? 0) + Math.floor((start - 1 + before) / HOUR_MS) + 1;
    starts.push(start);
    shifts.push(shift);
    firsts.push(first);
    bases.push(before === undefined ? 0 : first - Math.floor((start + shift) / HOUR_MS));
  }
  return {
    starts: Float64Array.from([...starts, Infinity]),
    shifts: Float64Array.from(shifts),
    bases: Float64Array.from(bases),
    firsts: Float64Array.from([...firsts, Infinity]),
  };
}

/** `+04:00`, `-03:30`, and `-00:44:30` where an offset has seconds. */
function offsetName(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  if (seconds % 60 !== 0) parts.push(seconds % 60);
  return (offsetMs < 0 ? '-' : '+') + parts.map((part) => pad(part, 2)).join(':');
}

/** An element known to exist; NaN, which spreads visibly, if the arithmetic above were wrong. */
function at(values: Float64Array, index: number): number {
  return values[index] ?? Number.NaN;
}
