// The log contract on a real broker, and what only a real broker can do: compress, abort, forget, re-create, die.
import type { LogBatch, LogHandler } from '@tidemark/pipeline';
import { logContract } from '@tidemark/testing/contracts';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka, createEventLog, createLogWriter, ensureEventsTopic, type KafkaConnection } from '../src/index.ts';
import { abortTransaction } from './aborted.ts';

let engines: AcquiredEngines;
let namespaces = 0;
const open: KafkaConnection[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  engines = await acquireEngines(['kafka']);
});
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
  warnings.length = 0;
});
afterAll(async () => {
  await engines?.release();
});

async function connect(namespace = `${uniqueName('int')}_${++namespaces}`): Promise<KafkaConnection> {
  const quiet = (_: object, message: string): void => void warnings.push(message);
  const connection = await connectKafka({
    brokers: engines.addresses.kafkaBrokers.split(','),
    clientId: 'kafka-int-test',
    namespace,
    logger: { info: () => {}, warn: quiet, error: quiet },
  });
  open.push(connection);
  return connection;
}

logContract('Kafka', async () => {
  const connection = await connect();
  await ensureEventsTopic(connection, { partitions: 3 });
  const writer = createLogWriter(connection, { partitioner: 'murmur2' });
  return {
    partitionCount: 3,
    writer,
    member: () => createEventLog(connection, { groupId: `${connection.namespace}.contract`, sessionTimeoutMs: 6_000 }),
    leaveGap: (partition) => abortTransaction(connection, partition),
    close: () => writer.close(),
  };
});

