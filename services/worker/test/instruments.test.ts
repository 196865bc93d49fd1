// The worker's metrics show what it holds now, under the names that dashboards and alerts ask for.
import type { PartitionStatus } from '@tidemark/pipeline';
import { createLogger, createMetrics } from '@tidemark/runtime';
import { expect, test } from 'vitest';
import { createInstruments, type ObservedWorker } from '../src/instruments.ts';

const status: PartitionStatus = {
  partition: 3,
  lineage: 'abc',
  next: 90,
  clockMs: 1_700_000_000_500,
  logHigh: 100,
  logLow: 5,
  logHighAtMs: 1_700_000_001_000,
  paused: false,
  halted: null,
  counters: { applied: 80, late: 10 },
  redis: null,
  clickhouse: null,
};

function instruments(): { text: () => Promise<string>; hold: (...statuses: PartitionStatus[]) => void } {
  const metrics = createMetrics({ processMetrics: false });
  let worker: ObservedWorker | null = null;
  createInstruments(
    metrics,
    createLogger({ service: 'worker', level: 'silent' }),
    () => worker,
    (_lineage, partition) => (partition === 3 ? 1_700_000_002_000 : null),
  );
  const hold = (...statuses: PartitionStatus[]): void => {
    worker = { rejectedByReason: new Map([['no key', 2]]), status: () => statuses };
  };
  return { text: () => metrics.text(), hold };
}

test('position, lag, clock, outcomes and halts are told of every partition', async () => {
  const { text, hold } = instruments();
  hold(status, { ...status, partition: 4, halted: 'the log begins at 7' });
  const shown = await text();
  for (const line of [
    'tidemark_snapshot_saved_timestamp_seconds{partition="3",lineage="abc"} 1700000002',
    'tidemark_partition_position{partition="3",lineage="abc"} 90',
    'tidemark_partition_lag_records{partition="3",lineage="abc"} 10',
    'tidemark_partition_readable_from_position{partition="3",lineage="abc"} 5',
    'tidemark_partition_clock_timestamp_seconds{partition="3",lineage="abc"} 1700000000.5',
    'tidemark_partition_records_total{partition="3",lineage="abc",outcome="late"} 10',
    'tidemark_partition_halted{partition="4",lineage="abc"} 1',
    'tidemark_rejected_records_total{reason="no key"} 2',
  ])
    expect(shown).toContain(line);
});

test('a partition that was taken away is not shown any more, or its lag would alarm for ever', async () => {
  const { text, hold } = instruments();
  hold(status);
  expect(await text()).toContain('partition="3"');
  hold({ ...status, partition: 5 });
  const shown = await text();
  expect(shown).not.toContain('partition="3"');
  expect(shown).toContain('tidemark_partition_records_total{partition="5",lineage="abc",outcome="applied"} 80');
});

test('before there is a worker there are no series, and no error', async () => {
  expect(await instruments().text()).not.toMatch(/^tidemark_partition_/m);
});
