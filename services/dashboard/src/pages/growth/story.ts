/** The sentence between growth and decay: how far a total has come, and how retention of the newest cohorts compares with that of the oldest. */
import type { CohortRow } from '../../parts/triangle/cohort-table.ts';
import { isBeyondChance, trendScore } from '../../parts/triangle/proportions.ts';
import { FEW } from '../../show/numbers.ts';

export interface GrowthPoint {
  readonly bucket: string;
  readonly value: number | null;
  readonly complete: boolean;
}

interface Ends {
  readonly from: string;
  readonly to: string;
  readonly first: number;
  readonly last: number;
}

export interface Story {
  /** Over the buckets that are over; `change` is last / first − 1. Null: fewer than two. */
  readonly growth: (Ends & { readonly change: number }) | null;
  /** Rates of the first and the last cohort in which the cell is final; `isTrend`: all of them together rise or fall by more than chance would. Null: fewer than two. */
  readonly decay: (Ends & { readonly cohorts: number; readonly isTrend: boolean }) | null;
  /** What the two say together. */
  readonly verdict: string;
}

/** Both oldest first; `index`: of the age in question. */
export function storyOf(points: readonly GrowthPoint[], cohorts: readonly CohortRow[], index: number): Story {
  const growth = growthIn(points);
  const decay = decayIn(cohorts, index);
  return { growth, decay, verdict: growth === null || decay === null ? '' : verdictOf(growth.change, decay) };
}

function growthIn(points: readonly GrowthPoint[]): Story['growth'] {
  const over = points.flatMap(({ bucket, value, complete }) => (complete && value !== null && value > 0 ? [{ bucket, value }] : []));
  const [first, last] = [over[0], over.at(-1)];
  if (first === undefined || last === undefined || over.length < 2) return null;
  return { from: first.bucket, to: last.bucket, first: first.value, last: last.value, change: last.value / first.value - 1 };
}

/** Cohorts of few people only where there are no others. */
function decayIn(cohorts: readonly CohortRow[], index: number): Story['decay'] {
  const final = cohorts.flatMap(({ cohort, size, cells }) => {
    const cell = cells[index];
    return cell?.complete === true && size > 0 ? [{ cohort, size, part: cell.part }] : [];
  });
  const enough = final.filter(({ size }) => size >= FEW);
  const told = enough.length >= 2 ? enough : final;
  const [first, last] = [told[0], told.at(-1)];
  if (first === undefined || last === undefined || told.length < 2) return null;
  const rates = { first: first.part / first.size, last: last.part / last.size };
  return { from: first.cohort, to: last.cohort, ...rates, cohorts: told.length, isTrend: isBeyondChance(trendScore(told)) };
}

function verdictOf(change: number, { first, last, cohorts, isTrend }: NonNullable<Story['decay']>): string {
  if (!isTrend) return `Over the ${cohorts} cohorts that are over the change in retention may still be chance (trend test, 95 %).`;
  if (change > 0)
    return last < first ? 'The total rises while newer people stay less: growth hides decay.' : 'The total rises, and newer people stay longer.';
  return last < first ? 'The total falls, and newer people stay less.' : 'The total falls, but newer people stay longer.';
}
