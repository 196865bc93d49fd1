/** How an answer is laid out by slice value: the total, one value, or all values with a rest. */
import type { AnswerRequest } from '../answer.ts';

/** Figures of one kind, still as sums, so that rows can be added up. */
export interface SliceRule<Item, Sums> {
  /** The sums over some items; over none, all zero. */
  sum(items: readonly Item[]): Sums;
  add(left: Sums, right: Sums): Sums;
  /** What values are ordered by, largest first. */
  weight(sums: Sums): number | bigint;
  /** Whether the value occurs in the range. Values that do not are not listed. */
  isKnown(sums: Sums): boolean;
}

export interface SliceRow<Sums> {
  /** null is the total. */
  readonly value: string | null;
  readonly sums: Sums;
}

/**
 * Without a slice one row, the total. With `request.value` one row, zeros when nobody showed that value. Else all values known in the range,
 * largest first, ties by code units; those beyond `limit` are added up as `$rest`, distinct actors too (somebody with two values counts twice).
 */
export function rowsBySlice<Item extends { readonly value: string | null }, Sums>(
  items: readonly Item[],
  request: AnswerRequest,
  rule: SliceRule<Item, Sums>,
): SliceRow<Sums>[] {
  const { slice, value: wanted, limit } = request;
  if (slice === undefined) return [{ value: null, sums: rule.sum(items) }];
  if (wanted !== undefined) return [{ value: wanted, sums: rule.sum(items.filter((item) => item.value === wanted)) }];

  const rows: { value: string; sums: Sums }[] = [];
  for (const [value, own] of Map.groupBy(items, (item) => item.value)) {
    const sums = rule.sum(own);
    if (value !== null && rule.isKnown(sums)) rows.push({ value, sums });
  }
  rows.sort((a, b) => {
    const [left, right] = [rule.weight(a.sums), rule.weight(b.sums)];
    if (left !== right) return left > right ? -1 : 1;
    return a.value < b.value ? -1 : 1;
  });
  const [firstOfRest, ...others] = rows.splice(limit);
  if (!firstOfRest) return rows;
  return [...rows, { value: '$rest', sums: others.reduce((sums, row) => rule.add(sums, row.sums), firstOfRest.sums) }];
}

/** Two rows of numbers, added place by place. */
export function addNumbers(left: readonly number[], right: readonly number[]): number[] {
  return left.map((number, index) => number + (right[index] ?? 0));
}

/** a ÷ b, null over 0. */
export function ratio(part: number, of: number): number | null {
  return of === 0 ? null : part / of;
}
