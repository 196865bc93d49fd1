/** Where what the pipeline reports goes: metrics and log lines, and the ledger of incidents. */
import { type ClickHouseConnection, createClickHouseIncidentLedger } from '@tidemark/clickhouse';
import type { WorkerEvent } from '@tidemark/pipeline';
import { type Logger, type Metrics, systemClock } from '@tidemark/runtime';
import { createIncidentNotes } from './incidents.ts';
import { createInstruments, type ObservedWorker } from './instruments.ts';

export function createReports(options: {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clickhouse: ClickHouseConnection;
  readonly worker: () => ObservedWorker | null;
  readonly copiedAtMs: (lineage: string, partition: number) => number | null;
}): (event: WorkerEvent) => void {
  const { metrics, logger, clickhouse, worker, copiedAtMs } = options;
  const instruments = createInstruments(metrics, logger, worker, copiedAtMs);
  const incidents = createIncidentNotes({ ledger: createClickHouseIncidentLedger(clickhouse), worker, nowMs: systemClock.nowMs, logger });
  return (event) => {
    instruments(event);
    incidents(event);
  };
}
