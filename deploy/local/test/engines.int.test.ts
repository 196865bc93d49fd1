// The life of the engines: start, refuse a second start, crash and return, move ports, stop, and leave nothing behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, readFile, truncate } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleProblem, redisBundle } from '../src/artifacts.ts';
import { ensureBundles } from '../src/download.ts';
import { checkMachine, type EngineName, type LocalEngines, startLocalEngines } from '../src/index.ts';
import { isPortFree, portRoles, toPorts } from '../src/ports.ts';
import { identityOf } from '../src/processes.ts';
import { makeTemporaryFolder, removeFolder, sharedCacheFolder } from './test-folders.ts';

const topic = 'events';
let dataFolder: string;
let engines: LocalEngines;
let progress: string[];

beforeAll(async () => {
  dataFolder = await makeTemporaryFolder();
  engines = await start();
});

afterAll(async () => {
  await engines.stop();
  await removeFolder(dataFolder);
});

async function start(): Promise<LocalEngines> {
  progress = [];
  return startLocalEngines({ dataFolder, cacheFolder: sharedCacheFolder, onProgress: (line) => progress.push(line) });
}

function kafka(): Kafka {
  return new Kafka({ brokers: engines.addresses.kafkaBrokers.split(','), logLevel: logLevel.NOTHING });
}

async function writeEverywhere(value: string): Promise<void> {
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] }] });
  await admin.disconnect();
  const producer = kafka().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ partition: 0, key: 'k', value }] });
  await producer.disconnect();
  const redis = new Redis(engines.addresses.redisUrl);
  await redis.rpush('values', value);
  redis.disconnect();
  const clickhouse = createClient({ url: engines.addresses.clickhouseUrl });
  await clickhouse.command({ query: 'CREATE TABLE IF NOT EXISTS "values" (value String) ENGINE = MergeTree ORDER BY value' });
  await clickhouse.insert({ table: 'values', values: [{ value }], format: 'JSONEachRow' });
  await clickhouse.close();
}

/** How many values each engine holds. */
async function countEverywhere(): Promise<Record<EngineName, number>> {
  const admin = kafka().admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const redis = new Redis(engines.addresses.redisUrl);
  const inRedis = await redis.llen('values');
  redis.disconnect();
  const clickhouse = createClient({ url: engines.addresses.clickhouseUrl });
  const [row] = await (await clickhouse.query({ query: 'SELECT toUInt32(count()) AS n FROM "values"', format: 'JSONEachRow' })).json<{ n: number }>();
  await clickhouse.close();
  return { kafka: offsets.reduce((sum, { high }) => sum + Number(high), 0), redis: inRedis, clickhouse: row?.n ?? 0 };
}

/** The pids that are still alive, and the ports still in use, after at most the time given. */
async function leftovers(pids: readonly number[], withinMs: number): Promise<{ pids: number[]; ports: number[] }> {
  const ports = toPorts(JSON.parse(await readFile(join(dataFolder, 'run', 'ports.json'), 'utf8')));
  const deadline = performance.now() + withinMs;
  for (;;) {
    const left = { pids: pids.filter((pid) => identityOf(pid) !== undefined), ports: [] as number[] };
    for (const role of portRoles) if (!(await isPortFree(ports[role] ?? 0))) left.ports.push(ports[role] ?? 0);
    if ((left.pids.length === 0 && left.ports.length === 0) || performance.now() > deadline) return left;
    await sleep(50);
  }
}

test('all three take writes and give them back, and the check of the machine sees them', async () => {
  await writeEverywhere('first');
  expect(await countEverywhere()).toEqual({ kafka: 1, redis: 1, clickhouse: 1 });
  expect(Object.keys(engines.processIds)).toEqual(['kafka', 'redis', 'clickhouse']);
  const checks = await checkMachine({ dataFolder, cacheFolder: sharedCacheFolder });
  expect(checks.filter((check) => !check.ok)).toEqual([]);
  expect(checks.find((check) => check.name === 'kafka')?.detail).toContain('answers at 127.0.0.1:');
});

