/** Archives every record of the log in ClickHouse, and keeps the chain of acknowledged chunks. */
import type { Archive, ArchiveChunk, ArchiveIntake, Describer, RecordMark } from '@tidemark/pipeline';
import { VALUES } from './archive-reader.ts';
import { BlockPool } from './block-pool.ts';
import type { ClickHouseConnection } from './connection.ts';
import { appendRecord, EVENT_COLUMNS, EventRowCollector, type EventRows } from './event-rows.ts';
import { TabSeparatedRows } from './tab-separated.ts';

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

const LAST_RECORD = `SELECT offset, ${VALUES} FROM events
WHERE epoch = {epoch:UInt16} AND partition = {partition:UInt16} AND offset < {below:UInt64}
ORDER BY epoch DESC, partition DESC, offset DESC LIMIT 1`;

export function createClickHouseArchive(connection: ClickHouseConnection): Archive {
  return {
    async insert(records): Promise<void> {
      for (let from = 0; from < records.length; ) {
        const rows = new TabSeparatedRows();
        while (from < records.length && rows.count < INSERT_LIMITS.rows && rows.bytes < INSERT_LIMITS.bytes) {
          const record = records[from++];
          if (record) appendRecord(rows, record);
        }
        await connection.insertBytes('events', EVENT_COLUMNS, [rows.toBuffer()], rows.count);
      }
    },
    async extendChain({ epoch, partition, from, to, count, hash }: ArchiveChunk): Promise<void> {
      await connection.insert('archive_chunks', CHUNK_COLUMNS, [[epoch, partition, from, to, count, hash]]);
    },
    async chainEnd(epoch, partition): Promise<{ from: number; to: number } | null> {
      const [[count, from, to] = []] = await connection.select(CHAIN_END, { epoch, partition });
      return Number(count) === 0 ? null : { from: Number(from), to: Number(to) };
    },
    async lastRecord(epoch, partition, below): Promise<RecordMark | null> {
      const [row] = await connection.select(LAST_RECORD, { epoch, partition, below });
      if (row === undefined) return null;
      const [offset, timestampMs, key, isKeyNull, value, isValueNull] = row;
      const bytes = (text: unknown, isNull: unknown): Buffer | null => (isNull ? null : Buffer.from(String(text), 'base64'));
      return { offset: Number(offset), timestampMs: Number(timestampMs), key: bytes(key, isKeyNull), value: bytes(value, isValueNull) };
    },
  };
}

/** The archiver's way in: rows are written out of the batches' bytes, which the log may take back at once. Rows that were inserted are not to be read again. */
export function createClickHouseIntake(connection: ClickHouseConnection, describer: Describer): ArchiveIntake<EventRows> {
  const { extendChain, chainEnd, lastRecord } = createClickHouseArchive(connection);
  const pool = new BlockPool();
  /** Sent once in vain: who knows whether a socket still holds them. */
  const inDoubt = new WeakSet<EventRows>();
  return {
    extendChain,
    chainEnd,
    lastRecord,
    collector: (epoch) => new EventRowCollector({ epoch, describer, pool }),
    async insertRows(rows): Promise<void> {
      const count = rows.reduce((sum, each) => sum + each.count, 0);
      const blocks = rows.flatMap((each) => each.blocks);
      if (count === 0) return;
      try {
        await connection.insertBytes('events', EVENT_COLUMNS, blocks, count);
      } catch (error) {
        for (const each of rows) inDoubt.add(each);
        throw error;
      }
      for (const each of rows) if (!inDoubt.has(each)) for (const block of each.blocks) pool.giveBack(block);
    },
  };
}
