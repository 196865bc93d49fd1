/** The rows of retention: what one actor adds to the row of one cohort, as a whole and when one more bucket counts as returned. */
import type { RetentionDefinition } from '../definition.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import type { Calendar } from '../time/calendar.ts';

/**
 * Integers of a row: size, then retained per column of the definition, then actors by the last column in or before which they last returned, then
 * actors per bracket.
 */
export interface Shape {
  readonly horizon: number;
  readonly columns: readonly number[];
  readonly brackets: RetentionDefinition['brackets'];
  /** Index of the first bracket's integer. */
  readonly firstBracket: number;
  readonly width: number;
  /** Whether some bracket begins at 0. */
  readonly hasOwnBucket: boolean;
  /** By k = 0..horizon: index of the column k, or -1. */
  readonly exact: Int16Array;
  /** By k: index of the largest column ≤ k, or -1. */
  readonly reached: Int16Array;
}

/** What the ways to enter a cohort have in common. */
export interface RetentionSpec {
  readonly shape: Shape;
  readonly calendar: Calendar;
  /** Of bucket registers: the horizon and the lateness after it. */
  readonly windowBuckets: number;
  /** The total, then one per slice. */
  readonly tables: readonly { dimension: number; table: CellTable }[];
}

export function shapeOf(metric: RetentionDefinition): Shape {
  const { columns, brackets } = metric;
  const horizon = columns.at(-1) ?? 0;
  const exact = new Int16Array(horizon + 1).fill(-1);
  const reached = new Int16Array(horizon + 1).fill(-1);
  columns.forEach((column, index) => {
    exact[column] = index;
    reached.fill(index, column);
  });
  const firstBracket = 1 + 2 * columns.length;
  const hasOwnBucket = brackets.some(([from]) => from === 0);
  return { horizon, columns, brackets, firstBracket, width: firstBracket + brackets.length, hasOwnBucket, exact, reached };
}

/** Where an actor's membership is counted. */
export interface Membership {
  readonly table: CellTable;
  /** The cohort's bucket. */
  readonly cohort: number;
  readonly label: number;
}

/** The buckets that count as returned: bucket `base + k` of a row of `sets` is column k. */
export interface Returned {
  readonly sets: BucketSets;
  /** −1: no bucket is. */
  readonly row: number;
  readonly base: number;
  /** Whether the entry bucket itself is, by events later than the start. */
  readonly itself: boolean;
}

/** The whole contribution to a cohort: on joining it (1) or leaving it (-1). */
export function emitCohort(shape: Shape, { table, cohort, label }: Membership, returned: Returned, sign: 1 | -1): void {
  const { horizon, columns, exact, reached } = shape;
  const { sets, row, base } = returned;
  const joined = table.rowAt(cohort, label);
  table.addAt(joined, 0, sign);
  let last = -1;
  if (row >= 0) {
    for (let bucket = sets.next(row, base); bucket !== NO_BUCKET && bucket - base <= horizon; bucket = sets.next(row, bucket)) {
      last = bucket - base;
      const column = exact[last] as number;
      if (column >= 0) table.addAt(joined, 1 + column, sign);
    }
  }
  if (last >= 0 && (reached[last] as number) >= 0) table.addAt(joined, 1 + columns.length + (reached[last] as number), sign);
  for (let index = 0; index < shape.brackets.length; index++) {
    const [from, to] = shape.brackets[index] as readonly [number, number];
    if ((from === 0 && returned.itself) || hasWithin(returned, from, to)) table.addAt(joined, shape.firstBracket + index, sign);
  }
}

/** A bucket that just became returned, and its neighbours in the set. */
export interface NewReturn {
  readonly bucket: number;
  readonly previous: number;
  readonly next: number;
}

/** What a bucket after `base` adds to a cohort by having become returned. */
export function emitReturn(shape: Shape, { table, cohort, label }: Membership, fresh: NewReturn, base: number, itself: boolean): void {
  const { horizon, columns, exact, reached } = shape;
  const { previous, next } = fresh;
  const k = fresh.bucket - base;
  const column = exact[k] as number;
  const isLast = next === NO_BUCKET || next - base > horizon;
  const now = isLast ? (reached[k] as number) : -1;
  const before = isLast && previous > base ? (reached[previous - base] as number) : -1;
  if (column >= 0 || (isLast && now !== before)) {
    const row = table.rowAt(cohort, label);
    if (column >= 0) table.addAt(row, 1 + column, 1);
    if (isLast && now !== before) {
      if (before >= 0) table.addAt(row, 1 + columns.length + before, -1);
      table.addAt(row, 1 + columns.length + now, 1);
    }
  }
  for (let index = 0; index < shape.brackets.length; index++) {
    const [from, to] = shape.brackets[index] as readonly [number, number];
    if (k < from || k > to || (from === 0 && itself)) continue;
    if (previous >= base + Math.max(1, from) || (next !== NO_BUCKET && next <= base + to)) continue;
    table.add(cohort, label, shape.firstBracket + index, 1);
  }
}

/** What the entry bucket adds to its own cohort by having become returned. */
export function emitItself(shape: Shape, { table, cohort, label }: Membership, returned: Returned): void {
  for (let index = 0; index < shape.brackets.length; index++) {
    const [from, to] = shape.brackets[index] as readonly [number, number];
    if (from === 0 && !hasWithin(returned, from, to)) table.add(cohort, label, shape.firstBracket + index, 1);
  }
}

/** Whether some bucket of the columns [from, to] is returned, the entry bucket left out. */
function hasWithin({ sets, row, base }: Returned, from: number, to: number): boolean {
  if (row < 0) return false;
  const next = sets.next(row, base + Math.max(1, from) - 1);
  return next !== NO_BUCKET && next <= base + to;
}
