// The measured peer: kafkajs `eachBatch` and nothing else, or with a `JSON.parse` of every value; ends its reading at the offsets that it is given.
import { Kafka, logLevel } from 'kafkajs';

const { BENCH_BROKERS = '', BENCH_TOPIC = '', BENCH_GROUP = '', BENCH_ENDS = '', BENCH_PARSE = '' } = process.env;
const ends = BENCH_ENDS.split(',').map(Number);
const isParsing = BENCH_PARSE === '1';
let behind = ends.filter((end) => end > 0).length;
let read = 0;
/** What is read goes here, so that no parse can be optimised away. */
let characters = 0;

const kafka = new Kafka({ clientId: 'bench-bare', brokers: BENCH_BROKERS.split(','), logLevel: logLevel.ERROR });
// The worker's fetch settings, so that both are handed batches of the same size.
const consumer = kafka.consumer({
  groupId: BENCH_GROUP,
  maxBytesPerPartition: 2 * 1024 * 1024,
  maxWaitTimeInMs: 100,
  heartbeatInterval: 1_000,
  sessionTimeout: 10_000,
});
consumer.on(consumer.events.GROUP_JOIN, () => console.log('joined the group'));
await consumer.connect();
await consumer.subscribe({ topic: BENCH_TOPIC, fromBeginning: true });
await consumer.run({
  eachBatch: async ({ batch }) => {
    for (const { value } of batch.messages) {
      if (value === null) continue;
      if (isParsing) {
        const event: { messageId: string } = JSON.parse(value.toString());
        characters += event.messageId.length;
      }
      read++;
    }
    if (Number(batch.lastOffset()) + 1 === ends[batch.partition]) behind--;
    if (behind === 0) console.log(`caught up: ${read} records, ${characters} characters`);
  },
});
process.once('SIGTERM', () => void consumer.disconnect());
