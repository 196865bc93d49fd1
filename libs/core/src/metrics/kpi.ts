/** KPI: events counted, a property summed in fixed point, or distinct actors, per bucket. */
import type { AnswerClock, AnswerRequest, KpiAnswer, KpiBucket, KpiFigures } from '../answer.ts';
import type { KpiDefinition, Selector } from '../definition.ts';
import { type CellTable, wideInteger } from '../state/cells.ts';
import { formatFixed, parseFixed } from './fixed-point.ts';
import { activeIn, emitGap, type GapColumns, gapWidth, uniquesIn } from './gap-cells.ts';
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
import { checkCounts, slicedRows } from './slicing.ts';

/** Columns of a sum: the total in two columns, events counted, events whose property was no number. */
const SUM = 0;
const SUM_COUNT = 2;
const SUM_UNREADABLE = 3;

function gapColumns(metric: KpiDefinition): GapColumns {
  return { first: 0, lookback: metric.lookback };
}

function widthOf(metric: KpiDefinition): number {
  return { count: 1, sum: 4, uniques: gapWidth(metric.lookback) }[metric.measure.measure];
}

type KpiSum = Extract<KpiDefinition['measure'], { measure: 'sum' }>;

interface SlicedTable {
  readonly table: CellTable;
  readonly dimension: number;
}

function bind(metric: KpiDefinition, binder: FoldBinder): void {
  const calendar = binder.calendar(metric);
  const closesAtMs = (bucket: number): number => calendar.endMs(bucket) + binder.latenessMs;
  const tables = metricTables(metric, binder).map(({ name, dimension }) => ({
    dimension,
    table: binder.table({ metric: metric.id, name, width: widthOf(metric), dimension, closesAtMs }),
  }));
  const { measure } = metric;
  if (measure.measure === 'uniques') bindUniques(metric, measure.of, binder, tables);
  else if (measure.measure === 'count') bindCount(metric, measure.of, binder, tables);
  else bindSum(metric, measure, binder, tables);
}

function bindUniques(metric: KpiDefinition, of: Selector, binder: FoldBinder, tables: readonly SlicedTable[]): void {
  const calendar = binder.calendar(metric);
  const columns = gapColumns(metric);
  const windowBuckets = bucketsWithin(binder.latenessMs, metric.unit) + 1;
  for (const { table, dimension } of tables) {
    const sets = binder.bucketSets({ selector: of, calendar, windowBuckets, dimension }, (_slot, row, label, bucket) =>
      emitGap({ sets, row, bucket, sign: 1, table, label, columns }),
    );
  }
}

function bindCount(metric: KpiDefinition, of: Selector, binder: FoldBinder, tables: readonly SlicedTable[]): void {
  const calendar = binder.calendar(metric);
  binder.onMatch(of, (event, label) => {
    const bucket = calendar.bucketOf(event.timeMs);
    for (let index = 0; index < tables.length; index++) {
      const { table, dimension } = tables[index] as SlicedTable;
      table.add(bucket, dimension < 0 ? 0 : label(dimension), 0, 1);
    }
  });
}

function bindSum(metric: KpiDefinition, measure: KpiSum, binder: FoldBinder, tables: readonly SlicedTable[]): void {
  const calendar = binder.calendar(metric);
  const path = binder.path(measure.path);
  const { decimals } = measure;
  binder.onMatch(measure.of, (event, label) => {
    const bucket = calendar.bucketOf(event.timeMs);
    const text = event.numberText(path);
    const amount = text === null ? null : parseFixed(text, decimals);
    for (let index = 0; index < tables.length; index++) {
      const { table, dimension } = tables[index] as SlicedTable;
      const at = dimension < 0 ? 0 : label(dimension);
      table.add(bucket, at, SUM_COUNT, 1);
      if (amount === null) table.add(bucket, at, SUM_UNREADABLE, 1);
      else table.addWide(bucket, at, SUM, amount);
    }
  });
}

function needs(_metric: KpiDefinition, request: AnswerRequest): readonly TableNeed[] {
  const table = request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice);
  return [{ table, from: request.from, to: request.to, sliced: request.slice !== undefined }];
}

