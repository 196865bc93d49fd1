// The contracts on a real Redis, and what only a real Redis can do: forget scripts, run out of memory, evict, hang, go away.

import { inspect } from 'node:util';
import { type CellRow, type CellSink, NO_VERSION, StoreFull, StoreUnavailable } from '@tidemark/pipeline';
import {
  connectRedis,
  createRedisCellInventory,
  createRedisCellReader,
  createRedisCellSink,
  createRedisCheckpointStore,
  createRedisLineageJournal,
  createRedisOperatorRequests,
  createRedisOutcomeTrail,
  forgetFigures,
  type RedisConnection,
} from '@tidemark/redis';
import {
  at,
  type CellStoreUnderTest,
  cellSinkContract,
  cellStoreDifferential,
  checkpointContract,
  headNote,
  inventoryContract,
  lineageJournalContract,
  operatorRequestsContract,
  outcomeTrailContract,
  sliceRow,
  totalRow,
  unknownOutcomesContract,
} from '@tidemark/testing/contracts';
import { type AcquiredEngines, acquireEngines, startLossyLine, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

let engines: AcquiredEngines;
const namespace = uniqueName('int');
beforeAll(async () => {
  engines = await acquireEngines(['redis']);
});
afterAll(async () => {
  await engines?.release();
});

const open = (): Promise<RedisConnection> => connectRedis({ url: engines.addresses.redisUrl, namespace });

const openStore = async (): Promise<CellStoreUnderTest> => {
  const connection = await open();
  return { sink: createRedisCellSink(connection), reader: createRedisCellReader(connection), close: () => connection.close() };
};
cellSinkContract('Redis', openStore);
cellStoreDifferential('Redis', openStore, { numRuns: 150, maxSteps: 20 });

inventoryContract('Redis', async () => {
  const connection = await open();
  return { sink: createRedisCellSink(connection), inventory: createRedisCellInventory(connection), close: () => connection.close() };
});

checkpointContract('Redis', async () => {
  const connection = await open();
  const store = createRedisCheckpointStore(connection, { segmentTtlSeconds: 1 });
  return { store, expire: () => new Promise((resolve) => setTimeout(resolve, 1_500)), close: () => connection.close() };
});

unknownOutcomesContract('Redis', ['sink', 'checkpoints'], async () => {
  const line = await startLossyLine(engines.addresses.redisUrl);
  const near = await open();
  const far = await connectRedis({ url: line.url, namespace, commandTimeoutMs: 1_000 });
  const portsOf = (connection: RedisConnection) => ({
    sink: createRedisCellSink(connection),
    checkpoints: createRedisCheckpointStore(connection, { segmentTtlSeconds: 60 }),
  });
  const close = async (): Promise<void> => {
    await Promise.all([near.close(), far.close()]);
    await line.close();
  };
  return { near: portsOf(near), far: portsOf(far), line, close };
});

lineageJournalContract('Redis', async () => {
  const connection = await open();
  await connection.call('DEL', `tidemark:${namespace}:journal`);
  const spoil = async (id: string): Promise<void> => void (await connection.call('HSET', `tidemark:${namespace}:journal`, id, 'rubbish'));
  const close = () => connection.close();
  return { journal: createRedisLineageJournal(connection), other: createRedisLineageJournal(connection), spoil, close };
});

operatorRequestsContract('Redis', async () => {
  const connection = await open();
  return { requests: createRedisOperatorRequests(connection), close: () => connection.close() };
});

outcomeTrailContract('Redis', async () => {
  const connection = await open();
  const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  return { trail: createRedisOutcomeTrail(connection), pass, close: () => connection.close() };
});

const note = headNote();
let ordinal = 0;

describe('Redis under stress', () => {
  let connection: RedisConnection;
  let sink: CellSink;
  beforeAll(async () => {
    connection = await open();
    sink = createRedisCellSink(connection);
  });
  afterAll(async () => {
    await connection?.close();
  });
  afterEach(async () => {
    await connection.call('CONFIG', 'SET', 'maxmemory', '0');
    await connection.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });
  const publish = (lineage: string, next: number, through: CellSink = sink): Promise<unknown> =>
    through.write({
      lineage,
      partition: 0,
      publishId: `p${next}`,
      index: 0,
      last: true,
      target: at(next),
      base: NO_VERSION,
      rows: [totalRow(1, at(next), [next])],
      note,
    });

  test('changes that code without notes has published are found by looking at every row, until notes have begun again behind them', async () => {
    const lineage = `notes${++ordinal}`;
    const prefix = `tidemark:${namespace}:{0}:${lineage}:`;
    const reader = createRedisCellReader(connection);
    const since = async (next: number) => {
      const ranges = [
        { metric: 'activity', table: 'total', from: 0, to: 9_000, sliced: false },
        { metric: 'activity', table: 'slice:country', from: 0, to: 9, sliced: true },
      ];
      const [answer] = await reader.read(lineage, [0], ranges, new Map([[0, at(next)]]));
      return (answer?.rows ?? []).map(({ table, bucket, value }) => `${table} ${bucket} ${value}`).sort();
    };
    const write = (next: number, rows: readonly CellRow[]) =>
      sink.write({ lineage, partition: 0, publishId: `n${next}`, index: 0, last: true, target: at(next), base: at(next - 1), rows, note });
    const writeWithoutNotes = async (next: number, bucket: number): Promise<void> => {
      await connection.call('HSET', `${prefix}rows:activity:total`, String(bucket), Buffer.from(`${at(next)}\u0004`));
      await connection.call('HSET', `${prefix}head`, 'closed', at(next), 'target', at(next));
    };
    await publish(lineage, 1);
    expect(await since(0)).toEqual(['total 1 ']);
    await writeWithoutNotes(2, 5);
    expect([await since(1), await since(2)]).toEqual([['total 5 '], []]);
    await write(3, [sliceRow(2, 'DE', at(3), [1])]);
    expect([await since(1), await since(2), await since(3)]).toEqual([['slice:country 2 DE', 'total 5 '], ['slice:country 2 DE'], []]);
    expect(String(await connection.call('HGET', `${prefix}changed`, 'activity:slice:country:2'))).toBe(at(3));
    // From here on a hash whose note is not above is not looked at: what nobody published does not come back.
    await connection.call('HSET', `${prefix}rows:activity:slice:country:2`, 'FR', Buffer.from(`${at(9)}\u0004`));
    await write(4, [totalRow(7, at(4), [1])]);
    expect(await since(3)).toEqual(['total 7 ']);
    await forgetFigures(connection, { lineage, partition: 0 });
    expect(await connection.call('EXISTS', `${prefix}changed`, `${prefix}head`)).toBe(0);
  });

  test('figures that are to be forgotten go with their head at one instant, and the next publish is told that the store is behind', async () => {
    const lineage = `forgotten${++ordinal}`;
    await publish(lineage, 1);
    expect(await forgetFigures(connection, { lineage, partition: 0 })).toBe(1);
    expect(await sink.head(lineage, 0)).toEqual({ closed: NO_VERSION, target: NO_VERSION, note: null });
    const next = { publishId: 'next', index: 0, last: true, target: at(2), base: at(1), rows: [], note };
    expect(await sink.write({ lineage, partition: 0, ...next })).toEqual({ outcome: 'behind', closed: NO_VERSION });
    expect(await publish(lineage, 2)).toEqual({ outcome: 'written' });
    expect(await sink.rowsBetween(lineage, 0, NO_VERSION, at(2))).toEqual([totalRow(1, at(2), [2])]);
    expect(await forgetFigures(connection, { lineage: 'never', partition: 0 })).toBe(0);
  });

  test('scripts that the server has forgotten are sent again', async () => {
    await connection.call('SCRIPT', 'FLUSH');
    expect(await publish('flushed', 1)).toEqual({ outcome: 'written' });
  });

  test('at maxmemory a publish is refused whole, as a refusal and not as an unknown outcome', async () => {
    const lineage = `full${++ordinal}`;
    await publish(lineage, 1);
    await connection.call('CONFIG', 'SET', 'maxmemory', '1');
    const failure = await publish(lineage, 2).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreFull);
    expect(await sink.head(lineage, 0)).toMatchObject({ closed: at(1), target: at(1) });
    expect(await sink.rowsBetween(lineage, 0, NO_VERSION, at(1))).toHaveLength(1);
  });

  test('a server that may evict keys is refused in one sentence', async () => {
    await connection.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(open()).rejects.toThrow(/may evict keys \(maxmemory-policy allkeys-lru\): set maxmemory-policy noeviction\.$/);
  });

  test('a wrong password is a refusal, and is not printed', async () => {
    const wrong = engines.addresses.redisUrl.replace('://', '://someone:secret@');
    const failure = await connectRedis({ url: wrong, namespace }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'RedisRefused', code: 'WRONGPASS' });
    expect(inspect(failure)).not.toContain('secret');
  });

  test('a key of the wrong type is a refusal', async () => {
    await connection.call('SET', `tidemark:${namespace}:{0}:wrong:head`, 'x');
    await expect(publish('wrong', 1)).rejects.toMatchObject({ name: 'RedisRefused', code: 'WRONGTYPE' });
  });

  test('a server that hangs is an unknown outcome after the command timeout, and the publish may be sent again afterwards', async () => {
    const impatient = await connectRedis({ url: engines.addresses.redisUrl, namespace, commandTimeoutMs: 300 });
    const through = createRedisCellSink(impatient);
    await engines.local.kill('redis', 'SIGSTOP');
    const failure = await publish('hanging', 1, through).catch((error: unknown) => error);
    await engines.local.kill('redis', 'SIGCONT');
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(await publish('hanging', 1, through)).toEqual({ outcome: 'written' });
    await impatient.close();
  });

  test('a server that is gone is StoreUnavailable at once, without the password; the connection comes back by itself', async () => {
    await publish('restarted', 1);
    await engines.local.kill('redis');
    await expect(publish('restarted', 2)).rejects.toBeInstanceOf(StoreUnavailable);
    const wrong = engines.addresses.redisUrl.replace('://', '://someone:secret@');
    const failure = await connectRedis({ url: wrong, namespace }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(inspect(failure)).not.toContain('secret');
    await engines.local.start('redis');
    const isBack = (): Promise<boolean> =>
      connection.ping().then(
        () => true,
        () => false,
      );
    await expect.poll(isBack, { timeout: 10_000 }).toBe(true);
    expect(await publish('restarted', 2)).toEqual({ outcome: 'written' });
  });
});
