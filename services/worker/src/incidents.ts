/** Keeps halts and rewinds where the audit finds them, also after this process has gone. */
import { type Incident, type IncidentLedger, NO_VERSION, versionOf, type WorkerEvent } from '@tidemark/pipeline';
import type { Logger } from '@tidemark/runtime';
import type { ObservedWorker } from './instruments.ts';

/** Of a ledger that is away so many are kept, the oldest. */
const WAITING_MAX = 1_000;

/** Answers what to tell of every event. A ledger that does not answer is tried again with the next incident. */
export function createIncidentNotes(options: {
  readonly ledger: Pick<IncidentLedger, 'note'>;
  readonly worker: () => ObservedWorker | null;
  readonly nowMs: () => number;
  readonly logger: Logger;
}): (event: WorkerEvent) => void {
  const { ledger, worker, nowMs, logger } = options;
  let waiting: Incident[] = [];
  const send = async (): Promise<void> => {
    const sent = waiting;
    waiting = [];
    try {
      await ledger.note(sent);
    } catch (error) {
      waiting = [...sent, ...waiting].slice(0, WAITING_MAX);
      logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'incidents are not kept yet');
    }
  };
  return (event) => {
    const incident = incidentOf(event, worker());
    if (incident === null || waiting.length >= WAITING_MAX) return;
    waiting.push({ ...incident, atMs: nowMs(), detail: incident.detail.slice(0, 1_000) });
    void send();
  };
}

function incidentOf(event: WorkerEvent, worker: ObservedWorker | null): Omit<Incident, 'atMs'> | null {
  if (event.event === 'halted') {
    const { lineage, partition, reason } = event;
    const next = worker?.status().find((status) => status.partition === partition && status.lineage === lineage)?.next ?? null;
    return { kind: 'halt', lineage, partition, position: next === null ? NO_VERSION : versionOf(1, next), detail: reason };
  }
  if (event.event !== 'published' || event.outcome.result !== 'behind') return null;
  const { lineage, partition, sink, outcome } = event;
  return { kind: 'rewind', lineage, partition, position: outcome.closed, detail: sink };
}
