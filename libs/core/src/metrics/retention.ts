/** Retention: of the actors whose entry falls into a bucket, how many have a return event in the k-th bucket after it, and in it or a later one. */
import type { AnswerClock, AnswerRequest, RetentionAnswer, RetentionCell, RetentionCohort, RetentionOverall } from '../answer.ts';
import type { RetentionDefinition } from '../definition.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import type { Calendar } from '../time/calendar.ts';
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
import { checkCounts, slicedRows } from './slicing.ts';

/** Columns of a row: size, then retained per column of the definition, then actors by the last column in or before which they last returned. */
interface Shape {
  readonly horizon: number;
  readonly columns: readonly number[];
  /** By k = 0..horizon: index of the column k, or -1. */
  readonly exact: Int16Array;
  /** By k: index of the largest column ≤ k, or -1. */
  readonly reached: Int16Array;
}

function shapeOf(metric: RetentionDefinition): Shape {
  const { columns } = metric;
  const horizon = columns.at(-1) ?? 0;
  const exact = new Int16Array(horizon + 1).fill(-1);
  const reached = new Int16Array(horizon + 1).fill(-1);
  columns.forEach((column, index) => {
    exact[column] = index;
    reached.fill(index, column);
  });
  return { horizon, columns, exact, reached };
}

/** Adds what one actor contributes to one cohort row because of its returns. */
class CohortCells {
  readonly #shape: Shape;
  readonly #returns: BucketSets;

  constructor(shape: Shape, returns: BucketSets) {
    this.#shape = shape;
    this.#returns = returns;
  }

  /** The whole contribution to a cohort: on entering it (1) or leaving it (-1). */
  emitCohort(table: CellTable, slot: number, cohort: number, label: number, sign: 1 | -1): void {
    const { horizon, columns, exact, reached } = this.#shape;
    table.add(cohort, label, 0, sign);
    const row = this.#returns.find(slot, 0);
    if (row < 0) return;
    let last = -1;
    for (let bucket = this.#returns.next(row, cohort); bucket !== NO_BUCKET && bucket - cohort <= horizon; bucket = this.#returns.next(row, bucket)) {
      const column = exact[bucket - cohort] as number;
      if (column >= 0) table.add(cohort, label, 1 + column, sign);
      last = bucket - cohort;
    }
    if (last >= 0 && (reached[last] as number) >= 0) table.add(cohort, label, 1 + columns.length + (reached[last] as number), sign);
  }

  /** What a new return bucket adds to a cohort before it; `previous` and `next` are its neighbours among the returns. */
  emitReturn(table: CellTable, cohort: number, label: number, bucket: number, previous: number, next: number): void {
    const { horizon, columns, exact, reached } = this.#shape;
    const column = exact[bucket - cohort] as number;
    if (column >= 0) table.add(cohort, label, 1 + column, 1);
    if (next !== NO_BUCKET && next - cohort <= horizon) return;
    const now = reached[bucket - cohort] as number;
    const before = previous > cohort ? (reached[previous - cohort] as number) : -1;
    if (now === before) return;
    if (before >= 0) table.add(cohort, label, 1 + columns.length + before, -1);
    table.add(cohort, label, 1 + columns.length + now, 1);
  }
}

function bind(metric: RetentionDefinition, binder: FoldBinder): void {
  const shape = shapeOf(metric);
  const calendar = binder.calendar(metric);
  const windowBuckets = shape.horizon + bucketsWithin(binder.latenessMs, metric.unit) + 1;
  const tables = metricTables(metric, binder).map(({ name, dimension }) => ({
    dimension,
    table: binder.table({
      metric: metric.id,
      name,
      width: 1 + 2 * metric.columns.length,
      dimension,
      closesAtMs: (bucket) => calendar.endMs(bucket + shape.horizon) + binder.latenessMs,
    }),
  }));
  const spec = { shape, calendar, windowBuckets, tables };
  if (metric.entry === 'every') bindEvery(metric, binder, spec);
  else bindFirst(metric, binder, spec);
}

interface BindSpec {
  readonly shape: Shape;
  readonly calendar: Calendar;
  readonly windowBuckets: number;
  readonly tables: readonly { dimension: number; table: CellTable }[];
}