interface Reading {
  readonly values: string[];
  /** `requested: first..last` of each batch. */
  readonly batches: string[];
  /** `nextOffset` of each, empty ones included. */
  readonly ends: number[];
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

function read(connection: KafkaConnection, from = 0, onBatch: (batch: LogBatch) => void = () => {}): Reading {
  const values: string[] = [];
  const batches: string[] = [];
  const ends: number[] = [];
  let next = from;
  const log = createEventLog(connection, { groupId: `${connection.namespace}.${++namespaces}`, sessionTimeoutMs: 6_000 });
  const handler: LogHandler = {
    assigned: async () => next,
    revoked: () => {},
    batch: (batch) => {
      ends.push(batch.nextOffset);
      if (batch.length === 0) return;
      batches.push(`${batch.requestedOffset}: ${batch.offset(0)}..${batch.offset(batch.length - 1)}`);
      for (let index = 0; index < batch.length; index += 1) values.push(batch.value(index)?.toString() ?? '');
      next = batch.offset(batch.length - 1) + 1;
      onBatch(batch);
    },
  };
  const ended = log.run(handler);
  return { values, batches, ends, ended, stop: () => log.stop().then(() => ended) };
}

async function until(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}; warnings: ${warnings.slice(-5).join(' | ')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function filled(count: number, partitions = 1): Promise<KafkaConnection> {
  const connection = await connect();
  await ensureEventsTopic(connection, { partitions });
  const writer = createLogWriter(connection, { partitioner: 'murmur2' });
  const pad = 'x'.repeat(300);
  for (let sent = 0; sent < count; sent += 5_000) {
    await writer.append(
      Array.from({ length: Math.min(5_000, count - sent) }, (_, index) => ({
        key: `user-${index % 997}`,
        value: `${sent + index} ${count > 1_000 ? pad : ''}`,
      })),
    );
  }
  await writer.close();
  return connection;
}

describe('the log on a real broker', () => {
  it('carries 50,000 records through', async () => {
    const connection = await filled(50_000);
    const reading = read(connection);
    await until('50,000 records came', () => reading.values.length >= 50_000);
    await reading.stop();
    expect(new Set(reading.values.map((value) => Number.parseInt(value, 10))).size).toBe(50_000);
  });

  it('refuses a topic with other partitions, a compacted one and one with producers’ time, each in a sentence', async () => {
    const connection = await connect();
    await ensureEventsTopic(connection, { partitions: 2 });
    await expect(ensureEventsTopic(connection, { partitions: 3 })).rejects.toThrow('has 2 partitions where 3 are configured');
    for (const [name, value] of [
      ['cleanup.policy', 'compact'],
      ['message.timestamp.type', 'CreateTime'],
    ] as const) {
      const other = await connect();
      await other.admin.createTopics({ topics: [{ topic: other.topic, numPartitions: 2, configEntries: [{ name, value }] }] });
      await expect(ensureEventsTopic(other, { partitions: 2 })).rejects.toThrow(`${name}=${value}`);
    }
  });

  it('says that a topic does not exist, and creates none by asking', async () => {
    const connection = await connect();
    const log = createEventLog(connection, { groupId: 'nobody' });
    await expect(log.identity()).rejects.toThrow('does not exist');
    expect(await connection.admin.listTopics()).not.toContain(connection.topic);
  });

  it('gives a re-created topic another id', async () => {
    const connection = await filled(10);
    const before = await createEventLog(connection, { groupId: 'id' }).identity();
    await connection.admin.deleteTopics({ topics: [connection.topic] });
    const after = await ensureEventsTopic(connection, { partitions: 1 });
    expect(after.topicId).not.toBe(before.topicId);
    expect(after.clusterId).toBe(before.clusterId);
    expect([before.topicId, after.topicId].every((id) => /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id))).toBe(true);
  });

  it('shows by the requested offset that retention took the position away', async () => {
    const connection = await filled(100);
    await connection.admin.deleteTopicRecords({ topic: connection.topic, partitions: [{ partition: 0, offset: '40' }] });
    const reading = read(connection, 10);
    await until('the rest came', () => reading.values.length >= 60);
    await reading.stop();
    expect(reading.batches[0]).toMatch(/^40: 40\.\./);
    expect((await createEventLog(connection, { groupId: 'b' }).bounds()).get(0)).toEqual({ low: 40, high: 100 });
  });

  it('shows by the requested offset that the position lies beyond the log', async () => {
    const connection = await filled(20);
    const reading = read(connection, 5_000);
    await until('the log came from its beginning', () => reading.values.length >= 20);
    await reading.stop();
    expect(reading.batches[0]).toMatch(/^0: 0\.\./);
  });

  it('skips aborted transactions and markers without a jump', async () => {
    const connection = await filled(5);
    const producer = connection.kafka.producer({ transactionalId: connection.namespace, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const [value, commit] of [
      ['aborted', false],
      ['committed', true],
      ['aborted too', false],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: connection.topic, messages: [{ key: 'k', value }] });
      await (commit ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    const reading = read(connection);
    await until('the committed record came', () => reading.values.includes('committed'));
    const { high } = (await createEventLog(connection, { groupId: 'b' }).bounds()).get(0) ?? { high: 0 };
    await until('the end was told, which is an abort marker', () => reading.ends.at(-1) === high);
    const writer = createLogWriter(connection, { partitioner: 'murmur2' });
    await writer.append([{ key: 'k', value: 'last' }]);
    await until('the last record came', () => reading.values.includes('last'));
    await writer.close();
    await reading.stop();
    expect(reading.values.filter((value) => value.startsWith('aborted'))).toEqual([]);
    expect(reading.values.slice(-2)).toEqual(['committed', 'last']);
    let next = 0;
    for (const batch of reading.batches) {
      const [requested, , last] = batch.split(/: |\.\./).map(Number);
      expect(requested).toBe(next);
      next = (last ?? 0) + 1;
    }
  });

  it.each(['gzip', 'zstd'] as const)('writes and reads %s', async (compression) => {
    const connection = await connect();
    await ensureEventsTopic(connection, { partitions: 1 });
    const writer = createLogWriter(connection, { partitioner: 'murmur2', compression });
    await writer.append(Array.from({ length: 100 }, (_, index) => ({ key: 'k', value: `${compression} ${index}` })));
    await writer.close();
    const reading = read(connection);
    await until('100 records came', () => reading.values.length >= 100);
    await reading.stop();
    expect(reading.values[99]).toBe(`${compression} 99`);
  });

  it.each(['gzip', 'zstd', 'lz4', 'snappy'])('reads what the broker itself compressed by %s', async (codec) => {
    const connection = await connect();
    await ensureEventsTopic(connection, { partitions: 1 });
    await connection.admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: connection.topic, configEntries: [{ name: 'compression.type', value: codec }] }],
    });
    const writer = createLogWriter(connection, { partitioner: 'murmur2' });
    // Larger than one block of lz4 or snappy, in parts repetitive and in parts not.
    const written = Array.from({ length: 1_000 }, (_, index) => `${index} ${codec.repeat(20)} ${Math.imul(index, 0x9e3779b1)}`);
    await writer.append(written.map((value) => ({ key: 'k', value })));
    await writer.appendTick(0);
    await writer.append([{ key: 'k', value: 'the last' }]);
    await writer.close();
    const reading = read(connection);
    await until('all records came', () => reading.values.length >= 1_002);
    await reading.stop();
    expect(reading.values).toEqual([...written, '', 'the last']);
  });

  it('rejects run when the handler throws', async () => {
    const reading = read(await filled(10), 0, () => {
      throw new Error('the handler is broken');
    });
    await expect(reading.ended).rejects.toThrow('the handler is broken');
  });

  it('goes on after the broker was killed and started again', async (context) => {
    if (engines.local.processIds.kafka === undefined) context.skip('the broker belongs to the environment and cannot be killed');
    const connection = await filled(50);
    const reading = read(connection);
    await until('50 records came', () => reading.values.length >= 50);
    await engines.local.kill('kafka');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await engines.local.start('kafka');
    const writer = createLogWriter(connection, { partitioner: 'murmur2' });
    await retried(() => writer.append([{ key: 'k', value: 'after' }]));
    await until('the record after the restart came', () => reading.values.includes('after'), 60_000);
    const { high } = (await createEventLog(connection, { groupId: 'b' }).bounds()).get(0) ?? { high: 0 };
    expect(high).toBeGreaterThanOrEqual(51);
    expect(reading.values.filter((value) => value !== 'after')).toHaveLength(50);
    await writer.close();
    await reading.stop();
  });
});

/** A writer’s caller decides about sending again; the broker needs a moment after its start. */
async function retried(request: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
