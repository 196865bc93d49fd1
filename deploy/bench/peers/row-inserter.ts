// The archiver's peer: kafkajs `eachBatch`, `JSON.parse`, and the same rows as JSON through clickhouse-js into the same table.
import { createClient } from '@clickhouse/client';
import { Kafka, logLevel } from 'kafkajs';

const { BENCH_BROKERS = '', BENCH_TOPIC = '', BENCH_GROUP = '', BENCH_EVENTS = '', BENCH_CLICKHOUSE = '', BENCH_DATABASE = '' } = process.env;
const events = Number(BENCH_EVENTS);
let read = 0;

const clickhouse = createClient({ url: BENCH_CLICKHOUSE, database: BENCH_DATABASE });
const consumer = new Kafka({ clientId: 'bench-inserter', brokers: BENCH_BROKERS.split(','), logLevel: logLevel.ERROR }).consumer({
  groupId: BENCH_GROUP,
  maxBytesPerPartition: 2 * 1024 * 1024,
  maxWaitTimeInMs: 100,
});
consumer.on(consumer.events.GROUP_JOIN, () => console.log('joined the group'));
await consumer.connect();
await consumer.subscribe({ topic: BENCH_TOPIC, fromBeginning: true });
await consumer.run({
  eachBatch: async ({ batch }) => {
    const values = batch.messages.map(({ key, value, offset, timestamp }) => {
      const text = value?.toString() ?? '';
      const event: { type: string; event: string; userId: string; messageId: string; timestamp: string } = JSON.parse(text);
      return {
        epoch: 1,
        partition: batch.partition,
        offset: Number(offset),
        record_ms: Number(timestamp),
        key: key?.toString() ?? null,
        value: text,
        control: false,
        reason: '',
        type: event.type,
        event: event.event,
        actor_kind: 'user',
        actor_id: event.userId,
        message_id: event.messageId,
        time_ms: Date.parse(event.timestamp),
      };
    });
    await clickhouse.insert({ table: 'events', values, format: 'JSONEachRow' });
    read += values.length;
    if (read >= events) console.log(`caught up: ${read} records`);
  },
});
process.once('SIGTERM', () => void consumer.disconnect().then(() => process.exit(0)));
