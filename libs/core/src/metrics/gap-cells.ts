/** Gap cells: for each active bucket the distance to the actor's active bucket before. From this one triangle come distinct actors over any range. */
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import type { Rows } from './kind.ts';

/** Columns: gaps 1..lookback, then "beyond" (an earlier bucket further back), then "new" (no earlier bucket at all). */
export interface GapColumns {
  readonly first: number;
  readonly lookback: number;
}

export function gapWidth(lookback: number): number {
  return lookback + 2;
}

export function gapColumn(columns: GapColumns, bucket: number, previous: number): number {
  if (previous === NO_BUCKET) return columns.first + columns.lookback + 1;
  const gap = bucket - previous;
  return gap > columns.lookback ? columns.first + columns.lookback : columns.first + gap - 1;
}

/** After `bucket` came into the set (sign 1), or left it (sign -1): its own gap, and the corrected gap of the bucket after. */
export function emitGap(options: {
  sets: BucketSets;
  row: number;
  bucket: number;
  sign: 1 | -1;
  table: CellTable;
  label: number;
  columns: GapColumns;
}): void {
  const { sets, row, bucket, sign, table, label, columns } = options;
  const previous = sets.previous(row, bucket);
  const next = sets.next(row, bucket);
  table.add(bucket, label, gapColumn(columns, bucket, previous), sign);
  if (next === NO_BUCKET) return;
  const without = gapColumn(columns, next, previous);
  const withBucket = gapColumn(columns, next, bucket);
  if (without === withBucket) return;
  const corrected = table.rowAt(next, label);
  table.addAt(corrected, without, -sign);
  table.addAt(corrected, withBucket, sign);
}

/** Actors active in a bucket: the sum of its gap cells. */
export function activeIn(rows: Rows, bucket: number, columns: GapColumns): number {
  return gapsFrom(rows, bucket, columns, 1);
}

export function newIn(rows: Rows, bucket: number, columns: GapColumns): number {
  return rows.get(bucket)?.[columns.first + columns.lookback + 1] ?? 0;
}

/** Actors of a bucket whose gap is exactly `gap`, 1 ≤ gap ≤ lookback. */
export function gapIn(rows: Rows, bucket: number, columns: GapColumns, gap: number): number {
  return rows.get(bucket)?.[columns.first + gap - 1] ?? 0;
}

/** Actors of a bucket whose bucket before is at least `gap` back, or absent; 1 ≤ gap ≤ lookback + 1. */
function gapsFrom(rows: Rows, bucket: number, columns: GapColumns, gap: number): number {
  const cells = rows.get(bucket);
  if (cells === undefined) return 0;
  let sum = 0;
  for (let column = columns.first + gap - 1; column < columns.first + gapWidth(columns.lookback); column++) sum += cells[column] ?? 0;
  return sum;
}

/** Distinct actors over [from, to], exact for ranges of up to lookback + 1 buckets: each actor is counted in its first bucket of the range. */
export function uniquesIn(rows: Rows, from: number, to: number, columns: GapColumns): number {
  let sum = 0;
  for (let bucket = from; bucket <= to; bucket++) sum += gapsFrom(rows, bucket, columns, bucket - from + 1);
  return sum;
}
