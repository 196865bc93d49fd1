/** Which slice values an answer lists, and what is folded into `$rest`. */
import type { RowSource, Rows } from './kind.ts';

export const REST_VALUE = '$rest';

export interface SlicedRows {
  readonly value: string;
  readonly rows: Rows;
  /** Of `$rest`: the values that are folded into it. */
  readonly folded?: readonly string[];
}

/** The values asked for, each with its rows: one, or all by size (largest first, ties by code units), the rest beyond `limit` summed. */
export function slicedRows(options: {
  source: RowSource;
  table: string;
  value: string | undefined;
  limit: number;
  /** How large a value is in the range. */
  size(rows: Rows): number | bigint;
  /** Whether a value is listed at all; by default when its size is above 0. */
  present?(rows: Rows): boolean;
}): SlicedRows[] {
  const { source, table, value, limit, size, present = (rows: Rows) => size(rows) > 0 } = options;
  if (value !== undefined) return [{ value, rows: source.rows(table, value) }];
  const sized = source
    .values(table)
    .map((each) => ({ value: each, rows: source.rows(table, each) }))
    .map((each) => ({ ...each, size: size(each.rows) }))
    .filter((each) => present(each.rows));
  sized.sort((a, b) => (a.size === b.size ? (a.value < b.value ? -1 : 1) : a.size > b.size ? -1 : 1));
  const listed: SlicedRows[] = sized.slice(0, limit).map(({ value: name, rows }) => ({ value: name, rows }));
  const rest = sized.slice(limit);
  if (rest.length > 0) listed.push({ value: REST_VALUE, rows: sumRows(rest.map((each) => each.rows)), folded: rest.map((each) => each.value) });
  return listed;
}

/** Adds rows bucket by bucket, column by column. */
export function sumRows(all: readonly Rows[]): Rows {
  const sums = new Map<number, number[]>();
  for (const rows of all) {
    for (const [bucket, cells] of rows) {
      const sum = sums.get(bucket) ?? [];
      for (let column = 0; column < cells.length; column++) sum[column] = (sum[column] ?? 0) + (cells[column] ?? 0);
      sums.set(bucket, sum);
    }
  }
  return sums;
}

/** Throws when an integer, from a column on, is negative or not exact: the first invariant of every row. */
export function checkCounts(metric: string, table: string, cells: ArrayLike<number>, from = 0): void {
  for (let column = from; column < cells.length; column++) {
    const cell = cells[column] as number;
    if (!(cell >= 0) || !Number.isSafeInteger(cell)) throw new Error(`${metric} ${table}: column ${column} is ${cell}, expected a count`);
  }
}