test('a second start on the same folder is refused, with the process that holds it', async () => {
  await expect(startLocalEngines({ dataFolder, cacheFolder: sharedCacheFolder })).rejects.toThrow(`started by process ${process.pid}`);
  expect(await countEverywhere()).toEqual({ kafka: 1, redis: 1, clickhouse: 1 });
});

test.each(['kafka', 'redis', 'clickhouse'] as const)('%s comes back after kill -9 on the same port with its data', async (name) => {
  const before = await countEverywhere();
  const addresses = { ...engines.addresses };
  await writeEverywhere(`before the kill of ${name}`);
  await engines.kill(name);
  expect(engines.processIds[name]).toBeUndefined();
  await engines.start(name);
  await engines.start(name);
  expect(engines.addresses).toEqual(addresses);
  expect(await countEverywhere()).toEqual({ kafka: before.kafka + 1, redis: before.redis + 1, clickhouse: before.clickhouse + 1 });
});

test('an engine can be frozen and goes on where it was', async () => {
  await engines.kill('redis', 'SIGSTOP');
  const redis = new Redis(engines.addresses.redisUrl, { commandTimeout: 200, maxRetriesPerRequest: 0, enableReadyCheck: false });
  redis.on('error', () => undefined);
  await expect(redis.llen('values')).rejects.toThrow('timed out');
  redis.disconnect();
  await engines.kill('redis', 'SIGCONT');
  expect((await countEverywhere()).redis).toBe(4);
});

test('an engine that ends by itself is reported', async () => {
  process.kill(engines.processIds.redis ?? 0, 'SIGKILL');
  await expect.poll(() => progress.find((line) => line.startsWith('redis ended unexpectedly (SIGKILL)')), { timeout: 5_000 }).toBeDefined();
  await engines.start('redis');
  expect((await countEverywhere()).redis).toBe(4);
});

test('stop leaves no process and no port, and another start finds the data on the same ports', async () => {
  const pids = Object.values(engines.processIds);
  const addresses = { ...engines.addresses };
  await Promise.all([engines.stop(), engines.stop()]);
  expect(await leftovers(pids, 0)).toEqual({ pids: [], ports: [] });
  expect(progress.filter((line) => line.includes('was killed'))).toEqual([]);
  engines = await start();
  expect(engines.addresses).toEqual(addresses);
  expect(await countEverywhere()).toEqual({ kafka: 4, redis: 4, clickhouse: 4 });
  expect(progress.filter((line) => line.includes('stale'))).toEqual([]);
});

test('ports that somebody else took meanwhile are replaced, the controller included, and the data stays', async () => {
  await engines.stop();
  const ports = toPorts(JSON.parse(await readFile(join(dataFolder, 'run', 'ports.json'), 'utf8')));
  const squatters = await Promise.all(portRoles.map((role) => listen(ports[role] ?? 0)));
  engines = await start();
  expect(progress.filter((line) => line.includes('is taken, using'))).toHaveLength(4);
  expect(await countEverywhere()).toEqual({ kafka: 4, redis: 4, clickhouse: 4 });
  await Promise.all(squatters.map((server) => new Promise((resolve) => server.close(resolve))));
});

test('when the parent is killed -9 nothing is left within 5 s, and the next start repairs what it left', async () => {
  await engines.stop();
  const { parent, pids } = await startParent();
  expect(pids.length).toBeGreaterThanOrEqual(4);
  parent.kill('SIGKILL');
  expect(await leftovers(pids, 5_000)).toEqual({ pids: [], ports: [] });
  engines = await start();
  expect(progress).toContain('a stale lock of a start that died was removed');
  expect(await countEverywhere()).toEqual({ kafka: 4, redis: 4, clickhouse: 4 });
});

test('when parent and keeper are both killed -9, the next start ends what is left running', async () => {
  await engines.stop();
  const { parent, pids, keeper } = await startParent();
  // The parent first would give the keeper time to act; stopped, it cannot.
  process.kill(keeper, 'SIGSTOP');
  parent.kill('SIGKILL');
  process.kill(keeper, 'SIGKILL');
  expect((await leftovers(pids, 300)).pids.length).toBe(3);
  engines = await start();
  expect(progress.filter((line) => line.includes('was left running by a start that died'))).toHaveLength(3);
  expect(await countEverywhere()).toEqual({ kafka: 4, redis: 4, clickhouse: 4 });
});

