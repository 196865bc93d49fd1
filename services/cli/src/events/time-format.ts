/** Times as they stand in CSV cells: named formats, or a pattern in the manner of strptime, to epoch milliseconds. */
import { DAY_MS, pad, parseDateName } from '@tidemark/core';

/** Epoch milliseconds, or NaN when the text is no such time. What names no zone is UTC. */
export type TimeReader = (text: string) => number;

export const timeFormatsInWords = 'iso, epoch, epochms, yyyymmdd, or a pattern such as %d.%m.%Y %H:%M';

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  /** Digits after the point. */
  readonly fraction?: string;
  /** `Z`, `+04:00`, `+0400`, `+04`; absent means UTC. */
  readonly zone?: string | undefined;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;
const named: ReadonlyMap<string, TimeReader> = new Map([
  ['iso', readIso],
  ['epoch', (text: string) => readNumber(text, 1_000)],
  ['epochms', (text: string) => readNumber(text, 1)],
  ['yyyymmdd', readCompactDate],
]);

/** The reader of a format, or what is wrong with the format. */
export function timeReader(format: string): TimeReader | { readonly problem: string } {
  const reader = named.get(format.toLowerCase());
  if (reader !== undefined) return reader;
  if (format.includes('%')) return patternReader(format);
  return { problem: `expected a time format (${timeFormatsInWords}), got ${JSON.stringify(format)}` };
}

function readIso(text: string): number {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = ISO.exec(text) ?? [];
  if (year === undefined) return Number.NaN;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  return instantOf({ ...date, hour: Number(hour), minute: Number(minute), second: Number(second), fraction, zone });
}

function readNumber(text: string, perUnitMs: number): number {
  return /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Math.floor(Number(text) * perUnitMs) : Number.NaN;
}

function readCompactDate(text: string): number {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? [];
  return year === undefined ? Number.NaN : instantOf({ year: Number(year), month: Number(month), day: Number(day) });
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DIRECTIVES: Readonly<Record<string, string>> = {
  Y: '(?<Y>\\d{4})',
  y: '(?<y>\\d\\d)',
  m: '(?<m>\\d{1,2})',
  b: '(?<b>[A-Za-z]{3})',
  d: '(?<d>\\d{1,2})',
  H: '(?<H>\\d{1,2})',
  I: '(?<I>\\d{1,2})',
  p: '(?<p>[AaPp][Mm])',
  M: '(?<M>\\d{1,2})',
  S: '(?<S>\\d{1,2})',
  f: '(?<f>\\d{1,9})',
  z: '(?<z>[Zz]|[+-]\\d\\d(?::?\\d\\d)?)',
  '%': '%',
};

function patternReader(format: string): TimeReader | { readonly problem: string } {
  const spelt = format.replaceAll('%F', '%Y-%m-%d').replaceAll('%T', '%H:%M:%S');
  const seen = new Set<string>();
  let problem: string | undefined;
  const source = spelt.replaceAll(/%(.?)|[^%]/gs, (match, letter: string | undefined) => {
    if (letter === undefined) return match.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    const directive = Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter] : undefined;
    if (directive === undefined) problem ??= `%${letter} is not known: the pattern may use %${Object.keys(DIRECTIVES).join(' %')} %F %T`;
    else if (letter !== '%' && seen.has(letter)) problem ??= `%${letter} stands twice in the pattern`;
    seen.add(letter);
    return directive ?? '';
  });
  const hasDate = (seen.has('Y') || seen.has('y')) && (seen.has('m') || seen.has('b')) && seen.has('d');
  if (problem === undefined && !hasDate) problem = 'the pattern must name a whole date: %Y, %m and %d (or %y, %b)';
  if (problem !== undefined) return { problem };
  const pattern = new RegExp(`^${source}$`);
  return (text) => {
    const found = pattern.exec(text)?.groups;
    return found === undefined ? Number.NaN : instantOf(partsOf(found));
  };
}

function partsOf(found: Readonly<Record<string, string | undefined>>): Parts {
  const { Y, y, m, b, d, H, I, p, M = '0', S = '0', f = '', z } = found;
  return {
    // As POSIX has it: 69 to 99 are of the twentieth century.
    year: Y === undefined ? Number(y) + (Number(y) < 69 ? 2000 : 1900) : Number(Y),
    month: b === undefined ? Number(m) : MONTHS.indexOf(b.toLowerCase()) + 1,
    day: Number(d),
    hour: I === undefined ? Number(H ?? '0') : twelveHour(Number(I), p ?? 'am'),
    minute: Number(M),
    second: Number(S),
    fraction: f,
    zone: z,
  };
}

function twelveHour(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return Number.NaN;
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

/** NaN when the calendar or the clock has no such instant; second 60 is the next minute's 00. */
function instantOf({ year, month, day, hour = 0, minute = 0, second = 0, fraction = '', zone }: Parts): number {
  const dayNumber = parseDateName(`${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`);
  if (dayNumber === null || !(hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN;
  const ofDayMs = (hour * 3600 + minute * 60 + second) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  return dayNumber * DAY_MS + ofDayMs - zoneMs(zone);
}

function zoneMs(zone: string | undefined): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
}
