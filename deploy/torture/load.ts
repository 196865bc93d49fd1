/** A producer at a steady rate that keeps its own record of what was acknowledged; what came without an answer it sends again or lets be. */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@tidemark/codec';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import type { TextRecord } from '../e2e/test/cabinet-log.ts';
import type { Random } from '../e2e/test/seeded.ts';
import type { Ledger } from './ledger.ts';

export interface LoadOptions {
  readonly brokers: string;
  readonly topic: string;
  readonly partitions: number;
  readonly ledger: Ledger;
  readonly random: Random;
}

interface Sent {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly partition: number;
}

const BEAT_MS = 100;
/** What could not be sent is made up for, at so many times the rate, unless it is more than so many seconds' worth. */
const CATCH_UP = 3;
const LONGEST_DEBT_S = 30;
const MAX_SEND = 4_000;
const RETRY_MS = 500;
/** Of the sends without an answer, the share that is sent again. */
const AGAIN_SHARE = 0.6;

export class Load {
  readonly #options: LoadOptions;
  readonly #kafka: Kafka;
  #producer: Producer | null = null;
  #running: Promise<void> | null = null;
  #wanted = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#kafka = new Kafka({
      clientId: 'torture-producer',
      brokers: options.brokers.split(','),
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2_000,
      requestTimeout: 8_000,
    });
  }

  /** Sends all at once, in portions. */
  async sendAll(records: Iterable<TextRecord>): Promise<void> {
    const portion: TextRecord[] = [];
    for (const record of records) {
      portion.push(record);
      if (portion.length === MAX_SEND) await this.#deliver(portion.splice(0));
    }
    await this.#deliver(portion);
  }

  /** Sends at so many a second until `stop`, or until there are no more. */
  start(records: Iterator<TextRecord>, ratePerSecond: number): void {
    this.#wanted = true;
    this.#running = this.#run(records, ratePerSecond);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#running;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#disconnect();
  }

  async #run(records: Iterator<TextRecord>, ratePerSecond: number): Promise<void> {
    let lastMs = performance.now();
    let debt = 0;
    while (this.#wanted) {
      const beganMs = performance.now();
      debt = Math.min(debt + ((beganMs - lastMs) * ratePerSecond) / 1_000, LONGEST_DEBT_S * ratePerSecond);
      lastMs = beganMs;
      const count = Math.floor(Math.min(debt, Math.max(1, CATCH_UP * ratePerSecond * (BEAT_MS / 1_000)), MAX_SEND));
      const portion = take(records, count);
      debt -= count;
      await this.#deliver(portion);
      if (portion.length < count) return;
      await sleep(Math.max(5, BEAT_MS - (performance.now() - beganMs)));
    }
  }

  async #deliver(records: readonly TextRecord[]): Promise<void> {
    const { partitions, ledger, random } = this.#options;
    const batch = records.map(({ key, value }): Sent => {
      const bytes = Buffer.from(key);
      return { key: bytes, value: Buffer.from(value), partition: partitionOf('murmur2', bytes, partitions) };
    });
    while (batch.length > 0 && !(await this.#send(batch))) {
      ledger.unknown(batch);
      await sleep(RETRY_MS);
      if (random() >= AGAIN_SHARE || !this.#wanted) return;
    }
  }

  /** True when all of it was acknowledged. */
  async #send(batch: readonly Sent[]): Promise<boolean> {
    const { topic, ledger } = this.#options;
    try {
      const producer = await this.#connected();
      const answers = await producer.send({ topic, acks: -1, messages: batch.map((sent) => ({ ...sent })) });
      for (const { partition, baseOffset } of answers) {
        if (baseOffset === undefined) throw new Error('acknowledged without an offset');
        const own = batch.filter((sent) => sent.partition === partition);
        ledger.acknowledge(partition, Number(baseOffset), own);
      }
      return true;
    } catch {
      await this.#disconnect();
      return false;
    }
  }

  async #connected(): Promise<Producer> {
    if (this.#producer !== null) return this.#producer;
    const producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      // Whether to send again is decided here, where it is written down.
      retry: { retries: 0, initialRetryTime: 100 },
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
    try {
      await producer.connect();
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
    this.#producer = producer;
    return producer;
  }

  async #disconnect(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.disconnect().catch(() => undefined);
  }
}

function take(records: Iterator<TextRecord>, count: number): TextRecord[] {
  const taken: TextRecord[] = [];
  while (taken.length < count) {
    const { value, done } = records.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}
