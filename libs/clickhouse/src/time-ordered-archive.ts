/** Reads the archive of one partition in the order of time. Its table lies in the order of offsets: places are looked up in blocks of narrow columns first. */
import { type ArchivedRecord, placeInTime, type TimeOrderedArchive } from '@tidemark/pipeline';
import { RECORD_COLUMNS, recordOf } from './archive-reader.ts';
import type { ClickHouseConnection } from './connection.ts';

const AT_MS = "if(control OR reason != '', record_ms, time_ms)";
const IN_PARTITION = 'epoch = {epoch:UInt16} AND partition = {partition:UInt16} AND offset < {to:UInt64}';
const AFTER = `(${AT_MS}, offset) > ({afterMs:Int64}, {afterOffset:UInt64})`;

const PLACES = `SELECT ${AT_MS} AS at_ms, offset
FROM events
WHERE ${IN_PARTITION} AND ${AFTER}
ORDER BY at_ms, offset LIMIT 1 BY offset LIMIT {limit:UInt64}`;

/** Up to a place, and no more of them than the bytes before leave room for. Keys and values are read only where the narrow columns fit. */
const RECORDS = `SELECT ${RECORD_COLUMNS}
FROM (
  SELECT *, sum(bytes) OVER (ORDER BY at_ms, offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - bytes AS bytes_before
  FROM (
    SELECT *, ${AT_MS} AS at_ms, toUInt64(length(ifNull(key, '')) + length(ifNull(value, ''))) AS bytes
    FROM events
    PREWHERE ${IN_PARTITION} AND ${AFTER} AND (${AT_MS}, offset) <= ({upToMs:Int64}, {upToOffset:UInt64})
    ORDER BY at_ms, offset LIMIT 1 BY offset
  )
)
WHERE bytes_before < {maxBytes:UInt64} OR bytes_before = 0
ORDER BY at_ms, offset`;

interface Place {
  readonly timeMs: number;
  readonly offset: number;
}

const BEGINNING: Place = { timeMs: Number.MIN_SAFE_INTEGER, offset: 0 };
const DEFAULTS = { placesAtOnce: 100_000, pageRecords: 5_000, pageBytes: 8 * 1024 * 1024 };

export function createClickHouseTimeOrderedArchive(connection: ClickHouseConnection, options: Partial<typeof DEFAULTS> = {}): TimeOrderedArchive {
  const { placesAtOnce, pageRecords, pageBytes } = { ...DEFAULTS, ...options };
  const since = ({ timeMs, offset }: Place) => ({ afterMs: timeMs, afterOffset: offset });
  return {
    async *inTimeOrder(of) {
      let after = BEGINNING;
      for (;;) {
        const rows = await connection.select(PLACES, { ...of, ...since(after), limit: placesAtOnce });
        const places = rows.map(([timeMs, offset]): Place => ({ timeMs: Number(timeMs), offset: Number(offset) }));
        const ends = places.filter((_, index) => (index + 1) % pageRecords === 0 || index === places.length - 1);
        for (const end of ends) {
          while (isBefore(after, end)) {
            const upTo = { upToMs: end.timeMs, upToOffset: end.offset, maxBytes: pageBytes };
            const page: readonly ArchivedRecord[] = (await connection.select(RECORDS, { ...of, ...since(after), ...upTo })).map(recordOf);
            const last = page.at(-1);
            if (last === undefined) break;
            yield page;
            after = placeInTime(last);
          }
        }
        if (places.length < placesAtOnce) return;
      }
    },
  };
}

function isBefore(one: Place, other: Place): boolean {
  return one.timeMs < other.timeMs || (one.timeMs === other.timeMs && one.offset < other.offset);
}
