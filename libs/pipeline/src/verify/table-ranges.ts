/** Cuts tables into questions of a bounded size: ranges of buckets that lie close together. */
import type { StoredTable } from '../ports/check.ts';
import type { TableRange } from '../ports/sink.ts';

/** What one question may cost: a bucket of a sliced table is a hash of its own in Redis, one of an unsliced table a field. */
const COST_AT_ONCE = 64;
const SLICED_COST = 1;
const UNSLICED_COST = 1 / 64;
/** A hole of more buckets than this is not asked about: an event of the year 1 lies 700,000 days away from the next. */
const HOLE_MAX = 8;

/** Every bucket of the tables lies in exactly one range; a table may be named several times. At least one question, which may be empty. */
export function rangesOfTables(tables: readonly StoredTable[]): readonly (readonly TableRange[])[] {
  const byName = new Map<string, { metric: string; table: string; buckets: Set<number> }>();
  for (const { metric, table, buckets } of tables) {
    const known = byName.get(`${metric}/${table}`) ?? { metric, table, buckets: new Set() };
    byName.set(`${metric}/${table}`, known);
    for (const bucket of buckets) known.buckets.add(bucket);
  }
  const questions: TableRange[][] = [[]];
  let room = COST_AT_ONCE;
  for (const [, { metric, table, buckets }] of [...byName].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const sliced = isSliced(table);
    const cost = sliced ? SLICED_COST : UNSLICED_COST;
    for (const [from, to] of stretches(
      [...buckets].sort((a, b) => a - b),
      COST_AT_ONCE / cost,
    )) {
      const price = (to - from + 1) * cost;
      if (price > room) {
        questions.push([]);
        room = COST_AT_ONCE;
      }
      questions.at(-1)?.push({ metric, table, from, to, sliced });
      room -= price;
    }
  }
  return questions;
}

/** A table whose name has a colon is sliced: schemas/redis/layout.md. */
function isSliced(table: string): boolean {
  return table.includes(':');
}

/** First and last bucket of each stretch without a large hole, none longer than `longest`. */
function stretches(buckets: readonly number[], longest: number): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (const bucket of buckets) {
    const last = found.at(-1);
    if (last === undefined || bucket - last[1] > HOLE_MAX || bucket - last[0] >= longest) found.push([bucket, bucket]);
    else last[1] = bucket;
  }
  return found;
}
