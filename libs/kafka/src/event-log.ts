/** A member of a consumer group on the events topic, over kafkajs: its traps are answered here and nowhere else. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LogBounds, LogHandler, LogIdentity } from '@tidemark/pipeline';
import type { Consumer, ConsumerEndBatchProcessEvent, EachBatchPayload } from 'kafkajs';
import { type Assignment, createAssignment } from './assignment.ts';
import { asking, type KafkaConnection } from './connection.ts';
import { topicIdentity } from './topic.ts';

export interface EventLogOptions {
  readonly groupId: string;
  /** After this long without a heartbeat the group gives our partitions away. Default 10,000; the broker's least is 6,000. */
  readonly sessionTimeoutMs?: number;
  /** Default 2 MiB; a larger single record is still fetched. */
  readonly maxBytesPerPartition?: number;
  /** How long a fetch waits at the end of the log. Default 100. */
  readonly maxWaitTimeMs?: number;
}

/** How long `stop` waits for the group to let us go; afterwards the session timeout does it. */
const STOP_DEADLINE_MS = 6_000;
/** How long a join waits for members that are alive but busy. */
const REBALANCE_TIMEOUT_MS = 30_000;

/**
 * `run` may be called once. Partitions stay assigned while kafkajs reconnects by itself, so that a short absence of the broker costs no memory;
 * whoever owned them meanwhile published the same rows. `control` is ignored for partitions that are not assigned, and `seek` while one is loading.
 */
export function createEventLog(connection: KafkaConnection, options: EventLogOptions): EventLog {
  return new KafkaEventLog(connection, options);
}

class KafkaEventLog implements EventLog {
  readonly #connection: KafkaConnection;
  readonly #options: EventLogOptions;
  readonly #ended = Promise.withResolvers<void>();
  #consumer: Consumer | null = null;
  #assignment: Assignment | null = null;
  /** Resolves when the first join was tried; kafkajs loses a stop that comes before. */
  #started: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  constructor(connection: KafkaConnection, options: EventLogOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  identity(): Promise<LogIdentity> {
    return topicIdentity(this.#connection);
  }

  async bounds(): Promise<ReadonlyMap<number, LogBounds>> {
    const { admin, topic } = this.#connection;
    const offsets = await asking('tell the offsets', () => admin.fetchTopicOffsets(topic));
    return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
  }

  async run(handler: LogHandler): Promise<void> {
    if (this.#consumer !== null) throw new Error('this member of the group has already run');
    if (this.#stopped !== null) return;
    const consumer = this.#createConsumer();
    const assignment = createAssignment(handler, this.#controls(consumer), (error) => this.#ended.reject(error));
    this.#consumer = consumer;
    this.#assignment = assignment;
    this.#listen(consumer, assignment);
    this.#started = this.#start(consumer, assignment);
    try {
      await Promise.all([this.#started, this.#ended.promise]);
    } finally {
      assignment.ended();
      await this.stop();
    }
  }

  control: EventLog['control'] = (partition, action) => this.#assignment?.control(partition, action);

  stop(): Promise<void> {
    this.#stopped ??= this.#leave();
    return this.#stopped;
  }

  async #start(consumer: Consumer, assignment: Assignment): Promise<void> {
    await asking('connect', () => consumer.connect());
    await asking('subscribe', () => consumer.subscribe({ topic: this.#connection.topic, fromBeginning: true }));
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // After each batch kafkajs sends the heartbeat itself, by time and awaited.
      eachBatch: async (payload) => deliver(assignment, payload),
    });
  }

  async #leave(): Promise<void> {
    // Never inside the handler's own call: kafkajs would wait for the batch that waits for it.
    await sleep(0);
    const consumer = this.#consumer;
    if (consumer !== null) {
      const left = this.#started.then(() => consumer.disconnect());
      await Promise.race([
        left.catch((error: unknown) => this.#warn(error, 'leaving the group failed')),
        sleep(STOP_DEADLINE_MS, undefined, { ref: false }),
      ]);
    }
    this.#ended.resolve();
  }

  #createConsumer(): Consumer {
    const { groupId, sessionTimeoutMs = 10_000, maxBytesPerPartition = 2 * 1024 * 1024, maxWaitTimeMs = 100 } = this.#options;
    return this.#connection.kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
      // A member hears of a rebalance by its heartbeat, so this is also how long a joining one waits.
      heartbeatInterval: Math.min(1_000, sessionTimeoutMs / 3),
      maxBytesPerPartition,
      maxWaitTimeInMs: maxWaitTimeMs,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 5, restartOnFailure: async () => this.#stopped === null },
    });
  }

  #listen(consumer: Consumer, assignment: Assignment): void {
    const { topic, logger } = this.#connection;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = [...(payload.memberAssignment[topic] ?? [])].sort((left, right) => left - right);
      logger.info({ groupId: payload.groupId, memberId: payload.memberId, partitions }, 'joined the group');
      assignment.joined(partitions);
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => passUnseen(assignment, payload));
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      const { error, restart } = payload;
      if (restart) logger.warn({ err: error }, 'the consumer failed and starts again');
      else this.#ended.reject(error);
    });
  }

  #controls(consumer: Consumer): Parameters<typeof createAssignment>[1] {
    const { topic } = this.#connection;
    // Between a failure and the restart kafkajs has no group and throws; the next join brings every partition into its state.
    const tolerant = (call: () => void): void => {
      try {
        call();
      } catch (error) {
        this.#warn(error, 'not told to the client, which is starting again');
      }
    };
    return {
      pause: (partition) => tolerant(() => consumer.pause([{ topic, partitions: [partition] }])),
      resume: (partition) => tolerant(() => consumer.resume([{ topic, partitions: [partition] }])),
      seek: (partition, offset) => tolerant(() => consumer.seek({ topic, partition, offset: String(offset) })),
      commit: (partition, offset) => {
        consumer.commitOffsets([{ topic, partition, offset: String(offset) }]).catch((error: unknown) => this.#warn(error, 'offset not committed'));
      },
    };
  }

  #warn(error: unknown, message: string): void {
    this.#connection.logger.warn({ err: error, groupId: this.#options.groupId }, message);
  }
}

function deliver(assignment: Assignment, payload: EachBatchPayload): void {
  const { batch, isStale, resolveOffset } = payload;
  const last = batch.messages.at(-1);
  const handedOver = assignment.deliver({
    partition: batch.partition,
    messages: batch.messages,
    highWatermark: Number(batch.highWatermark),
    fetchedOffset: fetchedOffsetOf(batch),
    lastOffset: Number(batch.lastOffset()),
    isStale,
  });
  // Of a batch that is not resolved the same position is fetched again.
  if (handedOver && last !== undefined) resolveOffset(last.offset);
}

/** kafkajs keeps it on the batch, but not in its types. */
function fetchedOffsetOf(batch: object): number {
  const offset = 'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number.NaN;
  if (!Number.isSafeInteger(offset)) throw new Error('this kafkajs is not 2.2.4: its batch does not say which offset was asked for');
  return offset;
}

/** Batches that hold only control records or aborted transactions never reach the handler, but move the position. */
function passUnseen(assignment: Assignment, payload: ConsumerEndBatchProcessEvent['payload']): void {
  if (payload.batchSize === 0 && payload.firstOffset !== null)
    assignment.passed(payload.partition, Number(payload.firstOffset), Number(payload.lastOffset));
}
