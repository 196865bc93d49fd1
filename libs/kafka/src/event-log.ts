/** A member of a consumer group on the events topic, over kafkajs: its traps are answered here and nowhere else. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LogBounds, LogHandler, LogIdentity } from '@tidemark/pipeline';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { type Assignment, createAssignment } from './assignment.ts';
import { asking, type KafkaConnection } from './connection.ts';
import { FetchedRecords } from './fetch-response.ts';
import { PartitionRecords } from './partition-records.ts';
import { createKafkaPermissions, type Permission } from './permissions.ts';
import { createRawConsumer } from './raw-consumer.ts';
import { topicIdentity } from './topic.ts';

export interface EventLogOptions {
  readonly groupId: string;
  /** After this long without a heartbeat the group gives our partitions away. Default 10,000; the broker's least is 6,000. */
  readonly sessionTimeoutMs?: number;
  /** Default 2 MiB; a larger single record is still fetched. */
  readonly maxBytesPerPartition?: number;
  /**
   * The handler keeps Buffers of a batch's keys and values beyond its call; default true. Without, fetches are small and read into the memory
   * that the one before lay in, which the processor still has at hand.
   */
  readonly keepsBytes?: boolean;
  /** How long a fetch waits at the end of the log. Default 100. */
  readonly maxWaitTimeMs?: number;
}

/** Of all partitions together. */
const FETCH_BYTES = 10 * 1024 * 1024;
/** About the processor's second cache: what is larger is out of it again before it is decoded. */
const REUSED_FETCH_BYTES = 2 * 1024 * 1024;
/** How long `stop` waits for the group to let us go; afterwards the session timeout does it. With what is saved before it is within a service's ten seconds. */
const STOP_DEADLINE_MS = 2_000;
/** How long a broker may take to say why there is no coordinator. */
const REFUSAL_DEADLINE_MS = 2_000;
/** How long a join waits for members that are alive but busy, or whose own join was cut off with its connection: a batch is folded in far less. */
const REBALANCE_TIMEOUT_MS = 12_000;

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
    const records = new PartitionRecords();
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // After each batch kafkajs sends the heartbeat itself, by time and awaited.
      eachBatch: async (payload) => {
        deliver(assignment, records, payload);
        if (this.#options.keepsBytes === false) fetchedRecordsOf(payload.batch).letGo();
      },
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
    return createRawConsumer(this.#connection.kafka, {
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
      // A member hears of a rebalance by its heartbeat, so this is also how long a joining one waits.
      heartbeatInterval: Math.min(1_000, sessionTimeoutMs / 3),
      maxBytesPerPartition,
      maxBytes: this.#options.keepsBytes === false ? REUSED_FETCH_BYTES : FETCH_BYTES,
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
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      const { error, restart } = payload;
      if (restart) logger.warn({ err: error }, 'the consumer failed and starts again');
      else void this.#refusal(error).then((refusal) => this.#ended.reject(refusal ?? error));
    });
  }

  /** kafkajs takes a group that refuses this user for one without a coordinator; null for any other failure. */
  async #refusal(error: Error): Promise<Error | null> {
    if (!isWithoutCoordinator(error)) return null;
    const { groupId } = this.#options;
    const permissions = createKafkaPermissions(this.#connection);
    const asked = permissions.readGroup(groupId).catch((): Permission => 'unproven');
    const found = await Promise.race([asked, sleep(REFUSAL_DEADLINE_MS, 'unproven', { ref: false })]);
    void asked.then(() => permissions.close()).catch(() => undefined);
    if (found !== 'denied') return null;
    const fix = 'run tidemark doctor --role with the name of the service; deploy/access.md lists what each needs';
    return new Error(`Kafka does not let this user into the group ${groupId}: it lacks Read on it. Fix: ${fix}`, { cause: error });
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

/** `records` is filled anew for each batch: kafkajs hands over one after the other. */
function deliver(assignment: Assignment, records: PartitionRecords, payload: EachBatchPayload): void {
  const { batch, isStale, resolveOffset } = payload;
  const { partition } = batch;
  const fetched = fetchedRecordsOf(batch);
  const fetchedOffset = fetchedOffsetOf(batch);
  try {
    const mayGoOn = assignment.deliver({
      partition,
      fetchedOffset,
      read: (requestedOffset) => {
        records.read(fetched, { partition, highWatermark: Number(batch.highWatermark), requestedOffset, fetchedOffset });
        return records;
      },
      isStale,
    });
    // Of a batch that is not resolved the same position is fetched again.
    if (mayGoOn) resolveOffset(fetched.offset);
  } finally {
    records.clear();
  }
}

/** What `createRawConsumer` put in the place of the messages. */
function fetchedRecordsOf(batch: { readonly messages: readonly unknown[] }): FetchedRecords {
  const [fetched] = batch.messages;
  if (batch.messages.length !== 1 || !(fetched instanceof FetchedRecords))
    throw new Error('this kafkajs is not 2.2.4: its batch does not hold the bytes that were fetched');
  return fetched;
}

/** kafkajs keeps it on the batch, but not in its types. */
function fetchedOffsetOf(batch: object): number {
  const offset = 'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number.NaN;
  if (!Number.isSafeInteger(offset)) throw new Error('this kafkajs is not 2.2.4: its batch does not say which offset was asked for');
  return offset;
}

function isWithoutCoordinator(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1)
    if (at.name === 'KafkaJSGroupCoordinatorNotFound') return true;
  return false;
}
