/** What an activity answer says, made ready for charts, words and tables. */
import type { ActivityAnswer, ActivityBucket, ActivitySlice, SlicedActivityAnswer, TotalActivityAnswer } from '@tidemark/query/client';
import { exact } from '../../show/numbers.ts';

/** One value of a slice, or the total (`value` null). */
export type ActivityLine = Omit<ActivitySlice, 'value'> & { readonly value: ActivitySlice['value'] | null };

export const COUNTS = ['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever'] as const;
type Count = (typeof COUNTS)[number];

function isSliced(body: ActivityAnswer): body is SlicedActivityAnswer {
  return 'slices' in body;
}

export function linesOf(body: ActivityAnswer): readonly ActivityLine[] {
  return isSliced(body) ? body.slices : [{ ...body, value: null }];
}

/** Lengths of the rolling windows, in buckets, the shortest first. */
export function windowsOf({ buckets }: ActivityLine): readonly string[] {
  return Object.keys(buckets[0]?.rolling ?? {}).sort((one, other) => Number(one) - Number(other));
}

/** What the lines of slices may show: counts, `rolling.7`, `stickiness.7`. */
export function fieldsOf(line: ActivityLine): readonly string[] {
  return [...COUNTS, ...windowsOf(line).flatMap((length) => [`rolling.${length}`, `stickiness.${length}`])];
}

/** Null: not known, or nobody to divide by. */
export function fieldOf(bucket: ActivityBucket | undefined, field: string): number | null {
  if (bucket === undefined) return null;
  const [name = '', length = ''] = field.split('.');
  if (name === 'rolling') return bucket.rolling[length] ?? null;
  if (name === 'stickiness') return bucket.stickiness[length] ?? null;
  const count = COUNTS.find((known) => known === name);
  return count === undefined ? null : bucket[count];
}

/** `active`, `within 7 days`, `stickiness in 7 days`. */
export function fieldWords(field: string, unit: string): string {
  const [name = '', length = ''] = field.split('.');
  if (name === 'rolling') return `within ${length} ${plural(unit, Number(length))}`;
  return name === 'stickiness' ? `stickiness in ${length} ${plural(unit, Number(length))}` : name;
}

export function plural(unit: string, count: number): string {
  return count === 1 ? unit : `${unit}s`;
}

export function sumOf(line: ActivityLine, count: Count): number {
  return line.buckets.reduce((sum, bucket) => sum + bucket[count], 0);
}

/** Nobody at all in the whole range. */
export function isNobody({ buckets }: ActivityLine): boolean {
  return buckets.every(({ active, dormant, churned }) => active === 0 && dormant === 0 && churned === 0);
}

export function uniquesWords({ uniques, uniquesLimit, buckets }: Pick<ActivityLine, 'uniques' | 'uniquesLimit' | 'buckets'>, unit: string): string {
  if (uniques !== null) return `distinct people in ${buckets.length} ${plural(unit, buckets.length)}`;
  return `Distinct people are told exactly for at most ${exact(uniquesLimit)} ${plural(unit, uniquesLimit)} at once; choose a shorter range for the number. Each ${unit} is still here.`;
}

interface Compared {
  readonly now: Pick<TotalActivityAnswer, 'from' | 'to' | 'buckets' | 'uniques'>;
  readonly before: NonNullable<TotalActivityAnswer['previous']>;
}

/** The range before, and the asked one cut to the same elapsed time. Null: not asked for, or none lies before. */
export function comparedOf(body: ActivityAnswer): Compared | null {
  if (isSliced(body) || body.previous === undefined || body.previous === null) return null;
  return { now: body.previous.against ?? body, before: body.previous };
}

interface DaysRow {
  readonly period: string;
  readonly complete: boolean;
  /** Actors who came in exactly n buckets, by n − 1. */
  readonly actors: readonly number[];
  readonly all: number;
  /** Buckets per actor who came; null: nobody came. */
  readonly mean: number | null;
}

/** Periods as rows, the newest first. */
export function daysRows(cells: ActivityLine['stickiness']['week']): readonly DaysRow[] {
  const periods = new Map<string, { complete: boolean; actors: number[] }>();
  const most = Math.max(0, ...cells.map(({ n }) => n));
  for (const { period, n, actors, complete } of cells) {
    const known = periods.get(period) ?? { complete, actors: Array.from({ length: most }, () => 0) };
    known.actors[n - 1] = actors;
    periods.set(period, known);
  }
  return [...periods]
    .sort(([one], [other]) => (one < other ? 1 : -1))
    .map(([period, { complete, actors }]) => {
      const all = actors.reduce((sum, count) => sum + count, 0);
      const buckets = actors.reduce((sum, count, index) => sum + count * (index + 1), 0);
      return { period, complete, actors, all, mean: all === 0 ? null : buckets / all };
    });
}
