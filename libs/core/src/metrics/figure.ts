/** One figure out of an answer by its field's name (`overall.30.rate`, `step.3.uniques`, `rolling.30`), over the answer's whole range. */
import type { ActivityAnswer, ActivityBucket, ActivityFigures, Answer, KpiAnswer, KpiFigures, KpiValue } from '../answer.ts';
import type { MetricDefinition } from '../definition.ts';
import { rate } from './proportion.ts';

/**
 * Of an answer for the total or for one value of a slice. Counts of an activity's buckets are summed over the range (`rolling.N` and `ever` too,
 * which makes their quotients means weighted by size), `uniques` is distinct over it, rates are made of sums. Of a kpi `value` is the sum of the
 * buckets' values and `total` (or no field) the range's total: they differ for distinct actors only. Throws for a field that the kind does not have.
 */
export function figureOf(metric: MetricDefinition, answer: Answer, field: string): KpiValue {
  const path = field.split('.');
  const unknown = (): Error => new Error(`${metric.id}, of kind ${metric.kind}, has no field ${JSON.stringify(field)}`);
  const figure = ownFigure(metric, answer, path);
  if (figure === undefined) throw unknown();
  return figure;
}

function ownFigure(metric: MetricDefinition, answer: Answer, path: readonly string[]): KpiValue | undefined {
  switch (metric.kind) {
    case 'kpi':
      return isKpi(answer) ? kpiFigure(onlyFigures(answer), path) : undefined;
    case 'activity':
      return isActivity(answer) ? activityFigure(onlyFigures(answer), path) : undefined;
    case 'funnel': {
      const [steps, number, ...rest] = path;
      const own = 'slices' in answer ? answer.slices?.[0] : answer;
      return steps === 'step' ? valueAt(own, ['steps', String(Number(number) - 1), ...rest]) : undefined;
    }
    case 'retention':
    case 'activation':
      return pooledFigure(answer, path);
  }
}

function isKpi(answer: Answer): answer is KpiAnswer {
  return !('complete' in answer || 'cohorts' in answer);
}
function isActivity(answer: Answer): answer is ActivityAnswer {
  return !('complete' in answer || 'cohorts' in answer);
}

function onlyFigures<Figures extends object>(answer: Figures | { slices: Figures[] }): Figures | undefined {
  return 'slices' in answer ? answer.slices[0] : answer;
}

function kpiFigure(figures: KpiFigures | undefined, [name, ...rest]: readonly string[]): KpiValue | undefined {
  if (figures === undefined || rest.length > 0) return undefined;
  if (name === 'total' || name === '') return figures.total;
  if (name !== 'value') return undefined;
  // Of a ratio or formula the buckets' values do not add up.
  return figures.of === undefined && figures.uniquesLimit !== undefined ? sumOf(figures.buckets.map(({ value }) => Number(value))) : figures.total;
}

const COUNTS = ['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever'] as const;

function activityFigure(figures: ActivityFigures | undefined, [name, n, ...rest]: readonly string[]): KpiValue | undefined {
  if (figures === undefined || rest.length > 0) return undefined;
  const sum = (one: (bucket: ActivityBucket) => number | undefined): number => sumOf(figures.buckets.map((bucket) => one(bucket) ?? 0));
  if (name === 'uniques') return figures.uniques;
  const count = COUNTS.find((known) => known === name);
  if (count !== undefined) return sum((bucket) => bucket[count]);
  if (n === undefined) return undefined;
  const rolling = sum((bucket) => bucket.rolling[n]);
  if (name === 'rolling') return rolling;
  return name === 'stickiness'
    ? rate(
        sum(({ active }) => active),
        rolling,
      )
    : undefined;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** `overall.30.rate` of retention, `overall.rate` of activation: pooled over the range's complete cohorts. */
function pooledFigure(answer: Answer, path: readonly string[]): KpiValue | undefined {
  const found = pooledRow(answer, path);
  return found === null ? undefined : valueAt(found.row, found.rest);
}

function pooledRow(answer: Answer, [head, k, ...rest]: readonly string[]): { row: object; rest: readonly string[] } | null {
  if (head !== 'overall' || !('overall' in answer)) return null;
  const rows: readonly object[] = answer.overall;
  const byColumn = rows.find((row) => 'k' in row && String(row.k) === k);
  if (byColumn !== undefined) return { row: byColumn, rest };
  const [only] = rows;
  return only === undefined || 'k' in only || k === undefined ? null : { row: only, rest: [k, ...rest] };
}

function valueAt(root: unknown, path: readonly string[]): KpiValue | undefined {
  let value: unknown = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value === null || typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

/** Whether nothing on time can change the figure any more. `buckets`: how many the answer's range has. */
export function isFigureComplete(answer: Answer, field: string, buckets: number): boolean {
  if ('complete' in answer) return answer.complete;
  if ('overall' in answer) {
    const row = pooledRow(answer, field.split('.'))?.row;
    return row !== undefined && 'cohorts' in row && row.cohorts === buckets;
  }
  const own = onlyOf(answer);
  return own?.buckets.at(-1)?.complete === true;
}

function onlyOf(answer: KpiAnswer | ActivityAnswer): KpiFigures | ActivityFigures | undefined {
  return 'slices' in answer ? answer.slices[0] : answer;
}
