// The measured worker without its stores: it reads the topic, decodes and folds as the service does, and publishes and saves nothing meanwhile.
import { randomUUID } from 'node:crypto';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { connectKafka, createEventLog, createLogWriter } from '@tidemark/kafka';
import { Worker } from '@tidemark/pipeline';
import { systemClock } from '@tidemark/runtime';
import { MemoryCellStore, MemoryCheckpointStore } from '@tidemark/testing';
import { readSet, setFile } from './workload.ts';

const { BENCH_BROKERS = '', BENCH_NAMESPACE = '', BENCH_GROUP = '', BENCH_ENDS = '' } = process.env;
const ends = BENCH_ENDS.split(',').map(Number);
const checkEveryMs = 50;
/** Longer than any run. */
const neverMs = 3_600_000;

const say = (_fields: object, message: string): void => console.log(message);
const logger = { info: say, warn: say, error: say };
const kafka = await connectKafka({ brokers: BENCH_BROKERS.split(','), clientId: 'bench-fold', namespace: BENCH_NAMESPACE, logger });
const log = createEventLog(kafka, { groupId: BENCH_GROUP, keepsBytes: false });
const worker = new Worker({
  sets: [readSet(setFile)],
  settings: DEFAULT_SETTINGS,
  partitioner: 'murmur2',
  identity: await log.identity(),
  log,
  writer: createLogWriter(kafka, { partitioner: 'murmur2' }),
  stores: {
    redis: new MemoryCellStore('redis').sink,
    clickhouse: new MemoryCellStore('clickhouse').sink,
    checkpoints: new MemoryCheckpointStore().store,
  },
  beats: {
    publishIntervalMs: neverMs,
    tablePublishIntervalMs: neverMs,
    checkpointIntervalMs: neverMs,
    confirmIntervalMs: { redis: neverMs, clickhouse: neverMs },
    catchUp: { lag: 1, agedLag: 1, ageMs: 0, intervalMs: { redis: neverMs, clickhouse: neverMs, checkpoint: neverMs } },
  },
  clock: systemClock,
  randomId: randomUUID,
  incarnation: 'bench',
  maxDirtyCells: Number.POSITIVE_INFINITY,
  report: () => undefined,
});
const done = worker.run();
const watch = setInterval(() => {
  const status = worker.status();
  if (!ends.every((end, partition) => end === 0 || status.some((each) => each.partition === partition && each.next === end))) return;
  clearInterval(watch);
  const sum = (counter: string): number => status.reduce((total, { counters }) => total + (counters[counter] ?? 0), 0);
  console.log(`caught up: ${sum('read')} records, ${sum('applied')} applied`);
}, checkEveryMs);
process.once('SIGTERM', () => process.exit(0));
await done;
