/** What the check of single actors asks of the archive: few rows by primary key, or a scan of narrow columns of bounded spans. */
import type { CheckArchive } from '@tidemark/pipeline';
import { RECORD_COLUMNS, recordOf } from './archive-reader.ts';
import type { ClickHouseConnection } from './connection.ts';

const IN_PARTITION = 'epoch = {epoch:UInt16} AND partition = {partition:UInt16}';
/** Of one query: parameters are part of the URL. */
const SPANS_AT_ONCE = 32;
const IDS_AT_ONCE = 100;

export function createClickHouseCheckArchive(connection: ClickHouseConnection): CheckArchive {
  return {
    async recordsInOrder({ actorId, ...span }, limit) {
      // The offsets come from the table that is ordered by actor, the records from the one that is ordered by offset.
      const rows = await connection.select(
        `SELECT ${RECORD_COLUMNS}
FROM events
WHERE ${IN_PARTITION} AND offset IN (
  SELECT DISTINCT offset FROM events_by_actor
  WHERE actor = {actorId:String} AND ${IN_PARTITION} AND offset < {to:UInt64} AND reason = ''
  ORDER BY offset LIMIT {limit:UInt64}
)
ORDER BY epoch, partition, offset LIMIT 1 BY epoch, partition, offset`,
        { ...span, actorId, limit },
      );
      return rows.map(recordOf);
    },
    async latestTimes(of, spans) {
      const times: (number | null)[] = [];
      for (let first = 0; first < spans.length; first += SPANS_AT_ONCE) {
        times.push(...(await latestIn(connection, of, spans.slice(first, first + SPANS_AT_ONCE))));
      }
      return times;
    },
    async isIdOfOthers(span, messageIds) {
      for (let first = 0; first < messageIds.length; first += IDS_AT_ONCE) {
        const [[count] = []] = await connection.select(
          `SELECT count() FROM events
WHERE ${IN_PARTITION} AND offset < {to:UInt64} AND reason = '' AND NOT control AND actor_id != {actorId:String} AND message_id IN {ids:Array(String)}`,
          { ...span, ids: messageIds.slice(first, first + IDS_AT_ONCE) },
        );
        if (Number(count) > 0) return true;
      }
      return false;
    },
    async hasRestampedIds(span) {
      const [[count] = []] = await connection.select(
        `SELECT count() FROM (
  SELECT 1 FROM events WHERE ${IN_PARTITION} AND offset < {to:UInt64} AND reason = '' AND NOT control
  GROUP BY sipHash128(message_id) HAVING min(time_ms) != max(time_ms) LIMIT 1
)`,
        { ...span },
      );
      return Number(count) > 0;
    },
  };
}

async function latestIn(
  connection: ClickHouseConnection,
  of: Parameters<CheckArchive['latestTimes']>[0],
  spans: Parameters<CheckArchive['latestTimes']>[1],
): Promise<readonly (number | null)[]> {
  const params: Record<string, unknown> = { ...of };
  const within = spans.map(({ from, to }, index) => {
    Object.assign(params, { [`from${index}`]: from, [`to${index}`]: to });
    return `(offset >= {from${index}:UInt64} AND offset < {to${index}:UInt64})`;
  });
  const [row = []] = await connection.select(
    `SELECT ${within.map((span) => `maxOrNullIf(at_ms, ${span})`).join(', ')}
FROM (
  SELECT offset, if(control, record_ms - {futureMs:Int64}, time_ms) AS at_ms
  FROM events
  WHERE ${IN_PARTITION} AND (${within.join(' OR ')}) AND (control OR (reason = '' AND time_ms <= record_ms + {futureMs:Int64}))
)`,
    params,
  );
  return spans.map((_, index) => (row[index] === null || row[index] === undefined ? null : Number(row[index])));
}
