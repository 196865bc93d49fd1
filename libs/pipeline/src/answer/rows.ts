/** The rows of all partitions as one: what an answer needs of them, and their sums. */
import { type AnswerRequest, type CalendarSource, kindOf, type MetricDefinition, type RowSource, type Rows } from '@tidemark/core';
import type { CellRow, PartitionRows, TableRange } from '../ports/sink.ts';

/** The pieces of tables that a metric reads for a request. */
export function rangesOf(metric: MetricDefinition, request: AnswerRequest, calendars: CalendarSource): readonly TableRange[] {
  return kindOf(metric)
    .needs(metric, request, calendars)
    .map((need) => ({
      metric: metric.id,
      ...need,
      ...(need.sliced && request.value !== undefined ? { value: request.value } : {}),
    }));
}

const NO_ROWS: Rows = new Map();

/** Sums rows column by column over the partitions; rows outside the ranges are left out, so that a whole table answers as a store does. */
export function sumPartitions(partitions: readonly PartitionRows[], ranges: readonly TableRange[]): RowSource {
  const tables = new Map<string, Map<string, Map<number, number[]>>>();
  for (const { rows } of partitions) {
    for (const row of rows) if (ranges.some((range) => isWithin(row, range))) addRow(tables, row);
  }
  return {
    rows: (table, value) => tables.get(table)?.get(value) ?? NO_ROWS,
    values: (table) => [...(tables.get(table)?.keys() ?? [])],
  };
}

function addRow(tables: Map<string, Map<string, Map<number, number[]>>>, row: CellRow): void {
  const values = tables.get(row.table) ?? new Map<string, Map<number, number[]>>();
  tables.set(row.table, values);
  const buckets = values.get(row.value) ?? new Map<number, number[]>();
  values.set(row.value, buckets);
  const sums = buckets.get(row.bucket);
  if (sums === undefined) {
    buckets.set(row.bucket, Array.from(row.cells));
    return;
  }
  for (let column = 0; column < row.cells.length; column++) sums[column] = (sums[column] ?? 0) + (row.cells[column] ?? 0);
}

function isWithin(row: CellRow, range: TableRange): boolean {
  if (row.table !== range.table || row.metric !== range.metric || row.bucket < range.from || row.bucket > range.to) return false;
  return !range.sliced || range.value === undefined || row.value === range.value;
}
