/** A producer that sends at a steady rate and remembers when the broker had acknowledged what. */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@tidemark/codec';
import type { SampleEvent } from '@tidemark/testing';
import { Kafka, logLevel, type Message, type Producer } from 'kafkajs';
import { partitionCount } from '../worker-throughput/topic.ts';

/** Records of one partition that were acknowledged together. */
export interface Acknowledged {
  readonly partition: number;
  /** Offset after the last of them. */
  readonly end: number;
  readonly count: number;
  /** Monotonic. */
  readonly atMs: number;
}

const beatMs = 10;
/** Of one request, as a busy producer fills it. */
const fillEvents = 10_000;
/** Requests under way: one more waits. */
const maxInFlight = 8;

export class SteadyLoad {
  /** Offset after the last acknowledged record, by partition. */
  readonly ends: number[] = Array.from({ length: partitionCount }, () => 0);
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #events: Iterator<SampleEvent>;
  readonly #listeners = new Set<(acknowledged: Acknowledged) => void>();
  #failure: { readonly error: unknown } | null = null;

  private constructor(producer: Producer, topic: string, events: Iterator<SampleEvent>) {
    this.#producer = producer;
    this.#topic = topic;
    this.#events = events;
  }

  /** `events`: sent in their order, each once. */
  static async connect(options: { brokers: string; topic: string; events: Iterable<SampleEvent> }): Promise<SteadyLoad> {
    const kafka = new Kafka({ clientId: 'bench-load', brokers: options.brokers.split(','), logLevel: logLevel.ERROR });
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    return new SteadyLoad(producer, options.topic, options.events[Symbol.iterator]());
  }

  /** Answers what ends it. */
  onAcknowledged(listener: (acknowledged: Acknowledged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As fast as the broker takes them. */
  async fill(count: number): Promise<void> {
    for (let left = count; left > 0; left -= fillEvents) await this.#send(this.#take(Math.min(left, fillEvents)));
  }

  /** So many a second, for so long or until it is told to stop; what the broker was too slow for is made up for as soon as it can. Answers how many were sent a second. */
  async keep(perSecond: number, options: { readonly forMs: number; readonly signal?: AbortSignal }): Promise<number> {
    const beganMs = performance.now();
    const inFlight = new Set<Promise<void>>();
    let sent = 0;
    for (;;) {
      const elapsedMs = performance.now() - beganMs;
      if (elapsedMs >= options.forMs || options.signal?.aborted === true || this.#failure !== null) break;
      if (inFlight.size >= maxInFlight) {
        await Promise.race(inFlight);
        continue;
      }
      const due = Math.min(fillEvents, Math.floor((elapsedMs / 1_000) * perSecond) - sent);
      if (due > 0) {
        sent += due;
        const sending: Promise<void> = this.#send(this.#take(due))
          .catch((error: unknown) => {
            this.#failure ??= { error };
          })
          .finally(() => inFlight.delete(sending));
        inFlight.add(sending);
      }
      await sleep(beatMs);
    }
    await Promise.all(inFlight);
    if (this.#failure !== null) throw this.#failure.error;
    return sent / ((performance.now() - beganMs) / 1_000);
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }

  #take(count: number): Message[] {
    const messages: Message[] = [];
    while (messages.length < count) {
      const { value, done } = this.#events.next();
      if (done === true) throw new Error('the workload is at its end: it was made too short for this run');
      const key = Buffer.from(value.key);
      messages.push({ key, value: Buffer.from(value.value), partition: partitionOf('murmur2', key, partitionCount) });
    }
    return messages;
  }

  async #send(messages: Message[]): Promise<void> {
    const counts = new Map<number, number>();
    for (const { partition = 0 } of messages) counts.set(partition, (counts.get(partition) ?? 0) + 1);
    const answers = await this.#producer.send({ topic: this.#topic, messages });
    const atMs = performance.now();
    for (const { partition, baseOffset } of answers) {
      const count = counts.get(partition) ?? 0;
      const end = Number(baseOffset) + count;
      this.ends[partition] = Math.max(this.ends[partition] ?? 0, end);
      for (const listener of this.#listeners) listener({ partition, end, count, atMs });
    }
  }
}
