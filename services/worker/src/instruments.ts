/** The worker's Prometheus metrics and log lines, fed by what the pipeline reports. */
import type { Worker, WorkerEvent } from '@tidemark/pipeline';
import type { Logger, Metrics } from '@tidemark/runtime';

/** What is read of the worker. */
export type ObservedWorker = Pick<Worker, 'rejectedByReason' | 'status'>;

/** Epoch ms of the newest copy of a partition's state in ClickHouse; null while none is known. */
export type CopiedAt = (lineage: string, partition: number) => number | null;

/** Answers what to hand to the worker as `report`; gauges are read from `worker()` and `copiedAtMs` when scraped. */
export function createInstruments(
  metrics: Metrics,
  logger: Logger,
  worker: () => ObservedWorker | null,
  copiedAtMs: CopiedAt = () => null,
): (event: WorkerEvent) => void {
  const events = metrics.counter({ name: 'worker_events_total', help: 'What happened to partitions, by kind.', labels: ['event'] });
  const published = metrics.counter({ name: 'published_rows_total', help: 'Rows in closed publishes.', labels: ['sink'] });
  const publishes = metrics.counter({ name: 'publishes_total', help: 'Publishes by sink and result.', labels: ['sink', 'result'] });
  const checkpointBytes = metrics.counter({ name: 'checkpoint_bytes_total', help: 'Bytes of saved segments.' });
  observePartitions(metrics, worker, copiedAtMs);
  let lastUnreachable = '';
  return (event) => {
    events.with({ event: event.event }).add();
    if (event.event === 'published') {
      publishes.with({ sink: event.sink, result: event.outcome.result }).add();
      if (event.outcome.result === 'closed') published.with({ sink: event.sink }).add(event.outcome.rows);
      else logger.debug(event, 'publish not closed');
      return;
    }
    if (event.event === 'checkpointed') {
      checkpointBytes.with().add(event.bytes);
      return;
    }
    if (event.event === 'log_unreachable' || event.event === 'store_unreachable') {
      if (event.why !== lastUnreachable) logger.warn(event, 'a dependency does not answer');
      lastUnreachable = event.why;
      return;
    }
    if (event.event === 'halted') logger.error(event, `partition ${event.partition} halted: ${event.reason}`);
    else logger.info(event, event.event);
  };
}

/** All series are made anew at each exposition: what a revoked partition last said would otherwise be shown, and alarmed about, for ever. */
function observePartitions(metrics: Metrics, worker: () => ObservedWorker | null, copiedAtMs: CopiedAt): void {
  const perPartition = ['partition', 'lineage'] as const;
  // First, because it reads the values of all: metrics are collected in the order in which they were named.
  const rejected = metrics.counter({
    name: 'rejected_records_total',
    help: 'Records rejected since the start of this process, by reason; one that several groups of lineages read counts in each.',
    labels: ['reason'],
    collect: () => {
      for (const metric of [rejected, position, lag, reach, clock, halted, records, copied]) metric.clear();
      const current = worker();
      for (const [reason, count] of current?.rejectedByReason ?? []) rejected.with({ reason }).setTotal(count);
      for (const status of current?.status() ?? []) {
        const labels = { partition: String(status.partition), lineage: status.lineage };
        if (status.next !== null) position.with(labels).set(status.next);
        if (status.next !== null && status.logHigh !== null) lag.with(labels).set(Math.max(0, status.logHigh - status.next));
        if (status.logLow !== null) reach.with(labels).set(status.logLow);
        if (status.clockMs !== null) clock.with(labels).set(status.clockMs / 1000);
        const copiedMs = copiedAtMs(status.lineage, status.partition);
        if (copiedMs !== null) copied.with(labels).set(copiedMs / 1000);
        halted.with(labels).set(status.halted === null ? 0 : 1);
        for (const [outcome, count] of Object.entries(status.counters)) records.with({ ...labels, outcome }).setTotal(count);
      }
    },
  });
  const records = metrics.counter({
    name: 'partition_records_total',
    help: 'Records since the origin of the log by outcome, as the state counts them: who takes a partition over goes on counting.',
    labels: [...perPartition, 'outcome'],
  });
  const position = metrics.gauge({ name: 'partition_position', help: 'Offset after the last folded record.', labels: perPartition });
  const lag = metrics.gauge({ name: 'partition_lag_records', help: 'Records between the position and the end of the log.', labels: perPartition });
  const reach = metrics.gauge({
    name: 'partition_readable_from_position',
    help: 'Lowest position that can still be folded again, from the archive where it reaches the log: above 0 a new lineage lacks what came before.',
    labels: perPartition,
  });
  const clock = metrics.gauge({
    name: 'partition_clock_timestamp_seconds',
    help: 'The partition clock: largest time of an applied event or tick, in seconds since 1970.',
    labels: perPartition,
  });
  const copied = metrics.gauge({
    name: 'snapshot_saved_timestamp_seconds',
    help: 'When the newest copy of the state in ClickHouse began, in seconds since 1970: what is folded since is folded again if Redis is lost.',
    labels: perPartition,
  });
  const halted = metrics.gauge({ name: 'partition_halted', help: '1 while the partition is halted.', labels: perPartition });
}
