/** Tests of the metrics registry: exposition, checked names and labels, bounded series, no timers. */
import { expect, test } from 'vitest';
import { createMetrics } from '../src/metrics.ts';

const bare = { processMetrics: false };

test('counters, gauges and histograms are exposed under the prefix', async () => {
  const metrics = createMetrics(bare);
  const records = metrics.counter({ name: 'records_total', help: 'Records.', labels: ['outcome'] });
  records.with({ outcome: 'applied' }).add(3);
  records.with({ outcome: 'applied' }).add();
  metrics.gauge({ name: 'lag_records', help: 'Lag.' }).with().set(7);
  metrics
    .histogram({ name: 'publish_duration_seconds', help: 'Publish.', buckets: [0.1, 1] })
    .with()
    .observe(0.5);
  const text = await metrics.text();
  expect(text).toContain('# TYPE tidemark_records_total counter\ntidemark_records_total{outcome="applied"} 4');
  expect(text).toContain('tidemark_lag_records 7');
  expect(text).toContain('tidemark_publish_duration_seconds_bucket{le="0.1"} 0');
  expect(text).toContain('tidemark_publish_duration_seconds_bucket{le="1"} 1');
  expect(metrics.contentType).toContain('text/plain');
});

test('a total kept elsewhere is set, not added', async () => {
  const metrics = createMetrics(bare);
  const applied = metrics.counter({ name: 'applied_total', help: 'Applied.', labels: ['partition'] }).with({ partition: 0 });
  applied.setTotal(100);
  applied.setTotal(90);
  applied.add(5);
  expect(await metrics.text()).toContain('tidemark_applied_total{partition="0"} 95');
});

test('collect is asked before each exposition and a removed series is gone', async () => {
  const metrics = createMetrics(bare);
  let calls = 0;
  const gauge = metrics.gauge({
    name: 'next_offset',
    help: 'Next.',
    labels: ['partition'],
    collect: () => gauge.with({ partition: 1 }).set(++calls),
  });
  expect(await metrics.text()).toContain('tidemark_next_offset{partition="1"} 1');
  expect(await metrics.text()).toContain('tidemark_next_offset{partition="1"} 2');
  gauge.with({ partition: 2 }).set(9);
  gauge.remove({ partition: 2 });
  expect(await metrics.text()).not.toContain('partition="2"');
});

test('cleared series are gone and count anew against the bound', async () => {
  const metrics = createMetrics({ ...bare, maxSeriesPerMetric: 1 });
  const totals = metrics.counter({ name: 'kept_total', help: 'Kept.', labels: ['partition'] });
  totals.with({ partition: 1 }).setTotal(5);
  totals.clear();
  totals.with({ partition: 2 }).setTotal(6);
  const text = await metrics.text();
  expect(text).not.toContain('tidemark_kept_total{partition="1"}');
  expect(text).toContain('tidemark_kept_total{partition="2"} 6');
});

test('every metric describes itself before it has a series', () => {
  const metrics = createMetrics();
  metrics.gauge({ name: 'lag_records', help: 'Lag.', labels: ['partition', 'lineage'] });
  metrics.histogram({ name: 'publish_duration_seconds', help: 'Publish.', buckets: [1], labels: ['sink'] });
  expect(metrics.describe()).toEqual(
    expect.arrayContaining([
      { name: 'tidemark_lag_records', type: 'gauge', help: 'Lag.', labels: ['partition', 'lineage'] },
      { name: 'tidemark_publish_duration_seconds', type: 'histogram', help: 'Publish.', labels: ['sink'] },
      { name: 'process_cpu_seconds_total', type: 'counter', help: expect.any(String), labels: [] },
    ]),
  );
});

test.each(['wait_ms', 'rows_count', 'size_kb', 'wait_milliseconds', 'load_percent'])('%s is no name: its unit is none, or not the base', (name) => {
  expect(() => createMetrics(bare).gauge({ name, help: 'x' })).toThrow('must not end in');
});

test('names and labels that break the rules throw', () => {
  const metrics = createMetrics(bare);
  metrics.gauge({ name: 'taken', help: 'x' });
  expect(() => metrics.gauge({ name: 'taken', help: 'x' })).toThrow(/already/);
  expect(() => metrics.counter({ name: 'records', help: 'x' })).toThrow('must end in _total');
  expect(() => metrics.gauge({ name: 'records_total', help: 'x' })).toThrow('must not end in _total');
  for (const name of ['', 'Upper', 'a__b', 'a-b', 'tidemark_twice', '1a']) expect(() => metrics.gauge({ name, help: 'x' })).toThrow('snake case');
  for (const labels of [['le'], ['__a'], ['a', 'a'], ['A']]) expect(() => metrics.gauge({ name: 'g', help: 'x', labels })).toThrow('label');
  expect(() => metrics.gauge({ name: 'g', help: ' ' })).toThrow('help');
  for (const buckets of [[], [1, 1], [2, 1], [1, Number.POSITIVE_INFINITY]])
    expect(() => metrics.histogram({ name: 'h', help: 'x', buckets })).toThrow('ascending');
});

test('series with wrong labels throw, also where the types were gone around', () => {
  const gauge = createMetrics(bare).gauge<string>({ name: 'g', help: 'x', labels: ['a'] });
  expect(() => gauge.with({})).toThrow('takes the labels [a], not []');
  expect(() => gauge.with({ b: 1 })).toThrow('not [b]');
  expect(() => gauge.with({ a: 1, b: 1 })).toThrow('not [a, b]');
});

test('hostile label values are cut, and series beyond the bound are dropped and counted', async () => {
  const metrics = createMetrics({ ...bare, maxSeriesPerMetric: 3 });
  const counter = metrics.counter({ name: 'seen_total', help: 'x', labels: ['value'] });
  for (let index = 0; index < 10; index++) counter.with({ value: `${index}"\n${'x'.repeat(5000)}` }).add();
  const text = await metrics.text();
  expect(text.match(/^tidemark_seen_total\{/gm)).toHaveLength(3);
  expect(text).toContain('tidemark_metric_series_dropped_total{metric="tidemark_seen_total"} 7');
  expect(text.length).toBeLessThan(2000);
});

test('process metrics are read at exposition and start no timer', async () => {
  const timersBefore = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const metrics = createMetrics({ defaultLabels: { service: 'worker' } });
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(timersBefore);
  const text = await metrics.text();
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_eventloop_utilization_ratio',
  ]) {
    expect(Number(new RegExp(`^${name}\\{service="worker"\\} (\\S+)$`, 'm').exec(text)?.[1])).toBeGreaterThanOrEqual(0);
  }
  expect(Number(/^process_resident_memory_bytes\S* (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(1e6);
});
