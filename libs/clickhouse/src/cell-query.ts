/** The text and parameters of the queries on rollup_cells, and their rows as cells and heads. Each reads one snapshot of the table: heads and rows belong together. */
import { createHash } from 'node:crypto';
import {
  type CellRow,
  type Head,
  NO_VERSION,
  type PartitionRows,
  type TableRange,
  type Version,
  versionDecimal,
  versionFromDecimal,
} from '@tidemark/pipeline';
import { HEAD_METRIC, HeadParts } from './head.ts';

export interface Query {
  readonly text: string;
  readonly params: Record<string, unknown>;
}

/** A longer value travels as its hash: parameters are part of the URL, which servers bound. */
const VALUE_BYTES_MAX = 1_000;

/** Heads and the rows that `condition` lets through; one block of one insert is seen whole or not at all, because a query reads one set of parts. */
export function cellQuery(lineage: string, partitions: readonly number[], condition: Query): Query {
  const text = `SELECT metric, tbl, bucket, partition, value, toString(version), cells, note
FROM rollup_cells FINAL
WHERE lineage = {lineage:String} AND partition IN {partitions:Array(UInt16)} AND (metric = '${HEAD_METRIC}' OR ${condition.text})`;
  return { text, params: { ...condition.params, lineage, partitions: [...partitions] } };
}

export function rangesCondition(ranges: readonly TableRange[]): Query {
  const params: Record<string, unknown> = {};
  const texts = ranges.map((range, i) => {
    Object.assign(params, { [`metric${i}`]: range.metric, [`table${i}`]: range.table, [`from${i}`]: range.from, [`to${i}`]: range.to });
    const bounds = `metric = {metric${i}:String} AND tbl = {table${i}:String} AND bucket BETWEEN {from${i}:Int32} AND {to${i}:Int32}`;
    return `(${bounds}${range.sliced && range.value !== undefined ? valueCondition(i, range.value, params) : ''})`;
  });
  return { text: texts.length === 0 ? '0' : `(${texts.join(' OR ')})`, params };
}

/** Lets through what changed above a partition's version; of a partition that `since` does not name, everything. The partitions are those of `cellQuery`. */
export function sinceCondition(condition: Query, partitions: readonly number[], since: ReadonlyMap<number, Version> | undefined): Query {
  if (!partitions.some((partition) => since?.has(partition))) return condition;
  const params = { ...condition.params, since: partitions.map((partition) => BigInt(versionDecimal(since?.get(partition) ?? NO_VERSION))) };
  return { text: `(${condition.text} AND version > {since:Array(UInt64)}[indexOf({partitions:Array(UInt16)}, partition)])`, params };
}

function valueCondition(i: number, value: string, params: Record<string, unknown>): string {
  const bytes = Buffer.from(value);
  if (bytes.length <= VALUE_BYTES_MAX) {
    params[`value${i}`] = value;
    return ` AND value = {value${i}:String}`;
  }
  params[`length${i}`] = bytes.length;
  params[`hash${i}`] = createHash('sha256').update(bytes).digest('hex');
  return ` AND length(value) = {length${i}:UInt64} AND SHA256(value) = unhex({hash${i}:String})`;
}

/** In the order of `partitions`. */
export function partitionRowsOf(partitions: readonly number[], rows: readonly (readonly unknown[])[]): PartitionRows[] {
  const found = new Map(partitions.map((partition) => [partition, { head: new HeadParts(), rows: [] as CellRow[] }]));
  for (const [metric, table, bucket, partition, value, version, cells, note] of rows) {
    const target = found.get(Number(partition));
    if (!target) continue;
    if (metric === HEAD_METRIC) target.head.add(String(table), String(version), String(note));
    else
      target.rows.push({
        metric: String(metric),
        table: String(table),
        bucket: Number(bucket),
        value: String(value),
        version: versionFromDecimal(String(version)),
        cells: numbers(cells),
      });
  }
  return partitions.map((partition) => {
    const target = found.get(partition);
    return { partition, head: headOf(target?.head), rows: target?.rows ?? [] };
  });
}

function headOf(parts: HeadParts | undefined): Head {
  return (parts ?? new HeadParts()).head();
}

function numbers(cells: unknown): number[] {
  if (!Array.isArray(cells)) throw new TypeError('ClickHouse answered cells that are no list');
  return cells.map(Number);
}
