/** An in-memory trail of outcomes with the promises of Redis, for tests. */
import type { OutcomeTrail, WitnessedRecord } from '@tidemark/pipeline';
import { type Intercept, underIntercept } from './calls.ts';

const KEPT_RECORDS = 200;

/** Owns the trails of all lineages and partitions. `nowMs` lets wishes end. */
export class MemoryOutcomeTrail {
  readonly trail: OutcomeTrail;
  intercept: Intercept | undefined;
  readonly #nowMs: () => number;
  readonly #wishes = new Map<string, { readonly sinceMs: number; readonly untilMs: number }>();
  readonly #records = new Map<string, WitnessedRecord[]>();

  constructor(options: { readonly nowMs: () => number }) {
    this.#nowMs = options.nowMs;
    const call = <Answer>(method: string, lineage: string, partition: number, apply: () => Answer): Promise<Answer> =>
      underIntercept(this.intercept, { store: 'redis', method, lineage, partition }, apply);
    this.trail = {
      want: (lineage, { forMs, nowMs }) =>
        call('want', lineage, -1, () => {
          const sinceMs = this.#wish(lineage)?.sinceMs ?? nowMs;
          this.#wishes.set(lineage, { sinceMs, untilMs: this.#nowMs() + forMs });
          return sinceMs;
        }),
      isWanted: (lineage) => call('isWanted', lineage, -1, () => this.#wish(lineage) !== undefined),
      append: (lineage, partition, records) => call('append', lineage, partition, () => this.#append(`${lineage} ${partition}`, records)),
      read: (lineage, partitions, { after, limit }) =>
        call('read', lineage, -1, () =>
          partitions.map((partition) => {
            const all = this.#records.get(`${lineage} ${partition}`) ?? [];
            const place = after?.get(partition);
            const records = place === undefined ? all.slice(-limit) : all.filter((record) => isAfter(record, place)).slice(0, limit);
            return { partition, records };
          }),
        ),
    };
  }

  #wish(lineage: string): { readonly sinceMs: number } | undefined {
    const wish = this.#wishes.get(lineage);
    return wish !== undefined && wish.untilMs > this.#nowMs() ? wish : undefined;
  }

  #append(key: string, records: readonly WitnessedRecord[]): void {
    const all = this.#records.get(key) ?? [];
    for (const record of records) {
      const last = all.at(-1);
      if (last === undefined || isAfter(record, last)) all.push(structuredClone(record));
    }
    this.#records.set(key, all.slice(-KEPT_RECORDS));
  }
}

interface Place {
  readonly epoch: number;
  readonly offset: number;
}

function isAfter(record: Place, place: Place): boolean {
  return record.epoch > place.epoch || (record.epoch === place.epoch && record.offset > place.offset);
}
