/** The worker's permanent check of itself, with its counters and its log line. */
import {
  type ClickHouseConnection,
  createClickHouseCheckArchive,
  createClickHouseCheckLedger,
  createClickHousePartitionArchive,
} from '@tidemark/clickhouse';
import type { FoldSettings } from '@tidemark/core';
import { createActorChecker, type Repetition, type SelfCheckEvent, startSelfCheck, type Worker } from '@tidemark/pipeline';
import { type Logger, type Metrics, systemClock } from '@tidemark/runtime';
import type { WorkerConfig } from './config.ts';

export interface WorkerSelfCheckOptions {
  readonly worker: Pick<Worker, 'holdings'>;
  readonly clickhouse: ClickHouseConnection;
  readonly settings: FoldSettings;
  readonly partitionCount: number;
  readonly config: Pick<WorkerConfig, 'TIDEMARK_PARTITIONER' | 'TIDEMARK_SELFCHECK_ACTORS' | 'TIDEMARK_SELFCHECK_INTERVAL'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Null when it is switched off. */
export function startWorkerSelfCheck(options: WorkerSelfCheckOptions): Repetition | null {
  const { worker, clickhouse, settings, partitionCount, config, metrics, logger } = options;
  const { TIDEMARK_SELFCHECK_ACTORS: actors, TIDEMARK_SELFCHECK_INTERVAL: intervalMs } = config;
  const report = createSelfCheckReport(metrics, logger);
  if (actors === 0 || intervalMs === 0) return null;
  return startSelfCheck({
    held: () => worker.holdings(),
    checker: createActorChecker({
      archive: { ...createClickHousePartitionArchive(clickhouse), ...createClickHouseCheckArchive(clickhouse) },
      settings,
      partitioner: config.TIDEMARK_PARTITIONER,
      partitionCount,
      clock: systemClock,
      random: Math.random,
    }),
    ledger: createClickHouseCheckLedger(clickhouse),
    clock: systemClock,
    random: Math.random,
    intervalMs,
    actors,
    report,
  });
}

/** The counter of differences is there from the start, at zero: it must stay there. */
export function createSelfCheckReport(metrics: Metrics, logger: Logger): (event: SelfCheckEvent) => void {
  const differences = metrics.counter({
    name: 'selfcheck_differences_total',
    help: 'Actors whose registers are not what the archive gives. Must stay 0.',
  });
  const checks = metrics.counter({ name: 'selfcheck_actors_total', help: 'Actors drawn for the check, by what came of it.', labels: ['outcome'] });
  differences.with().add(0);
  for (const outcome of ['same', 'different', 'undecided', 'passed']) checks.with({ outcome }).add(0);
  let lastUnreachable = '';
  return (event) => {
    if (event.event === 'selfcheck_unreachable') {
      if (event.why !== lastUnreachable) logger.warn(event, 'the self-check was not made');
      lastUnreachable = event.why;
      return;
    }
    const { check, lineage, partition } = event;
    checks.with({ outcome: check.outcome }).add();
    if (check.outcome === 'different') {
      differences.with().add();
      logger.error(
        { lineage, partition, ...check },
        `self-check: partition ${partition} of ${lineage} is not what the archive gives: ${check.detail}`,
      );
    } else logger.debug({ lineage, partition, ...check }, 'self-check');
  };
}
