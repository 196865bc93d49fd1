/** What a deployment's stores take of what was published, checkpointed and archived, once ClickHouse has merged it. */

import { type ClickHouseConnection, createClickHouseArchive } from '@tidemark/clickhouse';
import { describeEvent, partitionOf } from '@tidemark/codec';
import type { MetricSet } from '@tidemark/core';
import type { ArchivedRecord } from '@tidemark/pipeline';
import { MemoryCellStore } from '@tidemark/testing';
import { Redis } from 'ioredis';
import { type FedEvent, SteppedWorker } from '../in-process/stepped-worker.ts';

/** Of the rollups in ClickHouse, heads included. */
export async function rollupsOf(clickhouse: ClickHouseConnection): Promise<{ rows: number; diskBytes: number }> {
  await clickhouse.run('OPTIMIZE TABLE rollup_cells FINAL');
  const [[rows] = []] = await clickhouse.select('SELECT count() FROM rollup_cells');
  return { rows: Number(rows), diskBytes: await diskBytes(clickhouse, ['rollup_cells']) };
}

/** Rows of the rollups that a day of traffic adds, all partitions together. */
export async function rowsOfADay(
  set: MetricSet,
  events: Iterable<FedEvent>,
  of: { readonly days: number; readonly partitions: number },
): Promise<number> {
  const stores = { redis: new MemoryCellStore('redis'), clickhouse: new MemoryCellStore('clickhouse') };
  const all = [...events];
  const sinks = { redis: stores.redis.sink, clickhouse: stores.clickhouse.sink };
  const worker = await SteppedWorker.start({ set, partitions: of.partitions, sinks, startMs: all[0]?.timeMs ?? 0 });
  worker.feed(all);
  await worker.publish();
  let rows = 0;
  for (let partition = 0; partition < of.partitions; partition++) rows += [...stores.redis.rowsOf(worker.lineage, partition)].length;
  await worker.close();
  return rows / of.days;
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

/** Bytes of Redis's memory, by its own account: of the rows of the rollups, and of packed state. */
export async function redisSizes(redisUrl: string, namespace: string): Promise<{ rows: number; segments: number }> {
  const client = new Redis(redisUrl);
  try {
    const bytes = { rows: 0, segments: 0 };
    for await (const keys of client.scanStream({ match: `tidemark:${namespace}:*`, count: 5_000 })) {
      for (const key of Array.isArray(keys) ? keys.map(String) : []) {
        // tidemark, namespace, partition, lineage, and what it is.
        const what = key.split(':')[4];
        if (what !== 'rows' && what !== 'segment') continue;
        bytes[what === 'rows' ? 'rows' : 'segments'] += Number(await client.memory('USAGE', key, 'SAMPLES', 0));
      }
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
