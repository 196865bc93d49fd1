// The figures that all contenders are compared by: `metric|slice|bucket|column`, slice `dimension=value` or empty, and an integer above zero.
import { readFileSync } from 'node:fs';

export type Figures = ReadonlyMap<string, number>;

/** Cohort size and returns of column 0 to 30, actives, counts; those of a sliced metric by each of its dimensions too. */
export const comparedMetrics = ['cabinet_retention', 'active_customers', 'engaged_customers', 'bookings', 'offers_shown'] as const;
export type ComparedMetric = (typeof comparedMetrics)[number];

export interface Comparison {
  /** Integers that are the same on both sides. */
  readonly same: number;
  /** In words, the first few. */
  readonly differences: readonly string[];
}

const differencesTold = 5;

export function figureName(metric: string, slice: string, bucket: string, column: number): string {
  return `${metric}|${slice}|${bucket}|${column}`;
}

/** Of the named metrics; what stands on one side alone is a difference. */
export function compareFigures(ours: Figures, theirs: Figures, metrics: readonly ComparedMetric[]): Comparison {
  const isOf = (name: string): boolean => metrics.some((metric) => name.startsWith(`${metric}|`));
  const names = new Set([...ours.keys(), ...theirs.keys()].filter(isOf));
  const differences: string[] = [];
  let same = 0;
  for (const name of names) {
    if (ours.get(name) === theirs.get(name)) same++;
    else if (differences.length < differencesTold) differences.push(`${name} is ${theirs.get(name) ?? 0}, served is ${ours.get(name) ?? 0}`);
  }
  if (same + differences.length === 0) differences.push('there is not one figure to compare');
  return { same, differences };
}

/** A JSON object, as the Java peers write it. */
export function readFigures(file: string): Figures {
  const values: Readonly<Record<string, number>> = JSON.parse(readFileSync(file, 'utf8'));
  return new Map(Object.entries(values));
}
