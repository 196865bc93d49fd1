// Publishes and checkpoints are timed, and each traced one holds the calls of the stores that it made.
import type { CellSink, CheckpointStore } from '@tidemark/pipeline';
import { createMetrics, noTracing, type Span, type SpanAttributes, type Tracing } from '@tidemark/runtime';
import { expect, test } from 'vitest';
import { createBeatObserver, tracedStores } from '../src/observed-beats.ts';

/** Spans in the order in which they ended; one at a time is open. */
function recorder(): { tracing: Tracing; ended: { name: string; parent: string | null; attributes: SpanAttributes }[] } {
  const ended: { name: string; parent: string | null; attributes: SpanAttributes }[] = [];
  let current: string | null = null;
  const tracing: Tracing = {
    ...noTracing,
    run: async (spec, work) => {
      const parent = current;
      const attributes = { ...spec.attributes };
      const span: Span = { set: (more) => void Object.assign(attributes, more), fail: () => {} };
      if (parent === null && spec.onlyInside === true) return work(span);
      current = spec.name;
      try {
        return await work(span);
      } finally {
        current = parent;
        ended.push({ name: spec.name, parent, attributes });
      }
    },
  };
  return { tracing, ended };
}

const closed = { closed: '0', target: '0', note: null };
const sink: CellSink = {
  name: 'redis',
  partLimits: { maxRows: 1, maxCells: 1 },
  head: async () => closed,
  write: async () => ({ outcome: 'written' }),
  rowsBetween: async () => null,
};
const checkpoints: CheckpointStore = {
  manifest: async () => null,
  segment: async () => null,
  saveSegment: async () => {},
  replaceManifest: async () => 'replaced',
};
const stores = { redis: sink, clickhouse: { ...sink, name: 'clickhouse' as const }, checkpoints };
const where = { lineage: 'abc', partition: 3 };

test('a beat is timed and traced with its result, and the calls of the stores are inside it', async () => {
  const { tracing, ended } = recorder();
  const metrics = createMetrics({ processMetrics: false });
  const observe = createBeatObserver(metrics, tracing);
  const traced = tracedStores(stores, tracing);
  const published = await observe({ beat: 'publish', sink: 'redis', ...where }, async () => {
    await traced.redis.head('abc', 3);
    return { result: 'closed', rows: 7 };
  });
  await observe({ beat: 'checkpoint', ...where }, async () => {
    await traced.checkpoints.saveSegment('abc', 3, 'key', Buffer.alloc(9));
    return { result: 'saved', bytes: 9 };
  });
  await traced.clickhouse.head('abc', 3);
  expect(published).toEqual({ result: 'closed', rows: 7 });
  expect(ended.map(({ name, parent }) => [name, parent])).toEqual([
    ['redis head', 'publish redis'],
    ['publish redis', null],
    ['checkpoints saveSegment', 'checkpoint'],
    ['checkpoint', null],
  ]);
  expect(ended[1]?.attributes).toEqual({ 'tidemark.lineage': 'abc', 'tidemark.partition': 3, 'tidemark.result': 'closed', 'tidemark.rows': 7 });
  const text = await metrics.text();
  expect(text).toContain('tidemark_publish_duration_seconds_count{sink="redis"} 1');
  expect(text).toContain('tidemark_checkpoint_duration_seconds_count 1');
});

test('a beat that fails is timed too, and fails as it did', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const observe = createBeatObserver(metrics, noTracing);
  const failing = observe<{ result: string }>({ beat: 'publish', sink: 'clickhouse', ...where }, () => Promise.reject(new Error('broken')));
  await expect(failing).rejects.toThrow('broken');
  expect(await metrics.text()).toContain('tidemark_publish_duration_seconds_count{sink="clickhouse"} 1');
});

test('without tracing the stores are what they were', () => {
  expect(tracedStores(stores, noTracing)).toBe(stores);
});
