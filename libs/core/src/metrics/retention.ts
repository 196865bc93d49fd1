/** Retention: of the actors whose entry falls into a bucket, how many have a return event in the k-th bucket after it, and in it or a later one. */
import type { AnswerClock, AnswerRequest, RetentionAnswer, RetentionBracket, RetentionCell, RetentionCohort, RetentionOverall } from '../answer.ts';
import type { RetentionDefinition } from '../definition.ts';
import { isoInstant } from '../time/civil.ts';
import {
  bucketsWithin,
  type CalendarSource,
  type FoldBinder,
  type MetricKind,
  metricTables,
  type RowSource,
  type Rows,
  sliceTable,
  type TableNeed,
  TOTAL_TABLE,
} from './kind.ts';
import { rate, wilson } from './proportion.ts';
import { type Shape, shapeOf } from './retention-cells.ts';
import { bindEvery } from './retention-every.ts';
import { bindFirst } from './retention-first.ts';
import { columnEndMs } from './retention-spans.ts';
import { checkCounts, slicedRows } from './slicing.ts';

function bind(metric: RetentionDefinition, binder: FoldBinder): void {
  const shape = shapeOf(metric);
  const calendar = binder.calendar(metric);
  const windowBuckets = shape.horizon + bucketsWithin(binder.latenessMs, metric.unit) + 1;
  const tables = metricTables(metric, binder).map(({ name, dimension }) => ({
    dimension,
    table: binder.table({
      metric: metric.id,
      name,
      width: shape.width,
      dimension,
      closesAtMs: (bucket) => columnEndMs(metric, calendar, bucket, shape.horizon) + binder.latenessMs,
    }),
  }));
  const spec = { shape, calendar, windowBuckets, tables };
  if (metric.entry === 'every') bindEvery(metric, binder, spec);
  else bindFirst(metric, binder, spec);
}

function needs(_metric: RetentionDefinition, request: AnswerRequest): readonly TableNeed[] {
  const table = request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice);
  return [{ table, from: request.from, to: request.to, sliced: request.slice !== undefined }];
}

function answer(
  metric: RetentionDefinition,
  request: AnswerRequest,
  source: RowSource,
  clock: AnswerClock,
  calendars: CalendarSource,
): RetentionAnswer {
  const calendar = calendars.calendar(metric);
  const shape = shapeOf(metric);
  const closesAt = (bucket: number, k: number): number => columnEndMs(metric, calendar, bucket, k) + clock.latenessMs;
  const size = (rows: Rows): number => sumColumn(rows, request, 0);
  const listed: { value: string | null; rows: Rows }[] =
    request.slice === undefined
      ? [{ value: null, rows: source.rows(TOTAL_TABLE, '') }]
      : slicedRows({ source, table: sliceTable(request.slice), value: request.value, limit: request.limit, size });
  const cohorts: RetentionCohort[] = [];
  const overall: RetentionOverall[] = [];
  for (const { value, rows } of listed) {
    const mine: RetentionCohort[] = [];
    for (let bucket = request.from; bucket <= request.to; bucket++)
      mine.push(cohortAnswer(shape, { name: calendar.name(bucket), value, cells: rows.get(bucket) ?? [] }, (k) => closesAt(bucket, k), clock));
    cohorts.push(...mine);
    overall.push(...shape.columns.map((k, index) => pooled(mine, { value, k, index })));
  }
  return { cohorts, overall };
}

function cohortAnswer(
  shape: Shape,
  row: { name: string; value: string | null; cells: ArrayLike<number> },
  closesAt: (k: number) => number,
  clock: AnswerClock,
): RetentionCohort {
  const { columns } = shape;
  const size = row.cells[0] ?? 0;
  let onOrAfter = 0;
  const cells: RetentionCell[] = [];
  for (let index = columns.length - 1; index >= 0; index--) {
    const k = columns[index] as number;
    const retained = row.cells[1 + index] ?? 0;
    onOrAfter += row.cells[1 + columns.length + index] ?? 0;
    const closesAtMs = closesAt(k);
    cells.push({ k, retained, rate: rate(retained, size), onOrAfter, complete: closesAtMs <= clock.watermarkMs, closesAt: isoInstant(closesAtMs) });
  }
  cells.reverse();
  const brackets = shape.brackets.map(([from, to], index): RetentionBracket => {
    const retained = row.cells[shape.firstBracket + index] ?? 0;
    return { from, to, retained, rate: rate(retained, size), complete: closesAt(to) <= clock.watermarkMs };
  });
  const cohort = { cohort: row.name, value: row.value, size, cells, completeOnOrAfter: cells.at(-1)?.complete ?? false };
  return brackets.length === 0 ? cohort : { ...cohort, brackets };
}

/** Σ retained / Σ size over the cohorts whose cell is complete. */
function pooled(cohorts: readonly RetentionCohort[], of: { value: string | null; k: number; index: number }): RetentionOverall {
  let retained = 0;
  let whole = 0;
  let count = 0;
  for (const cohort of cohorts) {
    const cell = cohort.cells[of.index];
    if (cell === undefined || !cell.complete) continue;
    retained += cell.retained;
    whole += cohort.size;
    count++;
  }
  return { value: of.value, k: of.k, retained, of: whole, rate: rate(retained, whole), ...wilson(retained, whole), cohorts: count };
}

function sumColumn(rows: Rows, range: { from: number; to: number }, column: number): number {
  let sum = 0;
  for (const [bucket, cells] of rows) if (bucket >= range.from && bucket <= range.to) sum += cells[column] ?? 0;
  return sum;
}

function check(metric: RetentionDefinition, table: string, cells: ArrayLike<number>): void {
  checkCounts(metric.id, table, cells);
  for (let index = 0; index < metric.columns.length; index++) {
    if ((cells[1 + index] ?? 0) > (cells[0] ?? 0))
      throw new Error(`${metric.id} ${table}: column ${metric.columns[index]} holds more actors than the cohort`);
  }
  const { brackets, firstBracket } = shapeOf(metric);
  for (const [index, bracket] of brackets.entries()) {
    if ((cells[firstBracket + index] ?? 0) > (cells[0] ?? 0))
      throw new Error(`${metric.id} ${table}: bracket ${bracket.join('-')} holds more actors than the cohort`);
  }
}

export const retention: MetricKind<RetentionDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
