/** Lists which buckets of which tables ClickHouse holds of a partition. */
import type { CellInventory } from '@tidemark/pipeline';
import type { ClickHouseConnection } from './connection.ts';
import { HEAD_METRIC } from './head.ts';

export function createClickHouseCellInventory(connection: ClickHouseConnection): CellInventory {
  return {
    name: 'clickhouse',
    async tables(lineage, partition) {
      const rows = await connection.select(
        `SELECT metric, tbl, groupUniqArray(bucket) FROM rollup_cells
WHERE lineage = {lineage:String} AND partition = {partition:UInt16} AND metric != '${HEAD_METRIC}' GROUP BY metric, tbl`,
        { lineage, partition },
      );
      return rows.map(([metric, table, buckets]) => ({
        metric: String(metric),
        table: String(table),
        buckets: Array.isArray(buckets) ? buckets.map(Number) : [],
      }));
    },
  };
}
