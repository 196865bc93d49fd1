/** The small values of a definition file: names, whole numbers, durations, zones. Each message says what was expected. */
import { z } from 'zod';
import { didYouMean } from '../nearest.ts';

/**
 * An object in which every other key is a mistake. Its `unrecognized_keys` issue carries the known keys, joined by a comma,
 * as the message: `explain.ts` makes a sentence of each unknown key from it.
 */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape, what: string) {
  const known = Object.keys(shape).join(',');
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : `expected ${what}`) });
}

export function words(max: number, what = `a text of 1 to ${max} characters`) {
  const error = `expected ${what}`;
  return z.string({ error }).min(1, { error }).max(max, { error });
}

export function whole(min: number, max: number, what = 'a whole number') {
  const error = `expected ${what} from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `expected ${oneOf(values)}` });
}

export function oneOf(values: readonly string[]): string {
  return values.length === 1 ? `'${values[0]}'` : `one of ${values.join(', ')}`;
}

const DURATION = /^(\d{1,9})([smhdw])$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `14d` in milliseconds (d = 24 h, w = 7 d), or undefined when the text is no duration. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : UNIT_MS[unit];
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs;
}

export function duration(min: string, max: string) {
  const error = `expected a duration from ${min} to ${max}: a whole number and s, m, h, d or w, such as 14d`;
  const low = durationMs(min) ?? 0;
  const high = durationMs(max) ?? 0;
  return z
    .string({ error })
    .regex(DURATION, { error })
    .refine((text) => (durationMs(text) ?? 0) >= low && (durationMs(text) ?? 0) <= high, { error });
}

export const metricId = z
  .string({ error: 'expected an id' })
  .regex(/^[a-z][a-z0-9_]{0,62}$/, { error: 'expected an id of 1 to 63 of a-z, 0-9 and _, a letter first, such as cabinet_retention' });

export const unit = choice(['hour', 'day', 'week', 'month']);
export const weekStart = choice(['monday', 'sunday']).meta({ description: 'The day on which a week bucket begins.' });

export const timezone = z
  .string({ error: 'expected an IANA time zone such as Asia/Yerevan' })
  .refine(isZone, { error: (issue) => `expected an IANA time zone such as Asia/Yerevan or UTC${didYouMean(String(issue.input), zones())}` })
  .meta({ description: 'IANA time zone of the hour, day, week and month buckets.', examples: ['UTC', 'Asia/Yerevan', 'Europe/Moscow'] });

/** Does the platform know this zone, spelled like this? Offsets such as +04:00 are not zones: they have no rules for clock changes. */
function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  const listed = zones();
  return listed.includes(name) || !listed.some((zone) => zone.toLowerCase() === name.toLowerCase());
}

function zones(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}
