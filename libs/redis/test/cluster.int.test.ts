// The contracts on a real Redis Cluster of three nodes, found by the address of one; slots that move, a node that goes away.
import { NO_VERSION, StoreUnavailable } from '@tidemark/pipeline';
import {
  connectRedis,
  createRedisCellReader,
  createRedisCellSink,
  createRedisCheckpointStore,
  createRedisLineageJournal,
  type RedisConnection,
} from '@tidemark/redis';
import { at, cellSinkContract, checkpointContract, headNote, lineageJournalContract, totalRow } from '@tidemark/testing/contracts';
import { uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type StartedCluster, startCluster } from './started-cluster.ts';

const namespace = uniqueName('cluster');
const PARTITIONS = Array.from({ length: 12 }, (_, partition) => partition);
let cluster: StartedCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster?.stop();
});

const open = (): Promise<RedisConnection> => connectRedis({ url: cluster.url, namespace, commandTimeoutMs: 2_000 });

cellSinkContract('Redis Cluster', async () => {
  const connection = await open();
  return { sink: createRedisCellSink(connection), reader: createRedisCellReader(connection), close: () => connection.close() };
});

checkpointContract('Redis Cluster', async () => {
  const connection = await open();
  const store = createRedisCheckpointStore(connection, { segmentTtlSeconds: 1 });
  return { store, expire: () => new Promise((resolve) => setTimeout(resolve, 1_500)), close: () => connection.close() };
});

lineageJournalContract('Redis Cluster', async () => {
  const connection = await open();
  await connection.call('DEL', `tidemark:${namespace}:journal`);
  const spoil = async (id: string): Promise<void> => void (await connection.call('HSET', `tidemark:${namespace}:journal`, id, 'rubbish'));
  return { journal: createRedisLineageJournal(connection), other: createRedisLineageJournal(connection), spoil, close: () => connection.close() };
});

/** One row in every partition, at position `next`. */
async function publishEverywhere(connection: RedisConnection, lineage: string, next: number): Promise<void> {
  const sink = createRedisCellSink(connection);
  const part = { lineage, index: 0, last: true, target: at(next), base: next === 1 ? NO_VERSION : at(next - 1), note: headNote() };
  const written = PARTITIONS.map((partition) => sink.write({ ...part, partition, publishId: `p${next}`, rows: [totalRow(7, at(next), [next])] }));
  await Promise.all(written);
}

const readEverywhere = async (connection: RedisConnection, lineage: string): Promise<readonly (number | undefined)[]> => {
  const range = { metric: 'activity', table: 'total', from: 7, to: 7, sliced: false };
  const read = await createRedisCellReader(connection).read(lineage, PARTITIONS, [range]);
  return read.map(({ rows }) => rows[0]?.cells[0]);
};

test('twelve partitions lie on three nodes, and one question reads them all', async () => {
  const connection = await open();
  await publishEverywhere(connection, 'spread', 1);
  expect(await readEverywhere(connection, 'spread')).toEqual(PARTITIONS.map(() => 1));
  const sizes = await Promise.all([0, 1, 2].map((node) => cluster.direct(node).keys(`tidemark:${namespace}:*:spread:head`)));
  expect(sizes.map((keys) => keys.length)).toEqual([4, 5, 3]);
  await connection.close();
});

test('a slot that another node has taken over is found without a failure', async () => {
  const connection = await open();
  await publishEverywhere(connection, 'before', 1);
  const [from, to] = [cluster.direct(0), cluster.direct(2)];
  const slotOf = (partition: number): Promise<number> => from.cluster('KEYSLOT', `{${partition}}`);
  const slots = await Promise.all(PARTITIONS.map(slotOf));
  const partition = slots.findIndex((slot) => slot < 5_461);
  const slot = slots[partition] ?? 0;
  const [fromId, toId] = await Promise.all([from.cluster('MYID'), to.cluster('MYID')]);
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  const keys = await from.cluster('GETKEYSINSLOT', slot, 1_000);
  await from.call('MIGRATE', '127.0.0.1', String(to.options.port), '', '0', '5000', 'KEYS', ...keys);
  for (const node of [to, from]) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
  await publishEverywhere(connection, 'before', 2);
  expect(await readEverywhere(connection, 'before')).toEqual(PARTITIONS.map(() => 2));
  await connection.close();
});

test('while a node is away its partitions alone are unavailable, and come back with it', async () => {
  const connection = await open();
  await publishEverywhere(connection, 'away', 1);
  await cluster.servers[1]?.kill('redis');
  const reader = createRedisCellReader(connection);
  const tried = async (): Promise<readonly boolean[]> => {
    const heads = await Promise.allSettled(PARTITIONS.map((partition) => reader.heads('away', [partition])));
    for (const head of heads) if (head.status === 'rejected') expect(head.reason).toBeInstanceOf(StoreUnavailable);
    return heads.map(({ status }) => status === 'fulfilled');
  };
  await vi.waitFor(async () => expect((await tried()).filter(Boolean)).toHaveLength(7), { timeout: 20_000, interval: 200 });
  await expect(connection.ping()).rejects.toThrow(StoreUnavailable);
  await cluster.servers[1]?.start('redis');
  await vi.waitFor(async () => expect((await tried()).every(Boolean)).toBe(true), { timeout: 30_000, interval: 200 });
  await publishEverywhere(connection, 'away', 2);
  expect(await readEverywhere(connection, 'away')).toEqual(PARTITIONS.map(() => 2));
  await connection.close();
});

test('a URL that names another database is refused: a cluster has none', async () => {
  await expect(connectRedis({ url: `${cluster.url}/3`, namespace })).rejects.toThrow(/is a cluster, which has database 0 alone: leave \/3 out/);
});

test('a user needs two rights more than on a single server', async () => {
  const rights = ['on', '>secret', 'resetchannels', `~tidemark:${namespace}:*`, '+ping', '+info', '+hmget', '+cluster|slots', '+cluster|info'];
  for (const node of [0, 1, 2]) await cluster.direct(node).acl('SETUSER', 'least', ...rights);
  const connection = await connectRedis({ url: cluster.url, user: 'least', password: 'secret', namespace });
  const heads = await createRedisCellReader(connection).heads('nobody', PARTITIONS);
  expect(heads.map(({ note }) => note)).toEqual(PARTITIONS.map(() => null));
  await connection.close();
});
