// The naive service, what a team writes in a week: kafkajs, `JSON.parse`, one Redis script per event, one JSON row per event to ClickHouse.
import { createClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { naiveScript } from './naive-script.ts';

interface TrackEvent {
  readonly event: string;
  readonly messageId: string;
  readonly userId: string;
  readonly timestamp: string;
  readonly properties: { readonly channel: string; readonly segment: string; readonly purchases: string; readonly amount?: number };
  readonly context: { readonly app: { readonly name: string }; readonly device: { readonly type: string } };
}

interface Row {
  readonly time: string;
  readonly actor: string;
  readonly event: string;
  readonly message_id: string;
  readonly channel: string;
  readonly segment: string;
  readonly device: string;
  readonly purchases: string;
  readonly amount: number;
}

const {
  BENCH_BROKERS = '',
  BENCH_TOPIC = '',
  BENCH_GROUP = '',
  BENCH_EVENTS = '',
  BENCH_REDIS = '',
  BENCH_PREFIX = '',
  BENCH_CLICKHOUSE = '',
  BENCH_DATABASE = '',
  BENCH_PIPELINED = '',
} = process.env;
const events = Number(BENCH_EVENTS);
const DAY_MS = 86_400_000;
/** Asia/Yerevan, without daylight saving since 2012. */
const OFFSET_MS = 4 * 3_600_000;
const ROWS_AT_ONCE = 5_000;
const ENGAGED = new Set(['Slot Chosen', 'Service Booked', 'Video Report Viewed', 'Work Approved', 'Message Sent', 'Offer Opened']);

const redis = new Redis(BENCH_REDIS);
const sha = String(await redis.script('LOAD', naiveScript));
const clickhouse = createClient({ url: BENCH_CLICKHOUSE, database: BENCH_DATABASE });
const consumer = new Kafka({ clientId: 'bench-naive', brokers: BENCH_BROKERS.split(','), logLevel: logLevel.ERROR }).consumer({
  groupId: BENCH_GROUP,
  maxBytesPerPartition: 2 * 1024 * 1024,
  maxWaitTimeInMs: 100,
});
let rows: Row[] = [];
let read = 0;

function scriptArguments(event: TrackEvent, partition: number): [string, number, ...(string | number)[]] {
  const timeMs = Date.parse(event.timestamp);
  const day = Math.floor((timeMs + OFFSET_MS) / DAY_MS);
  const { channel, segment, purchases } = event.properties;
  const flag = (is: boolean): string => (is ? '1' : '0');
  const keys = [
    `${BENCH_PREFIX}:clock:${partition}`,
    `${BENCH_PREFIX}:seen:${event.messageId}`,
    `${BENCH_PREFIX}:actor:${event.userId}`,
    `${BENCH_PREFIX}:cells`,
  ];
  const kinds = [event.event === 'Cabinet Opened', ENGAGED.has(event.event), event.event === 'Service Booked', event.event === 'Offer Shown'];
  const slices = [`channel=${channel}`, `segment=${segment}`, `device=${event.context.device.type}`, `purchases=${purchases}`];
  return [sha, keys.length, ...keys, timeMs, day, day - ((day + 3) % 7), ...kinds.map(flag), ...slices];
}

function keepRow({ event, messageId, userId, timestamp, properties, context }: TrackEvent): void {
  const { channel, segment, purchases, amount = 0 } = properties;
  const time = timestamp.slice(0, 23).replace('T', ' ');
  rows.push({ time, actor: userId, event, message_id: messageId, channel, segment, device: context.device.type, purchases, amount });
}

async function insertRows(): Promise<void> {
  if (rows.length === 0) return;
  const values = rows;
  rows = [];
  await clickhouse.insert({ table: 'naive_events', values, format: 'JSONEachRow' });
}

function parsed({ value }: KafkaMessage): TrackEvent | null {
  if (value === null) return null;
  const event: TrackEvent = JSON.parse(value.toString());
  return event.context.app.name === 'cabinet' ? event : null;
}

async function countedUp(count: number): Promise<void> {
  read += count;
  if (rows.length >= ROWS_AT_ONCE || read >= events) await insertRows();
  if (read >= events) console.log(`caught up: ${read} records`);
}

consumer.on(consumer.events.GROUP_JOIN, () => console.log('joined the group'));
await consumer.connect();
await consumer.subscribe({ topic: BENCH_TOPIC, fromBeginning: true });
await consumer.run(
  BENCH_PIPELINED === '1'
    ? {
        eachBatch: async ({ batch }) => {
          const pipeline = redis.pipeline();
          const taken = batch.messages.flatMap((message) => parsed(message) ?? []);
          for (const event of taken) pipeline.evalsha(...scriptArguments(event, batch.partition));
          const outcomes = (await pipeline.exec()) ?? [];
          for (const [index, event] of taken.entries()) if (outcomes[index]?.[1] === 'applied') keepRow(event);
          await countedUp(batch.messages.length);
        },
      }
    : {
        eachMessage: async ({ partition, message }) => {
          const event = parsed(message);
          if (event !== null && (await redis.evalsha(...scriptArguments(event, partition))) === 'applied') keepRow(event);
          await countedUp(1);
        },
      },
);
process.once('SIGTERM', () => void consumer.disconnect().then(() => process.exit(0)));
