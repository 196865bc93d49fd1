/** Reads cells from ClickHouse: heads and rows of all partitions in one query, so that no reader sees a mixture. */
import type { CellReader, Head, PartitionRows } from '@tidemark/pipeline';
import { cellQuery, partitionRowsOf, rangesCondition, sinceCondition } from './cell-query.ts';
import type { ClickHouseConnection } from './connection.ts';

export function createClickHouseCellReader(connection: ClickHouseConnection): CellReader {
  const read: CellReader['read'] = async (lineage, partitions, ranges, since): Promise<readonly PartitionRows[]> => {
    const query = cellQuery(lineage, partitions, sinceCondition(rangesCondition(ranges), partitions, since));
    return partitionRowsOf(partitions, await connection.select(query.text, query.params));
  };
  return {
    name: 'clickhouse',
    async heads(lineage, partitions): Promise<readonly Head[]> {
      return (await read(lineage, partitions, [])).map((answer) => answer.head);
    },
    read,
  };
}
