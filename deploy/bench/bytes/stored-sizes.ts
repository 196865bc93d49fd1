/** What a deployment's stores take of what was published, checkpointed and archived, once ClickHouse has merged it. */

import { type ClickHouseConnection, createClickHouseArchive } from '@tidemark/clickhouse';
import { describeEvent, partitionOf } from '@tidemark/codec';
import type { ArchivedRecord } from '@tidemark/pipeline';
import { Redis } from 'ioredis';
import type { FedEvent } from '../in-process/stepped-worker.ts';

/** Of the rollups in ClickHouse, heads included. */
export async function rollupsOf(clickhouse: ClickHouseConnection): Promise<{ rows: number; diskBytes: number }> {
  await clickhouse.run('OPTIMIZE TABLE rollup_cells FINAL');
  const [[rows] = []] = await clickhouse.select('SELECT count() FROM rollup_cells');
  return { rows: Number(rows), diskBytes: await diskBytes(clickhouse, ['rollup_cells']) };
}

/** Archives events as the archiver does, each partition's together, and answers how many bytes on disk each takes in both orders of the archive. */
export async function archivedBytes(clickhouse: ClickHouseConnection, events: readonly FedEvent[], partitions: number): Promise<number> {
  const archive = createClickHouseArchive(clickhouse);
  const byPartition = Map.groupBy(events, ({ key }) => partitionOf('murmur2', Buffer.from(key), partitions));
  for (const [partition, own] of byPartition) await archive.insert(own.map((event, offset) => recordOf(event, partition, offset)));
  const tables = ['events', 'events_by_actor'];
  for (const table of tables) await clickhouse.run(`OPTIMIZE TABLE ${table} FINAL`);
  return (await diskBytes(clickhouse, tables)) / events.length;
}

/** Of all segments that manifests name, or that wait to be forgotten. */
export async function segmentBytes(redisUrl: string, namespace: string): Promise<number> {
  const client = new Redis(redisUrl);
  try {
    let bytes = 0;
    for await (const keys of client.scanStream({ match: `tidemark:${namespace}:*`, count: 5_000 })) {
      // tidemark, namespace, partition, lineage, `segment`: a slice may be called so too.
      const segments = (Array.isArray(keys) ? keys.map(String) : []).filter((key) => key.split(':')[4] === 'segment');
      for (const key of segments) bytes += await client.strlen(key);
    }
    return bytes;
  } finally {
    client.disconnect();
  }
}

function recordOf({ key, value, timeMs }: FedEvent, partition: number, offset: number): ArchivedRecord {
  const [keyBytes, valueBytes] = [Buffer.from(key), Buffer.from(value)];
  const described = describeEvent(keyBytes, valueBytes);
  if (!described.accepted) throw new Error(`a generated event is refused: ${described.reason}`);
  return { epoch: 0, partition, offset, timestampMs: timeMs, key: keyBytes, value: valueBytes, control: false, parsed: described, reason: '' };
}

async function diskBytes(clickhouse: ClickHouseConnection, tables: readonly string[]): Promise<number> {
  const sql = 'SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = {database:String} AND table IN {tables:Array(String)}';
  const [[bytes] = []] = await clickhouse.select(sql, { database: clickhouse.database, tables: [...tables] });
  return Number(bytes);
}