function answer(metric: KpiDefinition, request: AnswerRequest, source: RowSource, clock: AnswerClock, calendars: CalendarSource): KpiAnswer {
  if (request.slice === undefined) return figures(metric, request, source.rows(TOTAL_TABLE, ''), clock, calendars);
  const present = (rows: Rows): boolean => Array.from(bucketsOf(request)).some((bucket) => countIn(metric, rows, bucket) > 0);
  const size = (rows: Rows): number | bigint => sizeOf(metric, request, rows);
  const listed = slicedRows({ source, table: sliceTable(request.slice), value: request.value, limit: request.limit, size, present });
  return { slices: listed.map(({ value, rows }) => ({ value, ...figures(metric, request, rows, clock, calendars) })) };
}

function figures(metric: KpiDefinition, request: AnswerRequest, rows: Rows, clock: AnswerClock, calendars: CalendarSource): KpiFigures {
  const calendar = calendars.calendar(metric);
  const buckets: KpiBucket[] = [];
  for (const bucket of bucketsOf(request)) {
    const complete = calendar.endMs(bucket) + clock.latenessMs <= clock.watermarkMs;
    buckets.push({ bucket: calendar.name(bucket), value: valueIn(metric, rows, bucket), count: countIn(metric, rows, bucket), complete });
  }
  return { buckets, ...totalOf(metric, request, rows) };
}

/** What orders the values of a slice: the sum over the range, or the buckets' counts added up. */
function sizeOf(metric: KpiDefinition, request: AnswerRequest, rows: Rows): number | bigint {
  if (metric.measure.measure === 'sum') return sumIn(request, rows);
  return Array.from(bucketsOf(request)).reduce((sum, bucket) => sum + countIn(metric, rows, bucket), 0);
}

function sumIn(request: AnswerRequest, rows: Rows): bigint {
  let sum = 0n;
  for (const bucket of bucketsOf(request)) sum += wideInteger(rows.get(bucket) ?? [], SUM);
  return sum;
}

function valueIn(metric: KpiDefinition, rows: Rows, bucket: number): string | number {
  if (metric.measure.measure !== 'sum') return countIn(metric, rows, bucket);
  return formatFixed(wideInteger(rows.get(bucket) ?? [], SUM), metric.measure.decimals);
}

/** Events counted, or distinct actors. */
function countIn(metric: KpiDefinition, rows: Rows, bucket: number): number {
  const { measure } = metric.measure;
  if (measure === 'uniques') return activeIn(rows, bucket, gapColumns(metric));
  return rows.get(bucket)?.[measure === 'sum' ? SUM_COUNT : 0] ?? 0;
}

function totalOf(metric: KpiDefinition, request: AnswerRequest, rows: Rows): Pick<KpiFigures, 'total' | 'uniquesLimit'> {
  const { measure } = metric;
  if (measure.measure === 'uniques') {
    const exact = request.to - request.from + 1 <= metric.lookback;
    return { total: exact ? uniquesIn(rows, request.from, request.to, gapColumns(metric)) : null, uniquesLimit: metric.lookback };
  }
  if (measure.measure === 'count') return { total: Array.from(bucketsOf(request)).reduce((sum, bucket) => sum + countIn(metric, rows, bucket), 0) };
  return { total: formatFixed(sumIn(request, rows), measure.decimals) };
}

/** Events of the range whose property was no number: the answer's note. */
export function unreadableIn(metric: KpiDefinition, request: AnswerRequest, rows: Rows): number {
  if (metric.measure.measure !== 'sum') return 0;
  let count = 0;
  for (const bucket of bucketsOf(request)) count += rows.get(bucket)?.[SUM_UNREADABLE] ?? 0;
  return count;
}

function* bucketsOf(request: AnswerRequest): Generator<number> {
  for (let bucket = request.from; bucket <= request.to; bucket++) yield bucket;
}

function check(metric: KpiDefinition, table: string, cells: ArrayLike<number>): void {
  checkCounts(metric.id, table, cells, metric.measure.measure === 'sum' ? SUM + 1 : 0);
}

export const kpi: MetricKind<KpiDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
