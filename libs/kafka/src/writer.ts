/** Appends to the events topic: the partition is computed here, by the namespace's partitioner, and named in every message. */
import type { Partitioner } from '@tidemark/codec';
import type { LogWriter } from '@tidemark/pipeline';
import { CompressionTypes, type Message, type Producer } from 'kafkajs';
import { asking, type KafkaConnection } from './connection.ts';
import { CONTROL_HEADER, TICK } from './control-header.ts';
import { placeRecord, recordRounds } from './record-batches.ts';
import { topicIdentity } from './topic.ts';

export interface LogWriterOptions {
  /** The namespace's, recorded at first start. */
  readonly partitioner: Partitioner;
  readonly compression?: 'none' | 'gzip' | 'zstd';
}

const MAX_BATCH_BYTES = 1024 * 1024;

const COMPRESSION: Readonly<Record<'none' | 'gzip' | 'zstd', CompressionTypes>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
};

/** Connects at the first use. Methods throw StoreUnavailable when the outcome is unknown: sending again may append twice, which readers filter. */
export function createLogWriter(connection: KafkaConnection, options: LogWriterOptions): LogWriter {
  return new KafkaLogWriter(connection, options);
}

class KafkaLogWriter implements LogWriter {
  readonly #connection: KafkaConnection;
  readonly #options: LogWriterOptions;
  readonly #producer: Producer;
  #opening: Promise<number> | null = null;

  constructor(connection: KafkaConnection, options: LogWriterOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#producer = connection.kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          namedPartition(message),
    });
  }

  async append(records: Parameters<LogWriter['append']>[0]): Promise<void> {
    if (records.length === 0) return;
    const partitionCount = await this.#open();
    const placed = records.map((record) => placeRecord(record, this.#options.partitioner, partitionCount));
    for (const round of recordRounds(placed, MAX_BATCH_BYTES)) await this.#send(round.slice());
  }

  async appendTick(partition: number): Promise<void> {
    await this.#open();
    await this.#send([{ key: null, value: null, partition, headers: { [CONTROL_HEADER]: TICK } }]);
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#producer.disconnect();
  }

  async #send(messages: Message[]): Promise<void> {
    const compression = COMPRESSION[this.#options.compression ?? 'none'];
    await asking('append', () => this.#producer.send({ topic: this.#connection.topic, acks: -1, compression, messages }));
  }

  /** The number of partitions, asked once: raising it halts the readers, so a writer need not notice. */
  #open(): Promise<number> {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #connect(): Promise<number> {
    const { partitionCount } = await topicIdentity(this.#connection);
    await asking('connect', () => this.#producer.connect());
    return partitionCount;
  }
}

function namedPartition(message: Message): number {
  if (message.partition === undefined) throw new Error('a message without its partition');
  return message.partition;
}
