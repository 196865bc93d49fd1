/** Names of buckets: which one an instant or a date is in, which come before, and how people call them. */

export interface Buckets {
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  /** IANA. */
  readonly timezone: string;
  readonly weekStart: 'monday' | 'sunday';
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-02`, of an hour `2026-11-01T15+04:00`. */
export function bucketAt(instantMs: number, { unit, timezone, weekStart }: Buckets): string {
  const { date, hour, offset } = localParts(instantMs, timezone);
  return unit === 'hour' ? `${date}T${hour}${offset}` : dateBucket(date, { unit, weekStart });
}

/** The first bucket that a local date (`2026-11-02`) lies in or begins. */
export function bucketOfDate(date: string, buckets: Buckets): string {
  return buckets.unit === 'hour' ? bucketAt(startOfDate(date, buckets.timezone), buckets) : dateBucket(date, buckets);
}

/** The last bucket that a local date lies in. */
export function lastBucketOfDate(date: string, buckets: Buckets): string {
  if (buckets.unit !== 'hour') return dateBucket(date, buckets);
  return bucketAt(startOfDate(dateAfter(date, 1), buckets.timezone) - HOUR_MS, buckets);
}

/** The name so many buckets later, or earlier. */
export function stepped(bucket: string, count: number, buckets: Buckets): string {
  const { unit } = buckets;
  if (unit === 'hour') return bucketAt(Date.parse(hourIso(bucket)) + count * HOUR_MS, buckets);
  if (unit === 'month') {
    const [year = 1970, month = 1] = bucket.split('-').map(Number);
    return new Date(Date.UTC(year, month - 1 + count, 1)).toISOString().slice(0, 10);
  }
  return dateAfter(bucket, count * (unit === 'week' ? 7 : 1));
}

function dateAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** `2 Nov`, `Nov 2026`, `15:00`; `long` also says the year, the week or the day. */
export function bucketLabel(bucket: string, unit: Buckets['unit'], { long = false }: { readonly long?: boolean } = {}): string {
  const date = new Date(`${bucket.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return bucket;
  const of = (options: Intl.DateTimeFormatOptions): string => format({ ...options, timeZone: 'UTC' }).format(date);
  if (unit === 'month') return of(long ? { month: 'long', year: 'numeric' } : { month: 'short', year: 'numeric' });
  if (unit === 'hour')
    return long
      ? `${of({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })}, ${bucket.slice(11, 13)}:00`
      : `${bucket.slice(11, 13)}:00`;
  if (unit === 'week') return long ? `week of ${of({ day: 'numeric', month: 'short', year: 'numeric' })}` : of({ day: 'numeric', month: 'short' });
  return of(long ? { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } : { day: 'numeric', month: 'short' });
}

function dateBucket(date: string, { unit, weekStart }: Pick<Buckets, 'unit' | 'weekStart'>): string {
  if (unit === 'month') return `${date.slice(0, 7)}-01`;
  if (unit !== 'week') return date;
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return dateAfter(date, -((weekday + (weekStart === 'monday' ? 6 : 0)) % 7));
}

function hourIso(bucket: string): string {
  return bucket.replace(/T(\d\d)/, 'T$1:00:00');
}

/** When a local date begins: the zone's offset at that instant may differ from the one at UTC midnight. */
function startOfDate(date: string, timezone: string): number {
  const utcMs = Date.parse(`${date}T00:00:00Z`);
  const first = utcMs - offsetMs(utcMs, timezone);
  return utcMs - offsetMs(first, timezone);
}

function offsetMs(instantMs: number, timezone: string): number {
  const { offset } = localParts(instantMs, timezone);
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * (hours * HOUR_MS + minutes * 60_000);
}

function localParts(instantMs: number, timezone: string): { date: string; hour: string; offset: string } {
  const known = `parts ${timezone}`;
  const formatter =
    formats.get(known) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
  formats.set(known, formatter);
  const parts = Object.fromEntries(formatter.formatToParts(instantMs).map(({ type, value }) => [type, value]));
  const offset = (parts['timeZoneName'] ?? 'GMT').replace('GMT', '');
  return { date: `${parts['year']}-${parts['month']}-${parts['day']}`, hour: parts['hour'] ?? '00', offset: offset === '' ? '+00:00' : offset };
}

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = JSON.stringify(options);
  const known = formats.get(name) ?? new Intl.DateTimeFormat('en-GB', options);
  formats.set(name, known);
  return known;
}
