/** Reads the events topic with a plain client of its own, from where the last look ended to its end now, record by record. */
import { Kafka, logLevel } from 'kafkajs';
import type { Positions } from './ledger.ts';

export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** LogAppendTime. */
  readonly recordMs: number;
}

export interface LogReader {
  /** Offset after the last record, by partition. Throws while no broker answers. */
  ends(): Promise<Positions>;
  /** Every record in [from, to), each partition in order. Throws when the log does not hand them over in time. */
  read(range: { from: Positions; to: Positions }, seen: (record: ReadRecord) => void): Promise<void>;
  close(): Promise<void>;
}

const READ_DEADLINE_MS = 120_000;

export async function openLogReader(options: { brokers: string; topic: string; partitions: number }): Promise<LogReader> {
  const { topic, partitions } = options;
  const kafka = new Kafka({
    clientId: 'torture-reader',
    brokers: options.brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    retry: { initialRetryTime: 200, maxRetryTime: 1_000, retries: 8 },
  });
  const admin = kafka.admin();
  await admin.connect();
  let looks = 0;
  return {
    ends: async () => {
      const ends = Array.from({ length: partitions }, () => 0);
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) ends[partition] = Number(high);
      return ends;
    },
    read: async ({ from, to }, seen) => {
      const next = [...from];
      const isDone = (): boolean => to.every((end, partition) => (next[partition] ?? 0) >= end);
      if (isDone()) return;
      const consumer = kafka.consumer({
        groupId: `${topic}.look.${process.pid}.${looks++}`,
        maxWaitTimeInMs: 100,
        maxBytesPerPartition: 4 * 2 ** 20,
      });
      const { promise: done, resolve } = Promise.withResolvers<void>();
      let timer: NodeJS.Timeout | undefined;
      try {
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
            const { partition } = batch;
            for (const { offset, key, value, timestamp } of batch.messages) {
              const at = Number(offset);
              if (at !== next[partition] || at >= (to[partition] ?? 0)) continue;
              next[partition] = at + 1;
              seen({ partition, offset: at, key, value, recordMs: Number(timestamp) });
            }
            resolveOffset(batch.lastOffset());
            await heartbeat();
            if (isDone()) resolve();
          },
        });
        for (const [partition, offset] of from.entries()) consumer.seek({ topic, partition, offset: String(offset) });
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`the log gave ${next.join()} of ${to.join()}`)), READ_DEADLINE_MS);
        });
        await Promise.race([done, late]);
      } finally {
        clearTimeout(timer);
        await consumer.disconnect();
      }
    },
    close: () => admin.disconnect(),
  };
}
