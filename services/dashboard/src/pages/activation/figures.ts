/** An activation's figures as its page shows them: one group or one of each slice value, pooled over its cohorts or of one cohort. */
import type { ActivationAnswer, ActivationCohort, ActivationOverall } from '@tidemark/query/client';
import { itemName } from '../../data/changes.ts';
import { type Colour, SERIES } from '../../show/colours.ts';
import { addedUp, type Bin, quantile } from '../../show/histogram.ts';
import { FEW, sliceText } from '../../show/numbers.ts';
import { visible } from '../../show/visible.ts';

export interface Group {
  /** The slice's value in words; '' where there is one group alone. */
  readonly name: string;
  readonly colour: Colour;
  readonly cohorts: readonly ActivationCohort[];
  readonly overall: ActivationOverall;
  /** Of the range before, cut at the same time, and of this one cut likewise; null where nothing is compared. */
  readonly before: ActivationOverall | null;
  readonly now: ActivationOverall;
  /** Where its pooled figures are in the answer. */
  readonly at: string;
}

/** Cohorts before the first in which anybody entered are left out. */
export function groupsOf({ cohorts: all, overall, previous }: ActivationAnswer): readonly Group[] {
  const begins = firstEntered(all);
  const cohorts = all.filter(({ cohort }) => cohort >= begins);
  return overall.map((pooled, index) => {
    const same = <Item extends { readonly value: ActivationOverall['value'] }>({ value }: Item): boolean => String(value) === String(pooled.value);
    return {
      name: overall.length === 1 ? '' : sliceText(pooled.value),
      colour: SERIES[index % SERIES.length] ?? SERIES[0],
      cohorts: cohorts.filter(same),
      overall: pooled,
      before: previous?.overall.find(same) ?? null,
      now: previous?.against?.overall.find(same) ?? pooled,
      at: `overall.${itemName(pooled, index)}`,
    };
  });
}

/** Names of buckets are in the order of time, as dates are. */
function firstEntered(cohorts: readonly ActivationCohort[]): string {
  const entered = cohorts.filter(({ size }) => size > 0).map(({ cohort }) => cohort);
  return entered.sort()[0] ?? '';
}

export interface Share {
  readonly part: number;
  readonly of: number;
  /** Null over nobody. */
  readonly rate: number | null;
}

/** Everybody of the group, final or not: what there is while no cohort is over. */
export function soFar({ cohorts }: Group): Share {
  return shareOf(
    cohorts.reduce((sum, { activated }) => sum + activated, 0),
    cohorts.reduce((sum, { size }) => sum + size, 0),
  );
}

export interface Pool {
  readonly cohorts: readonly ActivationCohort[];
  /** Not over, or too few are: as they are now. */
  readonly isSoFar: boolean;
}

/** Which cohorts are looked at together: the chosen one, those that are final, or all of them while these say too little. */
export function poolOf({ cohorts }: Group, chosen: string): Pool {
  const one = cohorts.filter(({ cohort }) => cohort === chosen);
  if (one.length > 0) return { cohorts: one, isSoFar: one[0]?.complete === false };
  const final = cohorts.filter(({ complete, size }) => complete && size > 0);
  const people = final.reduce((sum, { size }) => sum + size, 0);
  return people >= FEW || final.length === cohorts.length ? { cohorts: final, isSoFar: false } : { cohorts, isSoFar: true };
}

/** Per condition, in the order of the definition. */
export function conditionsOf({ cohorts }: Pool): readonly (Share & { readonly name: string })[] {
  const of = cohorts.reduce((sum, { size }) => sum + size, 0);
  return (cohorts[0]?.conditions ?? []).map(({ name }, index) => ({
    name: visible(name),
    ...shareOf(
      cohorts.reduce((sum, { conditions }) => sum + (conditions[index]?.met ?? 0), 0),
      of,
    ),
  }));
}

export interface Times {
  readonly n: number;
  /** Seconds; null: of nobody. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly bins: readonly Bin[];
}

/** Times to activate of all who did, in cohorts that are final and in those that are not. */
export function timesOf({ cohorts }: Group, chosen: string): Times {
  const one = cohorts.find(({ cohort }) => cohort === chosen);
  if (one !== undefined) return { n: one.time.n, p50: one.time.p50, p90: one.time.p90, bins: one.time.histogram };
  const bins = addedUp(cohorts.map(({ time }) => time.histogram));
  return { n: bins.reduce((sum, { n }) => sum + n, 0), p50: quantile(bins, 0.5), p90: quantile(bins, 0.9), bins };
}

export interface AgePoint extends Share {
  readonly complete: boolean;
  readonly low: number | null;
  readonly high: number | null;
  /** Of how many cohorts. */
  readonly cohorts: number;
}

/** The pooled age curve: at each age of the cohorts that have it behind them. Empty where the metric has none. */
export function pooledAges({ overall }: Group): readonly AgePoint[] {
  return (overall.activatedBy ?? []).map(({ activated, of, rate, low, high, cohorts }) => ({
    part: activated,
    of,
    rate,
    low,
    high,
    cohorts,
    complete: true,
  }));
}

/** Open ages beyond these are still ahead of everybody. */
const OPEN_AGES = 2;

/** The age curve of one cohort, as far as it has come. */
export function agesOf({ size, activatedBy = [] }: ActivationCohort): readonly AgePoint[] {
  const open = activatedBy.findIndex(({ complete }) => !complete);
  const reached = open < 0 ? activatedBy : activatedBy.slice(0, open + OPEN_AGES);
  return reached.map(({ activated, complete }) => ({ ...shareOf(activated, size), complete, low: null, high: null, cohorts: 1 }));
}

/** The newest cohort that says something by itself; null: none is so large. */
export function newestCohort({ cohorts }: Group): ActivationCohort | null {
  return cohorts.findLast(({ size, activatedBy = [] }) => size >= FEW && activatedBy[0]?.complete === true) ?? null;
}

function shareOf(part: number, of: number): Share {
  return { part, of, rate: of === 0 ? null : part / of };
}
