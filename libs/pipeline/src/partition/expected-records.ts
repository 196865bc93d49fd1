/** Hashes of records that stored state and published heads vouch for: each is compared with the log when its offset comes by, before anything behind it is folded. */
import type { LogBatch } from '../ports/log.ts';
import { fingerprintOf, isSameRecord } from './fold-batch.ts';

export interface ExpectedRecord {
  readonly offset: number;
  readonly fingerprint: string;
  readonly who: string;
}

export class ExpectedRecords {
  #due: readonly ExpectedRecord[] = [];
  readonly #same = new Set<string>();

  clear(): void {
    this.#due = [];
    this.#same.clear();
  }

  /** Once is enough. */
  add(record: ExpectedRecord): void {
    if (!this.#due.some(({ offset, fingerprint }) => offset === record.offset && fingerprint === record.fingerprint))
      this.#due = [...this.#due, record];
  }

  /** The smallest offset that is still to come by; null when there is none. */
  get first(): number | null {
    return this.#due.length === 0 ? null : Math.min(...this.#due.map(({ offset }) => offset));
  }

  /** Whether this record has come by and was the same. */
  wasSame(offset: number, fingerprint: string): boolean {
    return this.#same.has(keyOf(offset, fingerprint));
  }

  /** The first record that is another one in this batch, or null. `again` is compared with them. */
  compare(batch: LogBatch, again: ExpectedRecord | null): ExpectedRecord | null {
    const last = batch.offset(batch.length - 1);
    const due = this.#due.filter(({ offset }) => offset <= last);
    if (again !== null && again.offset <= last) due.push(again);
    if (due.length === 0) return null;
    this.#due = this.#due.filter(({ offset }) => offset > last);
    for (const record of due) {
      // What was not asked for is gone from the log, and nobody can tell any more.
      if (record.offset >= batch.requestedOffset && !isSameRecord(fingerprintAt(batch, record.offset), record.fingerprint)) return record;
      this.#same.add(keyOf(record.offset, record.fingerprint));
    }
    return null;
  }
}

function keyOf(offset: number, fingerprint: string): string {
  return `${offset}:${fingerprint}`;
}

/** '' when the batch has no record at the offset. */
function fingerprintAt(batch: LogBatch, offset: number): string {
  for (let index = 0; index < batch.length; index++) if (batch.offset(index) === offset) return fingerprintOf(batch, index);
  return '';
}
