// One measured run of each contender of `bench -- peers`, with the figures or rows that it came to.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { type RunContext, runContender } from '../worker-throughput/contenders.ts';
import { type MeasuredProcess, startMeasured, startPinned } from '../worker-throughput/measured-process.ts';
import type { Usage } from '../worker-throughput/probe.ts';
import { migrate, serviceEnvironment } from '../worker-throughput/topic.ts';
import { archivedUpTo, archiveFingerprint, askClickHouse, createDatabase, dropDatabase } from './clickhouse-answers.ts';
import { type Figures, readFigures } from './figures.ts';
import { servedFigures } from './served-figures.ts';

export const peers = ['parse', 'worker', 'worker-same', 'streams', 'consumer', 'naive', 'naive-pipelined', 'archiver', 'inserter'] as const;
export type PeerName = (typeof peers)[number];

/** What one run used between joining the group and having caught up, and what it came to. */
export interface PeerRun {
  readonly peer: PeerName;
  readonly events: number;
  readonly cpuS: number;
  readonly wallS: number;
  readonly gcS: number;
  readonly peakRssMib: number;
  /** Null of those that compute none. */
  readonly figures: Figures | null;
  /** Of the rows in the archive's table: how many, and a sum of their hashes. */
  readonly rows: string | null;
  /** Of a Java peer: its machine's and its own, as it prints them. */
  readonly settings?: string;
}

export interface PeerContext extends RunContext {
  /** Files that the worker reads its metrics from: the dealer's set, and the part of it that the peers compute. */
  readonly setFile: string;
  readonly sameSetFile: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** What runs a class of the Java peers, and by how many events it is warmed. */
  readonly java: readonly string[];
  readonly warmEvents: number;
}

const pollMs = 50;
const root = join(import.meta.dirname, '../../..');

export function runPeer(peer: PeerName, context: PeerContext): Promise<PeerRun> {
  switch (peer) {
    case 'parse':
      return runParse(context);
    case 'worker':
    case 'worker-same':
      return runWorker(peer, context);
    case 'streams':
    case 'consumer':
      return runJava(peer, context);
    case 'naive':
    case 'naive-pipelined':
      return runNaive(peer, context);
    case 'archiver':
      return runArchiver(context);
    case 'inserter':
      return runInserter(context);
  }
}

async function runParse(context: PeerContext): Promise<PeerRun> {
  const { cpuS, wallS, gcS, rssMib, events } = await runContender('parse', context);
  return { peer: 'parse', events, cpuS, wallS, gcS, peakRssMib: rssMib, figures: null, rows: null };
}

async function runWorker(peer: 'worker' | 'worker-same', context: PeerContext): Promise<PeerRun> {
  const metricsFile = peer === 'worker' ? context.setFile : context.sameSetFile;
  let figures: Figures | null = null;
  const whileServed = async (database: string): Promise<void> => {
    figures = await servedFigures({ ...context, metricsFile, database });
  };
  const { cpuS, wallS, gcS, rssMib, events } = await runContender('worker', { ...context, metricsFile, whileServed });
  return { peer, events, cpuS, wallS, gcS, peakRssMib: rssMib, figures, rows: null };
}

async function runJava(peer: 'streams' | 'consumer', context: PeerContext): Promise<PeerRun> {
  const { addresses, filled, java, warmEvents } = context;
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-peer-'));
  const env = { ...readerEnvironment(context), BENCH_WARM_EVENTS: String(Math.min(warmEvents, filled.tally.events)), BENCH_FOLDER: folder };
  const child = startPinned([...java, `tidemark.peers.${peer === 'streams' ? 'StreamsPeer' : 'ConsumerPeer'}`], env);
  try {
    const line = await child.line('caught up');
    const used: { records: number; cpuNs: number; wallNs: number; collectionMs: number; peakRssKib: number } = JSON.parse(
      line.slice(line.indexOf('{')),
    );
    checkRead(peer, used.records, filled.tally.events);
    await child.line('figures are written');
    return {
      peer,
      events: filled.tally.events,
      cpuS: used.cpuNs / 1e9,
      wallS: used.wallNs / 1e9,
      gcS: used.collectionMs / 1000,
      peakRssMib: used.peakRssKib / 1024,
      figures: readFigures(join(folder, 'figures.json')),
      rows: null,
      settings: `${java.filter((part) => part.startsWith('-X')).join(' ')}; ${(await child.line('settings: ')).slice('settings: '.length)}`,
    };
  } finally {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
    if (peer === 'streams') await deleteTopics(addresses.kafkaBrokers, groupOf(context));
  }
}

