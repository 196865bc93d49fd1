// More arrives than the sinks take: what waits stays below its bound, the fold pauses and resumes, memory does not grow, and in the end nothing is missing.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type CellSink, NO_VERSION, splitVersion } from '../../src/index.ts';
import { Bench } from './bench.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function heapBytes(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const RECORDS = 1_500;
const BATCH = 3;
const MAX_DIRTY_CELLS = 60;
/** Records that may be folded above what both sinks have: each changes two cells or more; and the batch that goes beyond the bound. */
const MAX_WAITING = MAX_DIRTY_CELLS / 2 + BATCH;
/** A record changes two rows or more, and each row takes its time: ten records arrive while the sinks take one. */
const ROW_MS = 50;
const ARRIVAL_MS = 10;

test('ten times more than the sinks take: what waits is bounded, the fold pauses and goes on again and again, and nothing is lost', async () => {
  const bench = new Bench();
  const slow = (sink: CellSink): CellSink => ({
    ...sink,
    write: async (part) => {
      await bench.clock.sleep(part.rows.length * ROW_MS);
      return sink.write(part);
    },
  });
  const stores = { redis: slow(bench.redis.sink), clickhouse: slow(bench.clickhouse.sink), checkpoints: bench.checkpoints.store };
  const { worker, halts } = await bench.start({ stores, maxDirtyCells: MAX_DIRTY_CELLS });
  await bench.clock.advance(2_000);
  // Every record is an hour after the one before, so that each has cells of its own.
  for (let index = 0; index < RECORDS; index += 1) bench.send({ at: index });
  const before = heapBytes();
  const offsetOf = (version: string | null | undefined): number => splitVersion(version ?? NO_VERSION).next;
  let mostWaiting = 0;
  let pauses = 0;
  let wasPaused = false;
  for (let round = 0; round < 40_000; round += 1) {
    bench.log.deliver(BATCH);
    await bench.clock.advance(ARRIVAL_MS * BATCH);
    const [status] = worker.status();
    const { next = 0, redis, clickhouse, paused = false } = status ?? {};
    mostWaiting = Math.max(mostWaiting, (next ?? 0) - Math.min(offsetOf(redis), offsetOf(clickhouse)));
    if (paused && !wasPaused) pauses += 1;
    wasPaused = paused;
    if (next === RECORDS && offsetOf(redis) === RECORDS && offsetOf(clickhouse) === RECORDS) break;
  }
  expect(halts()).toEqual([]);
  expect(worker.status()[0]).toMatchObject({ next: RECORDS, paused: false });
  expect([offsetOf(worker.status()[0]?.redis), offsetOf(worker.status()[0]?.clickhouse)]).toEqual([RECORDS, RECORDS]);
  expect(pauses).toBeGreaterThan(10);
  expect(mostWaiting).toBeGreaterThan(BATCH);
  expect(mostWaiting).toBeLessThanOrEqual(MAX_WAITING);
  // The twins of log and stores keep what they were given, some kilobytes a record.
  expect(heapBytes() - before).toBeLessThan(24 * 2 ** 20);
}, 30_000);