/** Each bucket with a start is a cohort; in a slice, each bucket with a start that shows the value. */
function bindEvery(metric: RetentionDefinition, binder: FoldBinder, spec: BindSpec): void {
  const { shape, calendar, windowBuckets } = spec;
  const cohorts: { starts: BucketSets; table: CellTable }[] = [];
  const returns = binder.bucketSets({ selector: metric.return, calendar, windowBuckets, dimension: -1 }, (slot, row, _label, bucket) => {
    const previous = returns.previous(row, bucket);
    const next = returns.next(row, bucket);
    for (const { starts, table } of cohorts) {
      for (let start = starts.first(slot); start >= 0; start = starts.following[start] as number) {
        const label = starts.labels[start] as number;
        for (
          let cohort = starts.previous(start, bucket);
          cohort !== NO_BUCKET && bucket - cohort <= shape.horizon;
          cohort = starts.previous(start, cohort)
        ) {
          cells.emitReturn(table, cohort, label, bucket, previous, next);
        }
      }
    }
  });
  const cells = new CohortCells(shape, returns);
  for (const { dimension, table } of spec.tables) {
    const starts = binder.bucketSets({ selector: metric.start, calendar, windowBuckets, dimension }, (slot, _row, label, bucket) =>
      cells.emitCohort(table, slot, bucket, label, 1),
    );
    cohorts.push({ starts, table });
  }
}

/** One cohort per actor: the bucket of its first start, which moves when an earlier one arrives in time. */
function bindFirst(metric: RetentionDefinition, binder: FoldBinder, spec: BindSpec): void {
  const { shape, calendar, windowBuckets, tables } = spec;
  const namesOnly = metric.entry === 'first_ever';
  const dimensions = tables.filter((each) => each.dimension >= 0).map((each) => each.dimension);
  const labelOf = (row: number, index: number): number => (index === 0 ? 0 : (firsts.captured[row * firsts.captures + index] as number));
  const joined = (row: number): boolean => row >= 0 && (!namesOnly || firsts.captured[row * firsts.captures] === 1);
  const emit = (slot: number, sign: 1 | -1): void => {
    const row = firsts.find(slot);
    if (!joined(row)) return;
    const cohort = calendar.bucketOf(firsts.times[row] as number);
    for (let index = 0; index < tables.length; index++)
      cells.emitCohort((tables[index] as BindSpec['tables'][number]).table, slot, cohort, labelOf(row, index), sign);
  };
  const firsts = binder.firsts(
    { selector: metric.start, namesOnly, dimensions },
    { leaving: (slot) => emit(slot, -1), arrived: (slot) => emit(slot, 1) },
  );
  const returns = binder.bucketSets({ selector: metric.return, calendar, windowBuckets, dimension: -1 }, (slot, row, _label, bucket) => {
    const first = firsts.find(slot);
    if (!joined(first)) return;
    const cohort = calendar.bucketOf(firsts.times[first] as number);
    if (bucket <= cohort || bucket - cohort > shape.horizon) return;
    const previous = returns.previous(row, bucket);
    const next = returns.next(row, bucket);
    for (let index = 0; index < tables.length; index++)
      cells.emitReturn((tables[index] as BindSpec['tables'][number]).table, cohort, labelOf(first, index), bucket, previous, next);
  });
  const cells = new CohortCells(shape, returns);
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
      mine.push(cohortAnswer(shape, calendar, clock, { bucket, value, cells: rows.get(bucket) ?? [] }));
    cohorts.push(...mine);
    overall.push(...shape.columns.map((k, index) => pooled(mine, { value, k, index })));
  }
  return { cohorts, overall };
}

function cohortAnswer(
  shape: Shape,
  calendar: Calendar,
  clock: AnswerClock,
  row: { bucket: number; value: string | null; cells: ArrayLike<number> },
): RetentionCohort {
  const { columns } = shape;
  const size = row.cells[0] ?? 0;
  let onOrAfter = 0;
  const cells: RetentionCell[] = [];
  for (let index = columns.length - 1; index >= 0; index--) {
    const k = columns[index] as number;
    const retained = row.cells[1 + index] ?? 0;
    onOrAfter += row.cells[1 + columns.length + index] ?? 0;
    const closesAtMs = calendar.endMs(row.bucket + k) + clock.latenessMs;
    cells.push({ k, retained, rate: rate(retained, size), onOrAfter, complete: closesAtMs <= clock.watermarkMs, closesAt: isoInstant(closesAtMs) });
  }
  cells.reverse();
  return { cohort: calendar.name(row.bucket), value: row.value, size, cells, completeOnOrAfter: cells.at(-1)?.complete ?? false };
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
}

export const retention: MetricKind<RetentionDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
