/** How much a lineage has published: what its successor is estimated by. */
import type { ClickHouseConnection } from './connection.ts';
import { HEAD_METRIC } from './head.ts';

export interface MetricSize {
  readonly metric: string;
  readonly rows: number;
  /** Of all rows together. */
  readonly integers: number;
}

/** Of every metric that has a row, over all partitions. */
export async function lineageSize(connection: ClickHouseConnection, lineage: string): Promise<readonly MetricSize[]> {
  const rows = await connection.select(
    `SELECT metric, count(), sum(length(cells)) FROM rollup_cells FINAL
WHERE lineage = {lineage:String} AND metric != '${HEAD_METRIC}' GROUP BY metric ORDER BY metric`,
    { lineage },
  );
  return rows.map(([metric, count, integers]) => ({ metric: String(metric), rows: Number(count), integers: Number(integers) }));
}
