/** The rows of an activation metric: counts per cohort, and beside them a sparse histogram of the times to activate. */
import type { ActivationDefinition, MetricBase, Unit } from '../definition.ts';
import type { CellTable } from '../state/cells.ts';
import { type Judgement, NEVER } from './activation-rule.ts';
import { durationBin, durationHigh, durationLow } from './durations.ts';
import { type FoldBinder, metricTables, TOTAL_TABLE } from './kind.ts';

/** Columns of a cohort's row; then actors per condition met, then those activated in the k-th unit after the entry, k = 0..columns. */
export const SIZE = 0;
export const ACTIVATED = 1;
export const TIME_HIGH = 2;
export const TIME_LOW = 3;
export const FIRST_MET = 4;

/** `activatedBy` counts in lengths that no calendar stretches: a month is 30 days. */
export const AGE_MS: Readonly<Record<Unit, number>> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_592_000_000 };

/** The histogram of a cohort is up to 16 rows of 128 bins, made when they are needed; times to activate rarely touch more than five of them. */
const BINS_PER_ROW = 128;
const ROWS_PER_COHORT = 16;

export function firstAge(metric: ActivationDefinition): number {
  return FIRST_MET + metric.conditions.length;
}

function widthOf(metric: ActivationDefinition): number {
  return firstAge(metric) + (metric.columns === null ? 0 : metric.columns + 1);
}

/** `times` beside `total`, `times:device` beside `slice:device`. */
export function timesTable(table: string): string {
  return table === TOTAL_TABLE ? 'times' : `times:${table.slice(table.indexOf(':') + 1)}`;
}

/** Numbers of the first and last histogram row of a cohort. */
export function timeRows(cohort: number): { from: number; to: number } {
  return { from: cohort * ROWS_PER_COHORT, to: cohort * ROWS_PER_COHORT + ROWS_PER_COHORT - 1 };
}

export function binsOf(cohort: number, rows: ReadonlyMap<number, ArrayLike<number>>): Map<number, number> {
  const bins = new Map<number, number>();
  const { from, to } = timeRows(cohort);
  for (let row = from; row <= to; row++) {
    const cells = rows.get(row);
    for (let index = 0; index < (cells?.length ?? 0); index++) {
      const count = cells?.[index] ?? 0;
      if (count > 0) bins.set((row - from) * BINS_PER_ROW + index, count);
    }
  }
  return bins;
}

/** Tables of the total or of one slice. */
export interface CohortTables {
  readonly dimension: number;
  readonly counts: CellTable;
  readonly times: CellTable;
}

export function bindTables(metric: ActivationDefinition & MetricBase, binder: FoldBinder): CohortTables[] {
  const calendar = binder.calendar(metric);
  const closesAtMs = (cohort: number): number => (metric.withinMs === null ? NEVER : calendar.endMs(cohort) + metric.withinMs + binder.latenessMs);
  return metricTables(metric, binder).map(({ name, dimension }) => ({
    dimension,
    counts: binder.table({ metric: metric.id, name, width: widthOf(metric), dimension, closesAtMs }),
    times: binder.table({
      metric: metric.id,
      name: timesTable(name),
      width: BINS_PER_ROW,
      dimension,
      closesAtMs: (row) => closesAtMs(Math.floor(row / ROWS_PER_COHORT)),
    }),
  }));
}

/** Adds what an actor's membership of a cohort is after a change less what it was before; null is none. */
export function emitDifference(
  metric: ActivationDefinition,
  tables: CohortTables,
  at: { cohort: number; label: number },
  before: Judgement | null,
  after: Judgement | null,
): void {
  const { counts } = tables;
  const { cohort, label } = at;
  if ((before === null) !== (after === null)) counts.add(cohort, label, SIZE, after === null ? -1 : 1);
  for (let condition = 0; condition < metric.conditions.length; condition++) {
    const had = before !== null && before.metMs[condition] !== NEVER;
    const has = after !== null && after.metMs[condition] !== NEVER;
    if (had !== has) counts.add(cohort, label, FIRST_MET + condition, has ? 1 : -1);
  }
  const hadMs = before === null ? NEVER : before.activatedMs - before.entryMs;
  const hasMs = after === null ? NEVER : after.activatedMs - after.entryMs;
  if (hadMs === hasMs) return;
  if (hadMs !== NEVER) emitActivated(metric, tables, at, hadMs, -1);
  if (hasMs !== NEVER) emitActivated(metric, tables, at, hasMs, 1);
}

function emitActivated(
  metric: ActivationDefinition,
  tables: CohortTables,
  at: { cohort: number; label: number },
  tookMs: number,
  sign: 1 | -1,
): void {
  const { counts, times } = tables;
  const { cohort, label } = at;
  const row = counts.rowAt(cohort, label);
  counts.addAt(row, ACTIVATED, sign);
  counts.addAt(row, TIME_HIGH, sign * durationHigh(tookMs));
  counts.addAt(row, TIME_LOW, sign * durationLow(tookMs));
  const age = Math.floor(tookMs / AGE_MS[metric.unit]);
  if (metric.columns !== null && age <= metric.columns) counts.addAt(row, firstAge(metric) + age, sign);
  const bin = durationBin(tookMs);
  times.add(cohort * ROWS_PER_COHORT + Math.floor(bin / BINS_PER_ROW), label, bin % BINS_PER_ROW, sign);
}
