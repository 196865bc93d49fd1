/** KPI: events counted, a property summed in fixed point, distinct actors, or the ratio of two of these, per bucket. */
import type { AnswerClock, AnswerRequest, KpiAnswer, KpiBucket, KpiFigures, KpiValue } from '../answer.ts';
import type { KpiDefinition, SimpleMeasure } from '../definition.ts';
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

type Range = Pick<AnswerRequest, 'from' | 'to'>;

/** One measure and its columns: those of a ratio stand side by side in one row, so that both are of one bucket and prefix. */
interface Part {
  readonly name: 'value' | 'numerator' | 'denominator';
  readonly measure: SimpleMeasure;
  readonly first: number;
  readonly width: number;
  readonly lookback: number;
}

/** None of a formula: it has no cells. */
function partsOf({ measure, lookback }: KpiDefinition): readonly Part[] {
  if (measure.measure === 'formula') return [];
  if (measure.measure !== 'ratio') return [{ name: 'value', measure, first: 0, width: widthOf(measure, lookback), lookback }];
  const first = widthOf(measure.numerator, lookback);
  return [
    { name: 'numerator', measure: measure.numerator, first: 0, width: first, lookback },
    { name: 'denominator', measure: measure.denominator, first, width: widthOf(measure.denominator, lookback), lookback },
  ];
}

function widthOf({ measure }: SimpleMeasure, lookback: number): number {
  return { count: 1, sum: 4, uniques: gapWidth(lookback) }[measure];
}

function gapColumns({ first, lookback }: Part): GapColumns {
  return { first, lookback };
}

function bind(metric: KpiDefinition, binder: FoldBinder): void {
  const parts = partsOf(metric);
  const last = parts.at(-1);
  if (last === undefined) return;
  const calendar = binder.calendar(metric);
  const closesAtMs = (bucket: number): number => calendar.endMs(bucket) + binder.latenessMs;
  const gaps = parts.filter(({ measure }) => measure.measure === 'uniques').map(gapColumns);
  const wide = parts.filter(({ measure }) => measure.measure === 'sum').map(({ first }) => first + SUM);
  const tables = metricTables(metric, binder).map(
    ({ name, dimension }): SlicedTable => ({
      table: binder.table({ metric: metric.id, name, width: last.first + last.width, dimension, closesAtMs, gaps, wide }),
      dimension,
    }),
  );
  for (const part of parts) bindPart(metric, binder, part, tables);
}

interface SlicedTable {
  readonly table: CellTable;
  /** -1 of the total. */
  readonly dimension: number;
}

function bindPart(metric: KpiDefinition, binder: FoldBinder, part: Part, tables: readonly SlicedTable[]): void {
  const { measure, first } = part;
  const calendar = binder.calendar(metric);
  if (measure.measure === 'uniques') {
    const columns = gapColumns(part);
    const windowBuckets = bucketsWithin(binder.latenessMs, metric.unit) + 1;
    for (const { table, dimension } of tables) {
      const sets = binder.bucketSets({ selector: measure.of, calendar, windowBuckets, dimension }, (_slot, row, label, bucket) =>
        emitGap({ sets, row, bucket, sign: 1, table, label, columns }),
      );
    }
    return;
  }
  if (measure.measure === 'count') {
    binder.onMatch(measure.of, (event, label) => {
      const bucket = calendar.bucketOf(event.timeMs);
      for (let index = 0; index < tables.length; index++) {
        const { table, dimension } = tables[index] as SlicedTable;
        table.add(bucket, dimension < 0 ? 0 : label(dimension), first, 1);
      }
    });
    return;
  }
  const path = binder.path(measure.path);
  const { decimals } = measure;
  binder.onMatch(measure.of, (event, label) => {
    const bucket = calendar.bucketOf(event.timeMs);
    const text = event.numberText(path);
    const amount = text === null ? null : parseFixed(text, decimals);
    for (let index = 0; index < tables.length; index++) {
      const { table, dimension } = tables[index] as SlicedTable;
      const at = dimension < 0 ? 0 : label(dimension);
      const row = table.rowAt(bucket, at);
      table.addAt(row, first + SUM_COUNT, 1);
      if (amount === null) table.addAt(row, first + SUM_UNREADABLE, 1);
      else table.addWide(bucket, at, first + SUM, amount);
    }
  });
}

function needs(_metric: KpiDefinition, request: AnswerRequest): readonly TableNeed[] {
  const table = request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice);
  return [{ table, from: request.from, to: request.to, sliced: request.slice !== undefined }];
}

/** Of a formula `formula-answer.ts` answers, from the rows of the metrics that it names. */
function answer(metric: KpiDefinition, request: AnswerRequest, source: RowSource, clock: AnswerClock, calendars: CalendarSource): KpiAnswer {
  if (request.slice === undefined) return figures(metric, request, source.rows(TOTAL_TABLE, ''), clock, calendars);
  const parts = partsOf(metric);
  const present = (rows: Rows): boolean => parts.some((part) => Array.from(bucketsOf(request)).some((bucket) => countIn(part, rows, bucket) > 0));
  const weighing = parts.at(-1);
  const size = (rows: Rows): number | bigint => (weighing === undefined ? 0 : sizeOf(weighing, request, rows));
  const listed = slicedRows({ source, table: sliceTable(request.slice), value: request.value, limit: request.limit, size, present });
  return { slices: listed.map(({ value, rows }) => ({ value, ...figures(metric, request, rows, clock, calendars) })) };
}

