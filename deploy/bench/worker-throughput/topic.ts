// The events topic of a benchmark: created as the service creates it, and filled with a seeded history of the car dealer's cabinet.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@tidemark/codec';
import type { EngineAddresses } from '@tidemark/local';
import { cabinetHistory } from '@tidemark/testing';
import { Kafka, logLevel, type Message, type Producer } from 'kafkajs';

export const partitionCount = 12;
const root = join(import.meta.dirname, '../../..');
const chunkEvents = 20_000;
const batchBytes = 900_000;
const leaderTries = 20;
const leaderRetryMs = 500;
/** A fixed past, so that the same seed gives the same bytes and no event lies in the future. */
const historyEndMs = Date.UTC(2025, 5, 30);

export interface FilledTopic {
  readonly topic: string;
  /** Offset after the last record, by partition. */
  readonly ends: readonly number[];
  readonly events: number;
  /** Mean size of a value; null when the topic was there already. */
  readonly meanBytes: number | null;
}

/** Creates topic and ClickHouse tables by the service's own migration. */
export async function migrate(addresses: EngineAddresses, namespace: string, database: string): Promise<void> {
  const env = serviceEnvironment(addresses, { TIDEMARK_NAMESPACE: namespace, TIDEMARK_CLICKHOUSE_DATABASE: database, TIDEMARK_LOG_LEVEL: 'warn' });
  const child = spawn(process.execPath, [join(root, 'services/archiver/src/migrate.ts')], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`the migration ended with code ${String(code)}`);
}

/** The environment of a service process on these engines. */
export function serviceEnvironment(addresses: EngineAddresses, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return {
    PATH,
    HOME,
    TIDEMARK_KAFKA_BROKERS: addresses.kafkaBrokers,
    TIDEMARK_REDIS_URL: addresses.redisUrl,
    TIDEMARK_CLICKHOUSE_URL: addresses.clickhouseUrl,
    TIDEMARK_PARTITIONS: String(partitionCount),
    ...more,
  };
}

/** Fills an empty topic with about `events` records; one that holds records already is used as it is. */
export async function fillTopic(
  brokers: string,
  of: { namespace: string; seed: number; people: number; days: number; events: number },
): Promise<FilledTopic> {
  const kafka = new Kafka({ clientId: 'bench', brokers: brokers.split(','), logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const topic = `${of.namespace}.events`;
  const ends = async (): Promise<number[]> => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
  };
  await admin.connect();
  await producer.connect();
  try {
    const before = sum(await onceThereAreLeaders(ends));
    const bytes = before === 0 ? await produceHistory(producer, topic, of) : null;
    const filled = await ends();
    const events = sum(filled);
    return { topic, ends: filled, events, meanBytes: bytes === null ? null : bytes / events };
  } finally {
    await Promise.all([producer.disconnect(), admin.disconnect()]);
  }
}

/** A broker needs a moment after the creation of a topic before it answers for each partition. */
async function onceThereAreLeaders<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === leaderTries) throw error;
      await sleep(leaderRetryMs);
    }
  }
}

/** Answers the bytes of all values. Records go in history's order, in batches per partition as a busy producer makes them. */
async function produceHistory(
  producer: Producer,
  topic: string,
  of: { seed: number; people: number; days: number; events: number },
): Promise<number> {
  let bytes = 0;
  let pending: Message[] = [];
  const send = async (): Promise<void> => {
    const sent = pending;
    pending = [];
    for (const messages of rounds(sent)) await producer.send({ topic, messages });
  };
  for (const event of cabinetHistory({ ...of, endMs: historyEndMs })) {
    const key = Buffer.from(event.key);
    const value = Buffer.from(event.value);
    bytes += value.length;
    pending.push({ key, value, partition: partitionOf('murmur2', key, partitionCount) });
    if (pending.length === chunkEvents) await send();
  }
  await send();
  return bytes;
}

/** Cuts messages so that no partition's batch of a request is above the broker's limit. */
function rounds(messages: readonly Message[]): Message[][] {
  const all: Message[][] = [];
  const filled = new Map<number, number>();
  for (const message of messages) {
    const partition = message.partition ?? 0;
    const bytes = (filled.get(partition) ?? 0) + (message.value?.length ?? 0) + 100;
    filled.set(partition, bytes);
    const round = Math.floor(bytes / batchBytes);
    while (all.length <= round) all.push([]);
    all[round]?.push(message);
  }
  return all.filter((each) => each.length > 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
