/** Reads the archive of one partition in order, with the links of its chain: what a rebuild and a proof trust. */
import type { ArchiveChunk, ArchiveSpan, PartitionArchive } from '@tidemark/pipeline';
import { createClickHouseArchive } from './archive.ts';
import { RECORD_COLUMNS, recordOf } from './archive-reader.ts';
import type { ClickHouseConnection } from './connection.ts';

const LINKS = `SELECT epoch, partition, from_offset, to_offset, any(count), any(hash)
FROM archive_chunks
WHERE epoch = {epoch:UInt16} AND partition = {partition:UInt16} AND from_offset >= {from:UInt64} AND from_offset < {to:UInt64}
GROUP BY epoch, partition, from_offset, to_offset
ORDER BY from_offset, to_offset LIMIT {limit:UInt64}`;

/** The lowest offsets of the span, each once; then as many of them as the bytes before them leave room for. */
const RECORDS = `SELECT ${RECORD_COLUMNS}
FROM (
  SELECT *, sum(bytes) OVER (ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - bytes AS bytes_before
  FROM (
    SELECT *, toUInt64(length(ifNull(key, '')) + length(ifNull(value, ''))) AS bytes
    FROM events
    WHERE epoch = {epoch:UInt16} AND partition = {partition:UInt16} AND offset >= {from:UInt64} AND offset < {to:UInt64}
    ORDER BY epoch, partition, offset LIMIT 1 BY epoch, partition, offset LIMIT {limit:UInt64}
  )
)
WHERE bytes_before < {maxBytes:UInt64} OR bytes_before = 0
ORDER BY offset`;

const NO_BOUND = 2 ** 50;

export function createClickHousePartitionArchive(connection: ClickHouseConnection): PartitionArchive {
  const { chainEnd } = createClickHouseArchive(connection);
  return {
    chainEnd,
    async links({ maxBytes: _unbounded, ...span }: ArchiveSpan): Promise<readonly ArchiveChunk[]> {
      const rows = await connection.select(LINKS, { ...span });
      return rows.map(([epoch, partition, from, to, count, hash]) => ({
        epoch: Number(epoch),
        partition: Number(partition),
        from: Number(from),
        to: Number(to),
        count: Number(count),
        hash: String(hash),
      }));
    },
    async records(span: ArchiveSpan) {
      const rows = await connection.select(RECORDS, { ...span, maxBytes: span.maxBytes ?? NO_BOUND });
      return rows.map(recordOf);
    },
  };
}
