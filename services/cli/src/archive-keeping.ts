/** `doctor`: whether raw events expire in ClickHouse although nothing else could bring the state back. */
import { type ClickHouseConnection, ClickHouseRefused, createClickHouseLineageJournal } from '@tidemark/clickhouse';
import { journalState } from '@tidemark/pipeline';

export interface KeepingQuestion {
  /** Of the raw events; null: they are kept for good, undefined: there are none yet. */
  readonly ttl: string | null | undefined;
  readonly partitions: number;
  /** Between two copies of the state; 0: none are made. */
  readonly snapshotIntervalMs: number;
  readonly nowMs: number;
}

/** A copy that is older than so many intervals is not one to rely on. */
const INTERVALS_OLD = 4;
const UNKNOWN_TABLE = 60;

/** As the server has it, whatever database the connection is for. */
export async function ttlOfEvents(connection: ClickHouseConnection, database: string): Promise<KeepingQuestion['ttl']> {
  const [row] = await connection.select("SELECT engine_full FROM system.tables WHERE database = {database:String} AND name = 'events'", { database });
  if (row === undefined) return undefined;
  const [, ttl] = /\bTTL (.*?)(?: SETTINGS |$)/s.exec(String(row[0])) ?? [];
  return ttl ?? null;
}

/** What is kept, in words; throws an Error that says what would be lost. */
export async function archiveKeeping(open: () => Promise<ClickHouseConnection>, question: KeepingQuestion): Promise<string> {
  const { ttl, partitions, snapshotIntervalMs, nowMs } = question;
  if (ttl === undefined) return 'no archive yet: raw events will be kept for good';
  if (ttl === null) return 'raw events are kept for good';
  const expire = `raw events expire (TTL ${ttl})`;
  if (snapshotIntervalMs === 0)
    throw new Error(`${expire} and no copies of the state are made: once Redis is lost, nobody can bring the figures' state back`);
  const connection = await open();
  const [lineages, copied] = await Promise.all([
    runningLineages(connection),
    copiedPartitions(connection, nowMs - INTERVALS_OLD * snapshotIntervalMs),
  ]).finally(() => connection.close());
  const lacking = lineages.flatMap((lineage) => {
    const count = copied.get(lineage) ?? 0;
    return count < partitions ? [`${lineage} (${count} of ${partitions} partitions)`] : [];
  });
  if (lacking.length > 0) throw new Error(`${expire}, and the state of lineage ${lacking.join(', ')} has no fresh copy in ClickHouse`);
  return `${expire}; the state has a copy in ClickHouse, and a rebuild reaches back no further than the events that are left`;
}

async function runningLineages(connection: ClickHouseConnection): Promise<readonly string[]> {
  const { entries } = await createClickHouseLineageJournal(connection).read();
  return journalState(entries).running.map(({ lineage }) => lineage);
}

async function copiedPartitions(connection: ClickHouseConnection, sinceMs: number): Promise<ReadonlyMap<string, number>> {
  try {
    const rows = await connection.select(
      'SELECT lineage, uniqExact(partition) FROM snapshots WHERE part = 0 AND saved_ms >= {sinceMs:Int64} GROUP BY lineage',
      { sinceMs },
    );
    return new Map(rows.map(([lineage, count]) => [String(lineage), Number(count)]));
  } catch (error) {
    if (error instanceof ClickHouseRefused && error.code === UNKNOWN_TABLE) return new Map();
    throw error;
  }
}
