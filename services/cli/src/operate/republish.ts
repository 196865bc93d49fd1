/** `republish`: all rows of a lineage's partition are written again, to a store that lost some of them or was changed by hand. */
import { type ClickHouseConnection, createClickHouseCellReader } from '@tidemark/clickhouse';
import { type CellReader, type Head, type Manifest, NO_VERSION, splitVersion } from '@tidemark/pipeline';
import { createRedisCellReader, createRedisCheckpointStore, createRedisOperatorRequests, forgetFigures, type RedisConnection } from '@tidemark/redis';
import { type ExitCode, exitCodes, printable, systemClock } from '@tidemark/runtime';
import type { Output } from '../terminal-output.ts';
import { askOwner } from './ask-owner.ts';
import { type Deployment, openClickHouse, openRedis } from './deployment.ts';
import { chosenLineage, knownLineages } from './lineages.ts';

export type Store = 'redis' | 'clickhouse';

export interface RepublishOptions {
  /** A lineage, its beginning, or the name of a set. */
  readonly lineage: string;
  /** Null: all. */
  readonly partition: number | null;
  /** The one that was damaged: the other gives what is in no state any more, so it must be right. */
  readonly store: Store;
  readonly dryRun: boolean;
}

export interface PartitionStores {
  readonly redis: Head;
  readonly clickhouse: Head;
  readonly manifest: Manifest | null;
}

const OWNER_PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 500;

/** Exit 0 when all was written again, 1 when something was refused, 4 when no worker holds a partition. */
export async function republish(deployment: Deployment, options: RepublishOptions, output: Output): Promise<ExitCode> {
  const [redis, clickhouse] = [await openRedis(deployment), await openClickHouse(deployment)];
  try {
    const { lineage } = chosenLineage(await knownLineages(deployment, clickhouse), options.lineage);
    const partitions = options.partition === null ? Array.from({ length: deployment.partitions }, (_, partition) => partition) : [options.partition];
    let worst: ExitCode = exitCodes.ok;
    for (const partition of partitions) {
      const code = await republishOne({ ...options, lineage, partition, redis, clickhouse }, output);
      if (code !== exitCodes.ok) worst = code;
    }
    return worst;
  } finally {
    await Promise.all([redis.close(), clickhouse.close()]);
  }
}

interface One {
  readonly lineage: string;
  readonly partition: number;
  readonly store: Store;
  readonly redis: RedisConnection;
  readonly clickhouse: ClickHouseConnection;
  readonly dryRun: boolean;
}

async function republishOne(one: One, { data, message, style }: Output): Promise<ExitCode> {
  const { lineage, partition, store, redis, dryRun } = one;
  const where = `partition ${partition} of ${lineage}, ${store}`;
  const stores = await storesOf(one);
  const reason = refusalOf(store, stores);
  if (reason !== null) {
    message(style.red(`${where}: refused: ${reason}`));
    return exitCodes.failed;
  }
  const position = splitVersion(stores[store].closed).next;
  if (stores[store].closed === NO_VERSION && stores[store === 'redis' ? 'clickhouse' : 'redis'].closed === NO_VERSION) {
    data(`${where}: nothing was ever published, nothing to do`);
    return exitCodes.ok;
  }
  if (dryRun) {
    data(`${where}: ${planOf(store, stores)}`);
    return exitCodes.ok;
  }
  if (store === 'clickhouse') {
    const answer = await askOwner(createRedisOperatorRequests(redis), { act: 'republish', lineage, partition });
    if (answer !== null) data(`${where}: ${printable(answer.detail)}`);
    else message(style.red(`${where}: no worker answered; nothing was changed. Is one running that holds the partition?`));
    if (answer === null) return exitCodes.unreachable;
    return answer.outcome === 'done' ? exitCodes.ok : exitCodes.failed;
  }
  const tables = await forgetFigures(redis, { lineage, partition });
  if (await closesAgain(createRedisCellReader(redis), one, position)) {
    data(`${where}: ${tables} tables were forgotten, and are whole again up to position ${position}`);
    return exitCodes.ok;
  }
  message(style.red(`${where}: forgotten, and no worker has written it again yet; it is written as soon as one holds the partition`));
  return exitCodes.unreachable;
}

async function storesOf({ lineage, partition, redis, clickhouse }: One): Promise<PartitionStores> {
  const [[inRedis], [inTable], manifest] = await Promise.all([
    createRedisCellReader(redis).heads(lineage, [partition]),
    createClickHouseCellReader(clickhouse).heads(lineage, [partition]),
    createRedisCheckpointStore(redis, { segmentTtlSeconds: 1 }).manifest(lineage, partition),
  ]);
  const nothing: Head = { closed: NO_VERSION, target: NO_VERSION, note: null };
  return { redis: inRedis ?? nothing, clickhouse: inTable ?? nothing, manifest };
}

/** What only the other store still has must be there, or it would be lost. Null: nothing stands against it. */
export function refusalOf(store: Store, stores: PartitionStores): string | null {
  const other = store === 'redis' ? 'clickhouse' : 'redis';
  const { closed, target, note } = stores[other];
  const halted = stores[store].note?.halted ?? note?.halted;
  if (halted !== undefined) return `the partition is halted: ${halted}`;
  const dropped = stores.manifest?.dropped ?? NO_VERSION;
  if (dropped === NO_VERSION) return null;
  const upTo = splitVersion(dropped).next;
  if (closed < dropped)
    return `closed rows up to position ${upTo} are in no state any more, and ${other} holds them up to ${splitVersion(closed).next} only`;
  if (closed < target && store === 'redis')
    return `closed rows are in no state any more, and a publish to ${other} has not ended: try again in a moment`;
  return null;
}

/** What would be done, exactly. */
export function planOf(store: Store, { manifest, ...stores }: PartitionStores): string {
  const position = splitVersion(stores[store].closed).next;
  const dropped = splitVersion(manifest?.dropped ?? NO_VERSION).next;
  const rest = dropped === 0 ? '' : `, and from ${store === 'redis' ? 'clickhouse' : 'redis'} what closed up to position ${dropped}`;
  if (store === 'clickhouse')
    return `would ask its worker to insert all rows of the state again${rest}; nothing is deleted, the head stays at ${position}`;
  return `would forget head and rows (position ${position}) at one instant; its worker writes all rows of the state${rest}; until then answers come from clickhouse`;
}

async function closesAgain(reader: CellReader, { lineage, partition }: One, position: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < OWNER_PATIENCE_MS; waitedMs += LOOK_EVERY_MS) {
    await systemClock.sleep(LOOK_EVERY_MS);
    const [head] = await reader.heads(lineage, [partition]);
    if (head?.note != null && head.closed >= head.target && splitVersion(head.closed).next >= position) return true;
  }
  return false;
}