test('Ctrl-C on the foreground program ends all with exit code 0 and empty hands', async () => {
  await engines.stop();
  const { parent, pids } = await startParent();
  const exit = new Promise((resolve) => parent.once('exit', resolve));
  parent.kill('SIGINT');
  expect(await exit).toBe(0);
  expect(await leftovers(pids, 0)).toEqual({ pids: [], ports: [] });
  engines = await start();
});

test('a start that is cut short leaves nothing', async () => {
  await engines.stop();
  const abort = new AbortController();
  const starting = startLocalEngines({ dataFolder, cacheFolder: sharedCacheFolder, signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 700);
  await expect(starting).rejects.toThrow('enough');
  expect(await leftovers([], 0)).toEqual({ pids: [], ports: [] });
  engines = await start();
  expect(progress.filter((line) => line.includes('stale'))).toEqual([]);
});

test('a given address switches its engine off', async () => {
  const other = await makeTemporaryFolder();
  const given = { kafkaBrokers: engines.addresses.kafkaBrokers, clickhouseUrl: engines.addresses.clickhouseUrl };
  const redisOnly = await startLocalEngines({ dataFolder: other, cacheFolder: sharedCacheFolder, given });
  expect(redisOnly.addresses).toMatchObject(given);
  expect(redisOnly.addresses.redisUrl).not.toBe(engines.addresses.redisUrl);
  expect(Object.keys(redisOnly.processIds)).toEqual(['redis']);
  await redisOnly.stop();
  await removeFolder(other);
});

test('a damaged file in the cache is noticed and fetched again', async () => {
  const cacheFolder = await makeTemporaryFolder();
  const bundle = redisBundle();
  await cp(join(sharedCacheFolder, 'm2'), join(cacheFolder, 'm2'), { recursive: true });
  await cp(join(sharedCacheFolder, bundle.folder), join(cacheFolder, bundle.folder), { recursive: true });
  expect(await bundleProblem(cacheFolder, bundle, 'hashes')).toBeUndefined();
  await truncate(join(cacheFolder, bundle.folder, 'redis-server'), 1_000);
  const lines: string[] = [];
  await ensureBundles({ cacheFolder, logFolder: cacheFolder, bundles: [bundle], onProgress: (line) => lines.push(line) });
  expect(lines[0]).toBe('redis-6.2.11 in the cache is damaged (redis-server has the wrong size), fetching it again');
  expect(await bundleProblem(cacheFolder, bundle, 'hashes')).toBeUndefined();
  await removeFolder(cacheFolder);
});

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** main.ts in a process of its own, ready, with the pids of the engines and of the keeper. */
async function startParent(): Promise<{ parent: ChildProcess; pids: number[]; keeper: number }> {
  const main = join(import.meta.dirname, '../src/main.ts');
  const parent = spawn(process.execPath, [main, '--data', dataFolder, '--cache', sharedCacheFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    let text = '';
    parent.stdout?.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (text.includes('TIDEMARK_CLICKHOUSE_URL=')) resolve();
    });
    parent.once('exit', (code) => reject(new Error(`the parent ended with ${code}`)));
  });
  const pids: number[] = [];
  for (const name of ['kafka', 'redis', 'clickhouse']) {
    const record: unknown = JSON.parse(await readFile(join(dataFolder, 'run', `${name}.json`), 'utf8'));
    pids.push(Number(Reflect.get(Object(record), 'pid')));
  }
  const keeper = await childrenOf(parent.pid ?? 0).then((children) => children.find((pid) => !pids.includes(pid)));
  if (keeper === undefined) throw new Error('no keeper found');
  return { parent, pids: [...pids, keeper], keeper };
}

async function childrenOf(pid: number): Promise<number[]> {
  const listing = spawn('ps', ['-A', '-o', 'pid=,ppid='], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of listing.stdout) text += String(chunk);
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return rows.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}
