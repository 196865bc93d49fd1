/** In-memory ledgers of checks and of incidents with the promises of ClickHouse. */
import type { CheckLedger, CheckResult, Incident, IncidentLedger, IncidentSummary } from '@tidemark/pipeline';
import { type Intercept, underIntercept } from './calls.ts';

/** Owns every result that was recorded. */
export class MemoryCheckLedger {
  readonly ledger: CheckLedger;
  intercept: Intercept | undefined;
  readonly #results: CheckResult[] = [];

  constructor() {
    const call = <Answer>(method: string, lineage: string, apply: () => Answer): Promise<Answer> =>
      underIntercept(this.intercept, { store: 'checks', method, lineage, partition: -1 }, apply);
    this.ledger = {
      record: (results) => call('record', results[0]?.lineage ?? '', () => void this.#results.push(...results)),
      latest: (lineage) =>
        call('latest', lineage, () => {
          const latest = new Map<string, CheckResult>();
          for (const result of this.#results) {
            const key = `${result.kind}:${result.partition}`;
            if (result.lineage === lineage && (latest.get(key)?.checkedAtMs ?? 0) <= result.checkedAtMs) latest.set(key, result);
          }
          return [...latest.values()];
        }),
    };
  }
}

/** Owns every incident that was noted. */
export class MemoryIncidentLedger {
  readonly ledger: IncidentLedger;
  intercept: Intercept | undefined;
  readonly #incidents = new Map<string, Incident>();

  constructor() {
    const call = <Answer>(method: string, lineage: string, apply: () => Answer): Promise<Answer> =>
      underIntercept(this.intercept, { store: 'incidents', method, lineage, partition: -1 }, apply);
    this.ledger = {
      note: (incidents) =>
        call('note', incidents[0]?.lineage ?? '', () => {
          for (const incident of incidents) this.#incidents.set(JSON.stringify(incident), incident);
        }),
      summaries: (lineage) => call('summaries', lineage, () => summariesOf([...this.#incidents.values()].filter((each) => each.lineage === lineage))),
    };
  }
}

function summariesOf(incidents: readonly Incident[]): readonly IncidentSummary[] {
  const summaries = new Map<string, IncidentSummary>();
  for (const incident of incidents) {
    const { kind, partition } = incident;
    const known = summaries.get(`${kind}:${partition}`);
    const last = known === undefined || known.last.atMs <= incident.atMs ? incident : known.last;
    summaries.set(`${kind}:${partition}`, { kind, partition, count: (known?.count ?? 0) + 1, last });
  }
  return [...summaries.values()];
}
