/** A small deployment on real engines: a topic, a worker and an archiver in this process, and the command line with its environment. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClickHouseConnection,
  connectClickHouse,
  createClickHouseArchive,
  createClickHouseCellInventory,
  createClickHouseCellReader,
  createClickHouseCellSink,
  createClickHouseIntake,
  createClickHousePartitionArchive,
  migrate,
} from '@tidemark/clickhouse';
import { createDescriber } from '@tidemark/codec';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { connectKafka, createEventLog, createLogWriter, ensureEventsTopic, type KafkaConnection } from '@tidemark/kafka';
import {
  type CellInventory,
  type CellReader,
  type CellRow,
  continuedIdentity,
  continueLog,
  createArchiveWriter,
  createLongLog,
  type EventLog,
  type LogEpoch,
  type LogIdentity,
  type PartitionStatus,
  splitVersion,
  Worker,
  type WorkerEvent,
} from '@tidemark/pipeline';
import {
  connectRedis,
  createRedisCellInventory,
  createRedisCellReader,
  createRedisCellSink,
  createRedisCheckpointStore,
  createRedisOperatorRequests,
  type RedisConnection,
} from '@tidemark/redis';
import { systemClock } from '@tidemark/runtime';
import { type AcquiredEngines, uniqueName } from '@tidemark/testing/engines';
import { runCommandLine } from '../../src/command-line.ts';
import { readMetricSets } from '../../src/definition-files.ts';
import { readEpochs } from '../../src/operate/deployment-log.ts';
import { captureOutput } from '../captured-output.ts';

const SET = `name: shop
dimensions: { channel: { property: channel } }
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, slice: [channel] }
  - { id: people, kind: activity, event: Ordered, slice: [channel] }
`;
const DAY_MS = 86_400_000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const beats = {
  publishIntervalMs: 50,
  tablePublishIntervalMs: 200,
  checkpointIntervalMs: 300,
  confirmIntervalMs: { redis: 500, clickhouse: 1_000 },
  catchUp: { lag: 1e9, agedLag: 1e9, ageMs: 5_000, intervalMs: { redis: 5_000, clickhouse: 5_000, checkpoint: 5_000 } },
};

export interface Services {
  readonly worker: Worker;
  readonly events: readonly WorkerEvent[];
  stop(): Promise<void>;
}

export class Deployed {
  readonly namespace: string;
  readonly partitions: number;
  readonly env: Record<string, string>;
  readonly #engines: AcquiredEngines;
  readonly #file: string;
  #ids = 0;
  /** As the services read it when they start. */
  #epochs: readonly LogEpoch[] = [];
  #identity: LogIdentity | null = null;
  #connections: { readonly kafka: KafkaConnection; readonly redis: RedisConnection; readonly clickhouse: ClickHouseConnection } | null = null;

  constructor(engines: AcquiredEngines, options: { readonly namespace: string; readonly partitions: number; readonly folder: string }) {
    const { namespace, partitions, folder } = options;
    this.namespace = namespace;
    this.partitions = partitions;
    this.#engines = engines;
    this.#file = join(folder, 'shop.yaml');
    writeFileSync(this.#file, SET);
    const { kafkaBrokers, redisUrl, clickhouseUrl } = engines.addresses;
    this.env = {
      TIDEMARK_KAFKA_BROKERS: kafkaBrokers,
      TIDEMARK_REDIS_URL: redisUrl,
      TIDEMARK_CLICKHOUSE_URL: clickhouseUrl,
      TIDEMARK_CLICKHOUSE_DATABASE: namespace,
      TIDEMARK_NAMESPACE: namespace,
      TIDEMARK_PARTITIONS: String(partitions),
      TIDEMARK_METRICS: this.#file,
      TIDEMARK_DATA: folder,
    };
  }

  async open(): Promise<void> {
    const { kafkaBrokers, redisUrl, clickhouseUrl } = this.#engines.addresses;
    const { namespace } = this;
    this.#connections = {
      kafka: await connectKafka({ brokers: kafkaBrokers.split(','), clientId: 'test', namespace, logger: silent }),
      redis: await connectRedis({ url: redisUrl, namespace }),
      clickhouse: await connectClickHouse({ url: clickhouseUrl, database: namespace }),
    };
    await this.migrate();
    this.#identity = await ensureEventsTopic(this.kafka, { partitions: this.partitions });
  }

  get kafka(): KafkaConnection {
    return this.#opened().kafka;
  }

  get redis(): RedisConnection {
    return this.#opened().redis;
  }

  get clickhouse(): ClickHouseConnection {
    return this.#opened().clickhouse;
  }

  get lineage(): string {
    return this.#worker([]).lineages[0] ?? '';
  }

  async migrate(): Promise<void> {
    await migrate(this.clickhouse, { folder: resolve(import.meta.dirname, '../../../../schemas/clickhouse') });
  }

  /** Orders of thirty people over so many days up to now, in time order: most of their days are closed at the end. */
  async order(from: number, count: number, days: number): Promise<void> {
    const places = Array.from({ length: count }, (_, index) => ({ id: from + index, daysAgo: ((count - index) * days) / count }));
    await this.send(places);
  }

  async send(orders: readonly { readonly id: number; readonly daysAgo: number }[]): Promise<void> {
    const writer = createLogWriter(this.kafka, { partitioner: 'murmur2' });
    const nowMs = Date.now();
    const records = orders.map(({ id, daysAgo }) => {
      const [userId, channel] = [`u${(id * 7) % 30}`, id % 3 === 0 ? 'ads' : 'web'];
      const timestamp = new Date(nowMs - daysAgo * DAY_MS).toISOString();
      return {
        key: userId,
        value: JSON.stringify({ type: 'track', event: 'Ordered', userId, messageId: `m${id}`, timestamp, properties: { channel } }),
      };
    });
    await writer.append(records);
    await writer.close();
  }

  /** As somebody would who deletes the topic and creates it anew: by its name it is the same. */
  async recreate(): Promise<void> {
    const { admin, topic } = this.kafka;
    const before = this.#identity?.topicId;
    await admin.deleteTopics({ topics: [topic] });
    await eventually('the topic is another one', async () => {
      const identity = await ensureEventsTopic(this.kafka, { partitions: this.partitions }).catch(() => null);
      if (identity === null || identity.topicId === before) return false;
      this.#identity = identity;
      return true;
    });
  }

  /** What the services read of the journal when they start. */
  async readJournal(): Promise<void> {
    this.#epochs = await readEpochs({ clickhouse: this.clickhouse, redis: this.redis });
  }

  start(): Services {
    const { namespace } = this;
    const events: WorkerEvent[] = [];
    const worker = this.#worker(events);
    const archiving = this.#continued(createEventLog(this.kafka, { groupId: `${namespace}.archiver` }));
    const archive = createClickHouseIntake(this.clickhouse, createDescriber());
    const archiver = createArchiveWriter({
      archive,
      log: archiving,
      epoch: 1,
      clock: systemClock,
      chunkRecords: 30,
      flushIntervalMs: 200,
    });
    const running = [worker.run(), archiver.run(), archiving.run(archiver.handler)];
    return {
      worker,
      events,
      stop: async () => {
        await Promise.all([worker.stop(), archiver.stop().then(() => archiving.stop())]);
        await Promise.all(running);
      },
    };
  }

  /** Until every record is folded, published to both stores, saved and archived. */
  async caughtUp({ worker }: Services): Promise<void> {
    const log = this.#continued(createEventLog(this.kafka, { groupId: 'bounds' }));
    const { chainEnd } = createClickHouseArchive(this.clickhouse);
    await eventually(`${this.namespace} is caught up`, async () => {
      const bounds = await log.bounds();
      const isPublished = (position: string | null, high: number): boolean => position !== null && splitVersion(position).next === high;
      const isWhole = ({ partition, redis, clickhouse }: PartitionStatus): boolean => {
        const high = bounds.get(partition)?.high ?? -1;
        return isPublished(redis, high) && isPublished(clickhouse, high);
      };
      const status = worker.status();
      if (status.length < this.partitions || !status.every(isWhole)) return false;
      const store = createRedisCheckpointStore(this.redis, { segmentTtlSeconds: 60 });
      for (const [partition, { high }] of bounds) {
        if (high === 0) continue;
        if ((await store.manifest(this.lineage, partition))?.next !== high || (await chainEnd(1, partition))?.to !== high) return false;
      }
      return true;
    });
  }

  /** Every row that both stores hold, as text, in one order. Zeros at the end are left out, which only Redis keeps. */
  async figures(): Promise<{ redis: string[]; clickhouse: string[] }> {
    const textOf = async (reader: CellReader, inventory: CellInventory): Promise<string[]> => {
      const rows: string[] = [];
      for (let partition = 0; partition < this.partitions; partition++) {
        const tables = await inventory.tables(this.lineage, partition);
        const ranges = tables.map(({ metric, table, buckets }) => {
          return { metric, table, from: Math.min(...buckets), to: Math.max(...buckets), sliced: table.includes(':') };
        });
        const [found] = await reader.read(this.lineage, [partition], ranges);
        rows.push(...(found?.rows ?? []).map((row) => rowText(partition, row)));
      }
      return rows.sort();
    };
    return {
      redis: await textOf(createRedisCellReader(this.redis), createRedisCellInventory(this.redis)),
      clickhouse: await textOf(createClickHouseCellReader(this.clickhouse), createClickHouseCellInventory(this.clickhouse)),
    };
  }

  /** The rows of Redis, summed over all partitions: what every answer is made of. */
  async sums(): Promise<Record<string, number[]>> {
    const sums: Record<string, number[]> = {};
    for (const text of (await this.figures()).redis) {
      const [, metric, table, bucket, value, , cells]: [number, string, string, number, string, string, number[]] = JSON.parse(text);
      const key = JSON.stringify([metric, table, bucket, value]);
      const sum = sums[key] ?? [];
      sums[key] = sum;
      for (const [index, cell] of cells.entries()) sum[index] = (sum[index] ?? 0) + cell;
    }
    return Object.fromEntries(Object.entries(sums).filter(([, cells]) => cells.some((cell) => cell !== 0)));
  }

  async run(...args: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
    const output = captureOutput(this.env);
    const code = await runCommandLine(args, output);
    return { code, out: output.out(), err: output.err() };
  }

  /** As if both stores had burnt down. */
  async destroy(): Promise<void> {
    await this.clickhouse.createDatabase();
    await this.clickhouse.run(`DROP DATABASE IF EXISTS ${this.namespace}`);
    const names = await this.redis.call('KEYS', `tidemark:${this.namespace}:*`);
    if (Array.isArray(names) && names.length > 0) await this.redis.call('DEL', ...names.map(String));
  }

  async close(): Promise<void> {
    if (this.#connections === null) return;
    await this.destroy();
    const { kafka, redis, clickhouse } = this.#connections;
    await Promise.all([kafka.close(), redis.close(), clickhouse.close()]);
  }

  #worker(events: WorkerEvent[]): Worker {
    const { kafka, redis, clickhouse } = this.#opened();
    if (this.#identity === null) throw new Error('open it first');
    return new Worker({
      sets: readMetricSets([this.#file]),
      settings: DEFAULT_SETTINGS,
      partitioner: 'murmur2',
      identity: continuedIdentity(this.#identity, this.#epochs),
      log: createLongLog({
        log: this.#continued(createEventLog(kafka, { groupId: `${this.namespace}.worker`, keepsBytes: false })),
        archive: createClickHousePartitionArchive(clickhouse),
        epoch: 1,
        clock: systemClock,
      }),
      writer: createLogWriter(kafka, { partitioner: 'murmur2' }),
      stores: {
        redis: createRedisCellSink(redis),
        clickhouse: createClickHouseCellSink(clickhouse),
        checkpoints: createRedisCheckpointStore(redis, { segmentTtlSeconds: 60 }),
      },
      beats,
      clock: systemClock,
      randomId: () => uniqueName(`id${++this.#ids}`),
      incarnation: 'test',
      maxDirtyCells: 1e9,
      requests: createRedisOperatorRequests(redis),
      report: (event) => events.push(event),
    });
  }

  #continued(log: EventLog): EventLog {
    if (this.#identity === null) throw new Error('open it first');
    return continueLog(log, { identity: this.#identity, epochs: this.#epochs });
  }

  #opened() {
    if (this.#connections === null) throw new Error('open it first');
    return this.#connections;
  }
}

function rowText(partition: number, { metric, table, bucket, value, version, cells }: CellRow): string {
  const kept = Array.from(cells);
  while (kept.at(-1) === 0) kept.pop();
  return JSON.stringify([partition, metric, table, bucket, value, version, kept]);
}

/** Waits for a condition, for two minutes at most. */
export async function eventually(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 120_000;
  while (!(await isTrue())) {
    if (performance.now() > untilMs) throw new Error(`not within two minutes: ${what}`);
    await sleep(100);
  }
}
