// The events topic of a benchmark: created as the service creates it, and filled with a workload.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@tidemark/codec';
import type { EngineAddresses } from '@tidemark/local';
import { Kafka, logLevel, type Message, type Producer } from 'kafkajs';
import { readSet, setFile, type Tally, TallyKeeper, tallyOf, type WorkloadOptions, workloadEvents } from './workload.ts';

export const partitionCount = 12;
const root = join(import.meta.dirname, '../../..');
const chunkEvents = 20_000;
const batchBytes = 900_000;
const leaderTries = 20;
const leaderRetryMs = 500;

export interface FilledTopic {
  readonly topic: string;
  /** Offset after the last record, by partition. */
  readonly ends: readonly number[];
  readonly tally: Tally;
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

/** Fills an empty topic; one that holds the workload's records already is used as it is. */
export async function fillTopic(brokers: string, of: WorkloadOptions & { readonly namespace: string }): Promise<FilledTopic> {
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
    const tally = before === 0 ? await produce(producer, topic, of) : tallyOf(of);
    const filled = await ends();
    if (sum(filled) !== tally.events) throw new Error(`${topic} holds ${sum(filled)} records, the workload has ${tally.events}`);
    return { topic, ends: filled, tally };
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

/** Records go in the workload's order, in batches per partition as a busy producer makes them. */
async function produce(producer: Producer, topic: string, of: WorkloadOptions): Promise<Tally> {
  const keeper = new TallyKeeper(readSet(setFile));
  let pending: Message[] = [];
  const send = async (): Promise<void> => {
    const sent = pending;
    pending = [];
    for (const messages of rounds(sent)) await producer.send({ topic, messages });
  };
  for (const event of workloadEvents(of)) {
    keeper.add(event);
    const key = Buffer.from(event.key);
    pending.push({ key, value: Buffer.from(event.value), partition: partitionOf('murmur2', key, partitionCount) });
    if (pending.length === chunkEvents) await send();
  }
  await send();
  return keeper.tally;
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
