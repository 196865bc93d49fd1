/** Reads one partition of the archive back, byte for byte, in offset order. */
import type { ArchivedRecord } from '@tidemark/pipeline';
import type { ClickHouseConnection } from './connection.ts';

export interface ArchiveSpan {
  readonly epoch: number;
  readonly partition: number;
  /** `from ≤ offset < to`. */
  readonly from: number;
  readonly to: number;
  /** At most so many records, the lowest offsets. */
  readonly limit: number;
}

export interface ArchiveReader {
  /** In offset order, each once. Fewer than `limit` = there are no more in the span. */
  records(span: ArchiveSpan): Promise<readonly ArchivedRecord[]>;
}

export const VALUES = "record_ms, base64Encode(ifNull(key, '')), isNull(key), base64Encode(ifNull(value, '')), isNull(value)";

/** What `recordOf` reads, of the table `events`. */
export const RECORD_COLUMNS = `epoch, partition, offset, ${VALUES}, control, reason, type, event, actor_kind, actor_id, message_id, time_ms`;

export function createClickHouseArchiveReader(connection: ClickHouseConnection): ArchiveReader {
  return {
    async records(span): Promise<readonly ArchivedRecord[]> {
      const rows = await connection.select(
        `SELECT ${RECORD_COLUMNS}
FROM events
WHERE epoch = {epoch:UInt16} AND partition = {partition:UInt16} AND offset >= {from:UInt64} AND offset < {to:UInt64}
ORDER BY epoch, partition, offset LIMIT 1 BY epoch, partition, offset LIMIT {limit:UInt64}`,
        { ...span },
      );
      return rows.map(recordOf);
    },
  };
}

/** A row of RECORD_COLUMNS. */
export function recordOf(row: readonly unknown[]): ArchivedRecord {
  const [
    epoch,
    partition,
    offset,
    timestampMs,
    key,
    isKeyNull,
    value,
    isValueNull,
    control,
    reason,
    type,
    event,
    actorKind,
    actorId,
    messageId,
    timeMs,
  ] = row;
  const isParsed = reason === '' && control !== true;
  return {
    epoch: Number(epoch),
    partition: Number(partition),
    offset: Number(offset),
    timestampMs: Number(timestampMs),
    key: isKeyNull ? null : Buffer.from(String(key), 'base64'),
    value: isValueNull ? null : Buffer.from(String(value), 'base64'),
    control: control === true,
    parsed: isParsed
      ? {
          type: String(type),
          event: String(event),
          actorKind: actorKind === 'user' ? 'user' : 'anonymous',
          actorId: String(actorId),
          messageId: String(messageId),
          timeMs: Number(timeMs),
        }
      : null,
    reason: String(reason),
  };
}
