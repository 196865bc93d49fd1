// A worker that folds nothing although there are records ends with its own exit code; one that has a reason to stand does not.
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { type PartitionStatus, Worker } from '@tidemark/pipeline';
import { exitCodeOf, exitCodes, runService, systemClock } from '@tidemark/runtime';
import { MemoryCellStore, MemoryCheckpointStore, MemoryLog } from '@tidemark/testing';
import { expect, test, vi } from 'vitest';
import { watchForStuck } from '../src/stuck-watch.ts';

const AFTER_MS = 120_000;
const LAGGING: PartitionStatus = {
  partition: 3,
  lineage: 'l',
  next: 7,
  clockMs: null,
  logHigh: 9,
  logLow: 0,
  logHighAtMs: 0,
  halted: null,
  paused: false,
  counters: {},
  redis: null,
  clickhouse: null,
};

/** What is found while a partition shows `status(second)` for four minutes. */
async function foundIn(status: (second: number) => Partial<PartitionStatus>, afterMs = AFTER_MS): Promise<unknown> {
  vi.useFakeTimers();
  try {
    const startMs = Date.now();
    const current = (): PartitionStatus[] => {
      const second = Math.round((Date.now() - startMs) / 1_000);
      return [{ ...LAGGING, logHighAtMs: Date.now(), ...status(second) }];
    };
    const watch = watchForStuck({ status: current, clock: systemClock, afterMs });
    let found: unknown = null;
    watch.found.catch((error: unknown) => {
      found = error;
    });
    await vi.advanceTimersByTimeAsync(240_000);
    const stopped = watch.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    await stopped;
    return found;
  } finally {
    vi.useRealTimers();
  }
}

test('two minutes at one position with records to fold are found, and asked to end with exit code 6', async () => {
  const found = await foundIn(() => ({}));
  expect(String(found)).toMatch(/^Error: partition 3 is stuck: 120 s at position 7 of 9 \(lineage l\)/);
  expect(exitCodeOf(found)).toBe(exitCodes.stuck);
});

test.each<[string, (second: number) => Partial<PartitionStatus>]>([
  ['goes on, however slowly', (second) => ({ next: Math.floor(second / 100), logHigh: 1_000 })],
  ['is at the end of the log', () => ({ next: 9 })],
  ['is halted', () => ({ halted: 'the log was rewritten' })],
  ['waits for a sink', () => ({ paused: true })],
  ['waited for a sink until a minute ago', (second) => ({ paused: second < 180 })],
  ['is still loading', () => ({ next: null })],
  ['has a log that does not answer', () => ({ logHighAtMs: 0 })],
  ['has never heard how long the log is', () => ({ logHigh: null })],
])('a partition that %s is not stuck', async (_, status) => {
  expect(await foundIn(status)).toBeNull();
});

test('0 switches the watch off', async () => {
  expect(await foundIn(() => ({}), 0)).toBeNull();
});

test('a worker whose consumer is handed nothing any more ends by itself, with its line in the log', async () => {
  const parsed = parseMetricSet('name: shop\nmetrics: [{ id: orders, kind: kpi, measure: { count: Ordered } }]', { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error('the set is not right');
  const log = new MemoryLog({ partitionCount: 1 });
  const send = (id: number): void => {
    const value = { type: 'track', event: 'Ordered', userId: 'u1', messageId: `m${id}`, timestamp: Date.now() };
    log.append(0, { key: Buffer.from('u1'), value: Buffer.from(JSON.stringify(value)), timestampMs: Date.now() });
  };
  send(1);
  const worker = new Worker({
    sets: [parsed.set],
    settings: DEFAULT_SETTINGS,
    partitioner: 'murmur2',
    identity: log.identity,
    log: log.member(),
    writer: log.writer({ partitioner: 'murmur2', nowMs: Date.now }),
    stores: {
      redis: new MemoryCellStore('redis').sink,
      clickhouse: new MemoryCellStore('clickhouse').sink,
      checkpoints: new MemoryCheckpointStore().store,
    },
    beats: {
      publishIntervalMs: 20,
      tablePublishIntervalMs: 20,
      checkpointIntervalMs: 50,
      confirmIntervalMs: { redis: 1_000, clickhouse: 1_000 },
      catchUp: { lag: 1_000, agedLag: 1_000, ageMs: 5_000, intervalMs: { redis: 100, clickhouse: 100, checkpoint: 100 } },
    },
    clock: systemClock,
    randomId: () => `id${performance.now()}`,
    incarnation: 'w1',
    maxDirtyCells: 1_000,
    report: () => {},
  });
  const lines: string[] = [];
  const line = (fields: object, message: string): void => {
    lines.push(`${message}: ${'err' in fields ? fields.err : ''}`);
  };
  const codes: number[] = [];
  const watch = watchForStuck({ status: () => worker.status(), clock: systemClock, afterMs: 500 });
  const ended = runService({
    name: 'worker',
    logger: { info: () => {}, error: line, fatal: line },
    start: async () => ({
      done: Promise.race([worker.run(), watch.found]),
      stop: async () => void (await Promise.all([watch.stop(), worker.stop()])),
    }),
    host: { on: () => {}, off: () => {}, exit: (value) => codes.push(value), env: {}, stdin: process.stdin },
  });
  await vi.waitFor(() => expect(worker.status()[0]?.logHigh).toBe(1));
  // Handed over, so it goes on; what comes now never is.
  log.deliver(10);
  send(2);
  await ended;
  expect(worker.status()[0]).toMatchObject({ next: 1, logHigh: 2 });
  expect(codes).toEqual([exitCodes.stuck]);
  expect(lines).toEqual([expect.stringMatching(/^worker failed: Error: partition 0 is stuck/)]);
});
