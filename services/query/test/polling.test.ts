// The poll of heads: a store that goes or comes is noticed at the next beat, said once, and shown to Prometheus.
import { createAnswerer } from '@tidemark/pipeline';
import { createLogger, createMetrics, systemClock } from '@tidemark/runtime';
import { MemoryCellStore } from '@tidemark/testing';
import { describe, expect, it } from 'vitest';
import { startPolling } from '../src/polling.ts';
import { createTelemetry } from '../src/telemetry.ts';

function startedPoll() {
  const stores = { redis: new MemoryCellStore('redis'), clickhouse: new MemoryCellStore('clickhouse') };
  const readers = { redis: stores.redis.reader, clickhouse: stores.clickhouse.reader };
  let nowMs = 0;
  const beats: (() => Promise<void> | void)[] = [];
  const clock = {
    ...systemClock,
    nowMs: () => nowMs,
    every: (_ms: number, run: () => Promise<void> | void) => {
      beats.push(run);
      return { stop: async () => void beats.splice(0) };
    },
  };
  const { watch } = createAnswerer({ lineages: () => ['l'], partitions: [0], stores: readers, latenessMs: 0, clock });
  const lines: string[] = [];
  const telemetry = createTelemetry(createMetrics({ processMetrics: false }));
  const logger = createLogger({ service: 'query', level: 'info', destination: { write: (line) => lines.push(line) } });
  const polling = startPolling({ watch, clock, telemetry, logger });
  const beat = async (): Promise<void> => {
    nowMs += 200;
    await Promise.all(beats.map((run) => run()));
  };
  return { stores, watch, telemetry, lines, beat, polling, beats };
}

describe('polling', () => {
  it('asks Redis at every beat and ClickHouse at most once a second while Redis answers', async () => {
    const { watch, beat } = startedPoll();
    const asked: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      await beat();
      asked.push(watch.state('clickhouse').askedAtMs);
      expect(watch.state('redis').askedAtMs).toBe((turn + 1) * 200);
    }
    expect([...new Set(asked)]).toEqual([200, 1_200, 2_200]);
  });

  it('says once that a store went away and once that it came back, and asks the other one at every beat meanwhile', async () => {
    const { stores, watch, telemetry, lines, beat } = startedPoll();
    await beat();
    stores.redis.intercept = () => 'lose';
    for (let turn = 0; turn < 3; turn++) await beat();
    expect(watch.state('clickhouse').askedAtMs).toBe(watch.state('redis').askedAtMs);
    expect(await telemetry.metrics.text()).toContain('tidemark_store_up{store="redis"} 0');
    stores.redis.intercept = undefined;
    for (let turn = 0; turn < 3; turn++) await beat();
    const said = lines.map((line): unknown => JSON.parse(line)).filter((line) => JSON.stringify(line).includes('"redis"'));
    expect(said).toMatchObject([
      { msg: 'store answers' },
      { msg: 'store does not answer', reason: 'heads: lost on its way' },
      { msg: 'store answers' },
    ]);
    expect(await telemetry.metrics.text()).toContain('tidemark_store_up{store="redis"} 1');
  });

  it('stops when it is told to', async () => {
    const { polling, beats } = startedPoll();
    await polling.stop();
    expect(beats).toEqual([]);
  });
});
