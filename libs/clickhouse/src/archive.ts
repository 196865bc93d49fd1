/** Archives every record of the log in ClickHouse, and keeps the chain of acknowledged chunks. */
import type { Archive, ArchiveChunk, ArchivedRecord } from '@tidemark/pipeline';
import type { ClickHouseConnection } from './connection.ts';
import { TabSeparatedRows } from './tab-separated.ts';

const EVENT_COLUMNS = [
  'epoch',
  'partition',
  'offset',
  'record_ms',
  'key',
  'value',
  'control',
  'reason',
  'type',
  'event',
  'actor_kind',
  'actor_id',
  'message_id',
  'time_ms',
] as const;
const CHUNK_COLUMNS = ['epoch', 'partition', 'from_offset', 'to_offset', 'count', 'hash'] as const;
/** One insert carries at most this much; more is cut. */
const INSERT_LIMITS = { rows: 50_000, bytes: 16 * 1024 * 1024 };

/**
 * A chunk is broken off when it begins above everything that the chunks before it reach: the chain ends where that first happens.
 * `reach` of the first chunk is empty, hence its own rule.
 */
const CHAIN_END = `SELECT count(), min(from_offset), if(countIf(broken) > 0, argMinIf(reach, from_offset, broken), max(to_offset))
FROM (
  SELECT from_offset, to_offset, reach, from_offset > reach AND ordinal > 1 AS broken
  FROM (
    SELECT from_offset, to_offset,
      max(to_offset) OVER (ORDER BY from_offset, to_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach,
      row_number() OVER (ORDER BY from_offset, to_offset) AS ordinal
    FROM archive_chunks
    WHERE epoch = {epoch:UInt16} AND partition = {partition:UInt16}
  )
)`;

export function createClickHouseArchive(connection: ClickHouseConnection): Archive {
  return {
    async insert(records): Promise<void> {
      for (let from = 0; from < records.length; ) {
        const rows = new TabSeparatedRows();
        while (from < records.length && rows.count < INSERT_LIMITS.rows && rows.bytes < INSERT_LIMITS.bytes) {
          const record = records[from++];
          if (record) appendRecord(rows, record);
        }
        await connection.insertBytes('events', EVENT_COLUMNS, rows.toBuffer(), rows.count);
      }
    },
    async extendChain({ epoch, partition, from, to, count, hash }: ArchiveChunk): Promise<void> {
      await connection.insert('archive_chunks', CHUNK_COLUMNS, [[epoch, partition, from, to, count, hash]]);
    },
    async chainEnd(epoch, partition): Promise<{ from: number; to: number } | null> {
      const [[count, from, to] = []] = await connection.select(CHAIN_END, { epoch, partition });
      return Number(count) === 0 ? null : { from: Number(from), to: Number(to) };
    },
  };
}

function appendRecord(rows: TabSeparatedRows, record: ArchivedRecord): void {
  const { parsed } = record;
  rows.number(record.epoch).number(record.partition).number(record.offset).number(record.timestampMs);
  rows
    .raw(record.key)
    .raw(record.value)
    .number(record.control ? 1 : 0)
    .text(record.reason);
  rows
    .text(parsed?.type ?? '')
    .text(parsed?.event ?? '')
    .text(parsed?.actorKind ?? '')
    .text(parsed?.actorId ?? '');
  rows.text(parsed?.messageId ?? '').number(parsed?.timeMs ?? 0);
  rows.end();
}
