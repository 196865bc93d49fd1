/** A retention answer as a table of cohorts by age: one part of the cohort per cell, by the way of counting, and pooled. */
import type { AsOf, RetentionCohort, RetentionOverall } from '@tidemark/query/client';
import { itemName } from '../../data/changes.ts';
import { type Buckets, bucketAt, stepped } from '../../show/buckets.ts';
import { wilson } from './proportions.ts';

/** Returned in the k-th bucket; in it or a later one of the table; in some bucket of a bracket. */
export type Way = 'on' | 'onOrAfter' | 'brackets';

/** A column: from `from` to `to` buckets after the entry, both included. */
export interface Age {
  /** In addresses: `7`, of a bracket `1-7`. */
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

export interface CohortCell {
  readonly part: number;
  readonly complete: boolean;
  /** Null where the answer does not say it. */
  readonly closesAt: string | null;
  /** Where changes of the part are looked up. */
  readonly at: string;
  /** Whether its bucket has begun: what has not is empty, not 0. */
  readonly begun: boolean;
}

export interface CohortRow {
  readonly cohort: string;
  readonly size: number;
  /** Where changes of the size are looked up. */
  readonly sizeAt: string;
  /** One per age. */
  readonly cells: readonly CohortCell[];
}

export interface Pooled {
  readonly part: number;
  readonly of: number;
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Cohorts whose cell is complete. */
  readonly cohorts: number;
}

/** People who are looked at together: everybody, or those with one value of a slice. */
export interface Group {
  readonly cohorts: readonly RetentionCohort[];
  readonly overall: readonly RetentionOverall[];
}

/** A slice value as text that tells it from others: of several dimensions JSON, as `value=` takes it. */
export function valueKey(value: string | readonly string[] | null): string {
  return value === null || typeof value === 'string' ? (value ?? '') : JSON.stringify(value);
}

/** The values that an answer holds, as it lists them; one null of an answer that is not sliced. */
export function valuesIn({ overall }: Group): readonly (string | readonly string[] | null)[] {
  return [...new Map(overall.map(({ value }) => [value === null ? null : valueKey(value), value])).values()];
}

export function groupOf({ cohorts, overall }: Group, value: string | readonly string[] | null): Group {
  const isMine = (other: { readonly value: string | readonly string[] | null }): boolean =>
    (other.value === null) === (value === null) && valueKey(other.value) === valueKey(value);
  return { cohorts: cohorts.filter(isMine), overall: overall.filter(isMine) };
}

export function agesOf({ cohorts }: Group, way: Way): readonly Age[] {
  const [first] = cohorts;
  if (first === undefined) return [];
  if (way === 'brackets') return (first.brackets ?? []).map(({ from, to }) => ({ key: `${from}-${to}`, from, to }));
  return first.cells.map(({ k }) => ({ key: String(k), from: k, to: k }));
}

/** Oldest first, as the answer has them. */
export function cohortRows(
  { cohorts }: Group,
  { way, buckets, asOf }: { readonly way: Way; readonly buckets: Buckets; readonly asOf: AsOf },
): readonly CohortRow[] {
  const now = asOf.watermark === null ? '' : bucketAt(Date.parse(asOf.watermark), buckets);
  return cohorts.map((cohort, index) => {
    const name = `cohorts.${itemName(cohort, index)}`;
    const cells = cellsOf(cohort, way).map(({ from, path, ...cell }): CohortCell => {
      // A rolling bucket of 30 days may begin before the calendar's does.
      const begun = cell.part > 0 || cell.complete || stepped(cohort.cohort, from, buckets) <= now;
      return { ...cell, at: `${name}.${path}`, begun };
    });
    return { cohort: cohort.cohort, size: cohort.size, sizeAt: `${name}.size`, cells };
  });
}

/** Without the cohorts before the first one that has people. */
export function withoutEmptyStart(rows: readonly CohortRow[]): readonly CohortRow[] {
  const first = rows.findIndex(({ size }) => size > 0);
  return first < 0 ? [] : rows.slice(first);
}

function cellsOf(cohort: RetentionCohort, way: Way) {
  const { cells, brackets = [], completeOnOrAfter } = cohort;
  if (way === 'brackets') {
    return brackets.map(({ from, to, retained, complete }) => {
      const closesAt = cells.find(({ k }) => k === to)?.closesAt ?? null;
      return { from, part: retained, complete, closesAt, path: `brackets.${itemName({ from, to }, 0)}.retained` };
    });
  }
  const lastClosesAt = cells.at(-1)?.closesAt ?? null;
  return cells.map(({ k, retained, onOrAfter, complete, closesAt }) =>
    way === 'on'
      ? { from: k, part: retained, complete, closesAt, path: `cells.${k}.retained` }
      : { from: k, part: onOrAfter, complete: completeOnOrAfter, closesAt: lastClosesAt, path: `cells.${k}.onOrAfter` },
  );
}

/** Over the cohorts in which the cell is complete; one per age. The service pools `on`, the others are pooled here by its rule. */
export function pooledOf(group: Group, way: Way): readonly Pooled[] {
  if (way === 'on') return group.overall.map(({ retained, of, rate, low, high, cohorts }) => ({ part: retained, of, rate, low, high, cohorts }));
  return agesOf(group, way).map((_, index) => {
    let [part, of, cohorts] = [0, 0, 0];
    for (const cohort of group.cohorts) {
      const cell = cellsOf(cohort, way)[index];
      if (cell === undefined || !cell.complete) continue;
      part += cell.part;
      of += cohort.size;
      cohorts += 1;
    }
    return { part, of, cohorts, rate: of === 0 ? null : part / of, ...wilson(part, of) };
  });
}

/** `day 7`, `day 7 or later`, `days 1 to 7`. */
export function ageInWords({ from, to }: Age, way: Way, unit: string): string {
  if (way === 'brackets') return `${unit}s ${from} to ${to}`;
  return `${unit} ${from}${way === 'onOrAfter' ? ' or later' : ''}`;
}
