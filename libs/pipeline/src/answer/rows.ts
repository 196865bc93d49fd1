/** The rows of all partitions as one: what an answer needs of them, and their sums. */
import {
  type AnswerRequest,
  type CalendarSource,
  type MetricDefinition,
  type MetricSet,
  mergeNeeds,
  needsOf,
  type RowSource,
  type Rows,
  type SourceOf,
  sumOfBuckets,
} from '@tidemark/core';
import type { CellRow, PartitionRows, TableRange } from '../ports/sink.ts';

/** The pieces of tables that a metric reads for requests that differ in their range alone; of a formula those of the metrics that it names. */
export function rangesOf(
  served: { readonly set: MetricSet; readonly metric: MetricDefinition },
  requests: readonly AnswerRequest[],
  calendars: CalendarSource,
): readonly TableRange[] {
  const needs = mergeNeeds(requests.flatMap((request) => needsOf(served.set, served.metric, request, calendars)));
  const value = requests[0]?.value;
  return needs.map(({ ordinals = false, ...need }) => ({
    ...need,
    ...(need.sliced && !ordinals && value !== undefined ? { value } : {}),
  }));
}

export const NO_ROWS: Rows = new Map();

type Tables = Map<string, Map<string, Map<number, number[]>>>;

/** Sums rows column by column over the partitions; rows outside the ranges are left out, so that a whole table answers as a store does. */
export function sumPartitions(partitions: readonly PartitionRows[], ranges: readonly TableRange[]): SourceOf {
  const byMetric = new Map<string, Tables>();
  for (const { rows } of partitions) {
    for (const row of rows) {
      if (!ranges.some((range) => isWithin(row, range))) continue;
      const tables = byMetric.get(row.metric) ?? new Map<string, Map<string, Map<number, number[]>>>();
      byMetric.set(row.metric, tables);
      addRow(tables, row);
    }
  }
  return (metricId): RowSource => {
    const tables = byMetric.get(metricId);
    const rowsOf = (table: string, value: string): Rows => tables?.get(table)?.get(value) ?? NO_ROWS;
    return {
      rows: rowsOf,
      values: (table) => [...(tables?.get(table)?.keys() ?? [])],
      sum: (table, value, range) => sumOfBuckets(rowsOf(table, value), range),
    };
  };
}

function addRow(tables: Tables, row: CellRow): void {
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

export function isWithin(row: CellRow, range: TableRange): boolean {
  if (row.table !== range.table || row.metric !== range.metric || row.bucket < range.from || row.bucket > range.to) return false;
  return !range.sliced || range.value === undefined || row.value === range.value;
}