function figures(metric: KpiDefinition, request: AnswerRequest, rows: Rows, clock: AnswerClock, calendars: CalendarSource): KpiFigures {
  const parts = partsOf(metric);
  const calendar = calendars.calendar(metric);
  const buckets: KpiBucket[] = [];
  for (const bucket of bucketsOf(request)) {
    const complete = calendar.endMs(bucket) + clock.latenessMs <= clock.watermarkMs;
    const last = parts.at(-1);
    const count = last === undefined ? null : countIn(last, rows, bucket);
    const { value, of } = combined(parts, (part) => valueIn(part, rows, bucket));
    buckets.push({ bucket: calendar.name(bucket), value, count, complete, ...(of && { of }) });
  }
  const { value: total, of } = combined(parts, (part) => totalOf(part, rows, request));
  const hasLimit = parts.some(({ measure }) => measure.measure === 'uniques');
  return { buckets, total, ...(of && { of }), ...(hasLimit && { uniquesLimit: metric.lookback }) };
}

/** One measure as it is; two as their quotient, beside what it was made of. */
function combined(parts: readonly Part[], each: (part: Part) => KpiValue): { value: KpiValue; of?: Record<string, KpiValue> } {
  const [first, second] = parts;
  if (first === undefined) return { value: null };
  const value = each(first);
  if (second === undefined) return { value };
  const divisor = each(second);
  return { value: quotient(value, divisor), of: { numerator: value, denominator: divisor } };
}

/** Both as doubles, divided once; null over 0 and where a part is null. */
function quotient(value: KpiValue, divisor: KpiValue): number | null {
  if (value === null || divisor === null || Number(divisor) === 0) return null;
  return Number(value) / Number(divisor) + 0;
}

/** What orders the values of a slice: the sum over the range, or the buckets' counts added up; of a ratio those of its denominator. */
function sizeOf(part: Part, range: Range, rows: Rows): number | bigint {
  if (part.measure.measure === 'sum') return sumIn(part, range, rows);
  return Array.from(bucketsOf(range)).reduce((sum, bucket) => sum + countIn(part, rows, bucket), 0);
}

function sumIn(part: Part, range: Range, rows: Rows): bigint {
  let sum = 0n;
  for (const bucket of bucketsOf(range)) sum += wideInteger(rows.get(bucket) ?? [], part.first + SUM);
  return sum;
}

function valueIn(part: Part, rows: Rows, bucket: number): string | number {
  if (part.measure.measure !== 'sum') return countIn(part, rows, bucket);
  return formatFixed(wideInteger(rows.get(bucket) ?? [], part.first + SUM), part.measure.decimals);
}

/** Events counted, or distinct actors. */
function countIn(part: Part, rows: Rows, bucket: number): number {
  const { measure } = part.measure;
  if (measure === 'uniques') return activeIn(rows, bucket, gapColumns(part));
  return rows.get(bucket)?.[part.first + (measure === 'sum' ? SUM_COUNT : 0)] ?? 0;
}

function totalOf(part: Part, rows: Rows, range: Range): KpiValue {
  const { measure } = part;
  if (measure.measure === 'sum') return formatFixed(sumIn(part, range, rows), measure.decimals);
  if (measure.measure === 'count') return Array.from(bucketsOf(range)).reduce((sum, bucket) => sum + countIn(part, rows, bucket), 0);
  return range.to - range.from + 1 <= part.lookback ? uniquesIn(rows, range.from, range.to, gapColumns(part)) : null;
}

/** Events of the range whose property was no number, the answer's note: of a ratio of two sums once for each. */
export function unreadableIn(metric: KpiDefinition, request: Range, rows: Rows): number {
  let count = 0;
  for (const part of partsOf(metric)) {
    if (part.measure.measure !== 'sum') continue;
    for (const bucket of bucketsOf(request)) count += rows.get(bucket)?.[part.first + SUM_UNREADABLE] ?? 0;
  }
  return count;
}

function* bucketsOf(range: Range): Generator<number> {
  for (let bucket = range.from; bucket <= range.to; bucket++) yield bucket;
}

/** All but the upper half of a sum, which may be negative. */
function check(metric: KpiDefinition, table: string, cells: ArrayLike<number>): void {
  const signed = partsOf(metric).flatMap(({ measure, first }) => (measure.measure === 'sum' ? [first + SUM] : []));
  checkCounts(
    metric.id,
    table,
    Array.from(cells, (cell, column) => (signed.includes(column) ? Math.abs(cell) : cell)),
  );
}

export const kpi: MetricKind<KpiDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
