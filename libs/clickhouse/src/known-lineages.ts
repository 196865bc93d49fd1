/** What the tables say of all lineages and of the whole archive: for who looks after a deployment. */
import type { ClickHouseConnection } from './connection.ts';
import { HEAD_METRIC } from './head.ts';

/** Every lineage that ever published a figure here, in the order of their names. */
export async function publishedLineages(connection: ClickHouseConnection): Promise<readonly string[]> {
  const rows = await connection.select(`SELECT DISTINCT lineage FROM rollup_cells WHERE metric = '${HEAD_METRIC}' ORDER BY lineage`);
  return rows.map(([lineage]) => String(lineage));
}

/** What is missing in a partition's chain: offsets `from ≤ offset < to` that no link names, though links on both sides are there. */
export interface ChainHole {
  readonly epoch: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Of all partitions and epochs, at most `limit`. */
export async function chainHoles(connection: ClickHouseConnection, limit: number): Promise<readonly ChainHole[]> {
  const rows = await connection.select(
    `SELECT epoch, partition, reach, from_offset
FROM (
  SELECT epoch, partition, from_offset,
    max(to_offset) OVER (PARTITION BY epoch, partition ORDER BY from_offset, to_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach,
    row_number() OVER (PARTITION BY epoch, partition ORDER BY from_offset, to_offset) AS ordinal
  FROM archive_chunks
)
WHERE ordinal > 1 AND from_offset > reach
ORDER BY epoch, partition, reach LIMIT {limit:UInt32}`,
    { limit },
  );
  return rows.map(([epoch, partition, from, to]) => ({ epoch: Number(epoch), partition: Number(partition), from: Number(from), to: Number(to) }));
}

/** By partition the epochs that have a chain, ascending. */
export async function archivedEpochs(connection: ClickHouseConnection): Promise<ReadonlyMap<number, readonly number[]>> {
  const rows = await connection.select(
    'SELECT partition, arraySort(groupUniqArray(epoch)) FROM archive_chunks GROUP BY partition ORDER BY partition',
  );
  return new Map(rows.map(([partition, epochs]) => [Number(partition), Array.isArray(epochs) ? epochs.map(Number) : []]));
}

/** By partition the end of whatever stands in the archive of an epoch, a record or a link, whether its chain leads there or not. */
export async function archiveReach(connection: ClickHouseConnection, epoch: number): Promise<ReadonlyMap<number, number>> {
  const rows = await connection.select(
    `SELECT partition, max(reach) FROM (
  SELECT partition, max(offset) + 1 AS reach FROM events WHERE epoch = {epoch:UInt16} GROUP BY partition
  UNION ALL
  SELECT partition, max(to_offset) AS reach FROM archive_chunks WHERE epoch = {epoch:UInt16} GROUP BY partition
) GROUP BY partition`,
    { epoch },
  );
  return new Map(rows.map(([partition, reach]) => [Number(partition), Number(reach)]));
}