/** The changelogs. */
async function deleteTopics(brokers: string, prefix: string): Promise<void> {
  const admin = new Kafka({ clientId: 'bench', brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

const naiveTable = `CREATE TABLE naive_events (time DateTime64(3, 'UTC'), actor String, event LowCardinality(String), message_id String,
  channel LowCardinality(String), segment LowCardinality(String), device LowCardinality(String), purchases LowCardinality(String), amount Float64)
  ENGINE = MergeTree ORDER BY (event, time)`;

async function runNaive(peer: 'naive' | 'naive-pipelined', context: PeerContext): Promise<PeerRun> {
  const { addresses, filled } = context;
  const database = `bench_${context.run}`;
  const prefix = `bench-naive:${context.run}`;
  const redis = new Redis(addresses.redisUrl);
  await createDatabase(addresses.clickhouseUrl, database);
  await askClickHouse(addresses.clickhouseUrl, naiveTable, database);
  const env = {
    ...readerEnvironment(context),
    BENCH_REDIS: addresses.redisUrl,
    BENCH_PREFIX: prefix,
    BENCH_DATABASE: database,
    BENCH_PIPELINED: peer === 'naive' ? '0' : '1',
  };
  try {
    const run = await runReader(peer, 'naive-service.ts', env, context);
    const { events, late, duplicate } = filled.tally;
    const rows = await askClickHouse(addresses.clickhouseUrl, 'SELECT count() FROM naive_events FORMAT TSV', database);
    if (Number(rows) !== events - late - duplicate) throw new Error(`the table holds ${rows.trim()} rows of ${events - late - duplicate} events`);
    return { ...run, figures: naiveFigures(await redis.hgetall(`${prefix}:cells`)) };
  } finally {
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 5_000 }))
      if (Array.isArray(keys) && keys.length > 0) await redis.unlink(...keys.map(String));
    redis.disconnect();
    await dropDatabase(addresses.clickhouseUrl, database);
  }
}

/** The script counts days from 1970 on. */
function naiveFigures(cells: Readonly<Record<string, string>>): Figures {
  const named = Object.entries(cells).map(([field, count]): [string, number] => {
    const [metric, slice, day, column] = field.split('|');
    return [`${metric}|${slice}|${new Date(Number(day) * 86_400_000).toISOString().slice(0, 10)}|${column}`, Number(count)];
  });
  return new Map(named);
}

async function runArchiver(context: PeerContext): Promise<PeerRun> {
  const { addresses, namespace, filled } = context;
  const database = `bench_${context.run}`;
  await migrate(addresses, namespace, database);
  const env = serviceEnvironment(addresses, { TIDEMARK_NAMESPACE: namespace, TIDEMARK_CLICKHOUSE_DATABASE: database, TIDEMARK_HTTP_PORT: '0' });
  const measured = startMeasured(join(root, 'services/archiver/src/main.ts'), { env, profileFolder: context.profileFolder });
  const isArchived = async (): Promise<boolean> => {
    const ends = await archivedUpTo(addresses.clickhouseUrl, database);
    return filled.ends.every((end, partition) => (ends.get(partition) ?? 0) === end);
  };
  try {
    const run = await measuredRun('archiver', measured, context, async () => {
      while (!(await isArchived())) await sleep(pollMs);
    });
    return { ...run, rows: await archiveFingerprint(addresses.clickhouseUrl, database) };
  } finally {
    await measured.stop();
    await dropDatabase(addresses.clickhouseUrl, database);
  }
}

async function runInserter(context: PeerContext): Promise<PeerRun> {
  const { addresses, namespace } = context;
  const database = `bench_${context.run}`;
  await migrate(addresses, namespace, database);
  try {
    const run = await runReader('inserter', 'row-inserter.ts', { ...readerEnvironment(context), BENCH_DATABASE: database }, context);
    return { ...run, rows: await archiveFingerprint(addresses.clickhouseUrl, database) };
  } finally {
    await dropDatabase(addresses.clickhouseUrl, database);
  }
}

/** A program of this folder that says itself when it has caught up. */
async function runReader(peer: PeerName, program: string, env: NodeJS.ProcessEnv, context: PeerContext): Promise<PeerRun> {
  const measured = startMeasured(join(import.meta.dirname, program), { env, profileFolder: context.profileFolder });
  try {
    return await measuredRun(peer, measured, context, async () => {
      const line = await measured.line('caught up');
      checkRead(peer, Number(/(\d+) records/.exec(line)?.[1]), context.filled.tally.events);
    });
  } finally {
    await measured.stop();
  }
}

async function measuredRun(peer: PeerName, measured: MeasuredProcess, context: PeerContext, caughtUp: () => Promise<void>): Promise<PeerRun> {
  await measured.line('joined the group');
  const [before, startMs]: [Usage, number] = [await measured.usage(), performance.now()];
  await measured.whileRunning(caughtUp());
  const after = await measured.usage();
  return {
    peer,
    events: context.filled.tally.events,
    cpuS: (after.cpuUs - before.cpuUs) / 1e6,
    wallS: (performance.now() - startMs) / 1000,
    gcS: (after.gcMs - before.gcMs) / 1000,
    peakRssMib: after.peakRssBytes / 2 ** 20,
    figures: null,
    rows: null,
  };
}

function readerEnvironment(context: PeerContext): NodeJS.ProcessEnv {
  const { addresses, filled } = context;
  return {
    ...serviceEnvironment(addresses, {}),
    BENCH_BROKERS: addresses.kafkaBrokers,
    BENCH_CLICKHOUSE: addresses.clickhouseUrl,
    BENCH_TOPIC: filled.topic,
    BENCH_GROUP: groupOf(context),
    BENCH_EVENTS: String(filled.tally.events),
  };
}

function groupOf(context: PeerContext): string {
  return `bench-peers-${context.run}`;
}

function checkRead(peer: PeerName, read: number, events: number): void {
  if (read !== events) throw new Error(`${peer} read ${read} records and not ${events}`);
}
